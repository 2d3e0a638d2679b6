//! A trace as a line of a search: its summary in the words of the contract.

use axum::body::Bytes;
use serde::Serialize;
use tracewell_query::TraceSummary;
use tracewell_query::summary::Bar;

use super::spanset_lines::{Spanset, spansets};
use crate::ui::lines::line;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Trace<'a> {
    trace_id: String,
    root_service: Option<&'a str>,
    root_name: Option<&'a str>,
    start_ns: String,
    duration_ns: String,
    span_count: u32,
    error_count: u32,
    orphan_count: u32,
    cycle_count: u32,
    waiting_count: u64,
    matched_count: u32,
    matched: Vec<String>,
    services: Vec<Service<'a>>,
    bars: Vec<(usize, f64, f64, u8, u16)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    spansets: Vec<Spanset<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Service<'a> {
    name: &'a str,
    span_count: u32,
    error_count: u32,
}

/// `waiting`: how many of its spans are not stored yet.
pub(super) fn trace_line(summary: &TraceSummary, waiting: u64) -> Bytes {
    let root = summary.root.as_ref();
    let services = summary.services.iter().map(|service| Service {
        name: &service.name,
        span_count: service.spans,
        error_count: service.failed,
    });
    let trace = Trace {
        trace_id: summary.trace_id.to_string(),
        root_service: root.map(|(service, _)| service.as_str()),
        root_name: root.map(|(_, name)| name.as_str()),
        start_ns: summary.start_ns.to_string(),
        duration_ns: summary.duration_ns.to_string(),
        span_count: summary.spans,
        error_count: summary.failed,
        orphan_count: summary.orphans,
        cycle_count: summary.cut,
        waiting_count: waiting.min(summary.spans.into()),
        matched_count: summary.matched_count,
        matched: summary.matched.iter().map(ToString::to_string).collect(),
        services: services.collect(),
        bars: summary.bars.iter().map(bar).collect(),
        spansets: spansets(&summary.spansets),
    };
    line("trace", &trace)
}

fn bar(bar: &Bar) -> (usize, f64, f64, u8, u16) {
    // A hundred-thousandth is a tenth of a pixel of the widest screen.
    let short = |fraction: f64| (fraction * 1e5).round() / 1e5;
    let (start, width) = (short(bar.start), short(bar.width));
    (bar.service, start, width, u8::from(bar.failed), bar.depth)
}
