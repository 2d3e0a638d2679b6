//! The graph of pipelines as JSON: what stands behind what, what went over each edge, and
//! where every span is.

use std::collections::BTreeMap;

use serde::Serialize;
use tracewell_collector::pipelines::graph::Accounts;
use tracewell_collector::pipelines::{ComponentId, EdgeSnapshot, PipelineConfig, Sum};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Graph {
    pipelines: Vec<Pipeline>,
    /// Which of their ends are connectors.
    connectors: Vec<String>,
    edges: Vec<Edge>,
    sum: Whole,
}

#[derive(Serialize)]
struct Pipeline {
    name: String,
    receivers: Vec<String>,
    processors: Vec<String>,
    exporters: Vec<String>,
}

/// Null stands for several, where there is no processor.
#[derive(Serialize)]
struct Edge {
    pipeline: String,
    from: Option<String>,
    to: Option<String>,
    handed: u64,
    refused: u64,
    waiting: u64,
}

/// received + restored + copied = stored + forwarded + counted + discarded + dropped
/// + rejected + in flight.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Whole {
    received: u64,
    restored: u64,
    copied: u64,
    stored: u64,
    forwarded: u64,
    counted: u64,
    discarded: u64,
    dropped: BTreeMap<&'static str, u64>,
    rejected: u64,
    in_flight: u64,
}

impl Graph {
    /// `None` without pipelines.
    pub(super) fn of(accounts: &Accounts) -> Option<Self> {
        let sum = accounts.sum()?;
        let layout = accounts.layout();
        let edges = layout.edges.iter();
        Some(Self {
            pipelines: layout.pipelines.iter().map(pipeline).collect(),
            connectors: names(&layout.connectors),
            edges: edges.map(|edge| self::edge(edge.snapshot())).collect(),
            sum: whole(sum),
        })
    }
}

fn names(ids: &[ComponentId]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

fn pipeline(config: &PipelineConfig) -> Pipeline {
    Pipeline {
        name: config.name.clone(),
        receivers: names(&config.receivers),
        processors: names(&config.processors),
        exporters: names(&config.exporters),
    }
}

fn edge(edge: EdgeSnapshot) -> Edge {
    Edge {
        pipeline: edge.pipeline,
        from: edge.from,
        to: edge.to,
        handed: edge.handed,
        refused: edge.refused,
        waiting: edge.waiting,
    }
}

fn whole(sum: Sum) -> Whole {
    Whole {
        received: sum.received,
        restored: sum.restored,
        copied: sum.copied,
        stored: sum.stored,
        forwarded: sum.forwarded,
        counted: sum.counted,
        discarded: sum.discarded,
        dropped: sum.dropped,
        rejected: sum.rejected,
        in_flight: sum.in_flight,
    }
}
