//! The graph of pipelines as metrics: where every span is, and what goes over each edge.

use std::fmt;
use std::sync::Arc;

use tracewell_collector::pipelines::{EdgeAccount, EdgeSnapshot, Sum};

use super::{Label, Page};

pub(super) fn sum(page: &mut Page<'_>, sum: &Sum) -> fmt::Result {
    let came = [
        ("received", sum.received),
        ("restored", sum.restored),
        ("copied", sum.copied),
    ];
    page.gauges(
        "tracewell_graph_spans_came",
        "Spans that came into the pipelines, once for each way that they go",
        came.into_iter().map(|(how, spans)| ([("how", how)], spans)),
    )?;
    let dropped = sum.dropped.iter().map(|(reason, spans)| (*reason, *spans));
    let is_somewhere = [
        ("stored", sum.stored),
        ("forwarded", sum.forwarded),
        ("counted", sum.counted),
        ("discarded", sum.discarded),
        ("rejected", sum.rejected),
        ("in_flight", sum.in_flight),
    ];
    page.gauges(
        "tracewell_graph_spans",
        "Where they are: all of these together are as many as came",
        is_somewhere
            .into_iter()
            .chain(dropped)
            .map(|(place, spans)| ([("where", place)], spans)),
    )
}

pub(super) fn edges(page: &mut Page<'_>, edges: &[Arc<EdgeAccount>]) -> fmt::Result {
    let edges: Vec<EdgeSnapshot> = edges.iter().map(|edge| edge.snapshot()).collect();
    let per_edge = |value: fn(&EdgeSnapshot) -> u64| {
        let edges = edges.iter();
        edges.map(move |edge| (labels(edge), value(edge)))
    };
    page.counters(
        "tracewell_edge_spans",
        "Spans that were handed from one component of a pipeline to the next",
        per_edge(|edge| edge.handed),
    )?;
    page.counters(
        "tracewell_edge_spans_refused",
        "Spans of those that were answered with an error",
        per_edge(|edge| edge.refused),
    )?;
    page.gauges(
        "tracewell_edge_spans_waiting",
        "Spans of those that were not answered yet",
        per_edge(|edge| edge.waiting),
    )
}

fn labels(edge: &EdgeSnapshot) -> [Label<'_>; 3] {
    [
        ("pipeline", &edge.pipeline),
        ("from", edge.from.as_deref().unwrap_or_default()),
        ("to", edge.to.as_deref().unwrap_or_default()),
    ]
}
