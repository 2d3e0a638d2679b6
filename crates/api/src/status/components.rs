//! What became of spans in pipelines, as JSON: of processors and exporters; and of
//! numbers that were counted of them.

use std::collections::BTreeMap;

use serde::Serialize;
use tracewell_collector::exporters::ExporterSnapshot;
use tracewell_collector::processors::ProcessorSnapshot;
use tracewell_collector::pushing::PushSnapshot;

/// received = passed + dropped + rejected + in flight.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Processor {
    pipeline: String,
    name: String,
    received: u64,
    /// Of those received, what was found on the disk at the start.
    restored: u64,
    passed: u64,
    dropped: BTreeMap<&'static str, u64>,
    rejected: u64,
    in_flight: u64,
    errors: u64,
}

impl From<ProcessorSnapshot> for Processor {
    fn from(account: ProcessorSnapshot) -> Self {
        Self {
            pipeline: account.pipeline,
            name: account.processor,
            received: account.received,
            restored: account.restored,
            passed: account.passed,
            dropped: account.dropped,
            rejected: account.rejected,
            in_flight: account.in_flight,
            errors: account.errors,
        }
    }
}

/// In it are as many spans as it received, less those that are sent or rejected.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Exporter {
    name: String,
    endpoint: String,
    received: u64,
    /// Of those received, what was found on the disk at the start.
    restored: u64,
    sent: u64,
    rejected: BTreeMap<&'static str, u64>,
    in_flight: u64,
    retries: u64,
    /// What the peer said last when it took nothing; null once it took something.
    last_error: Option<String>,
    /// Null where nothing waits on the disk.
    queue: Option<Queue>,
    /// Of those received by a peer among several, what another was given instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    moved: Option<u64>,
    /// Its peers, where there may be several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    peers: Vec<Exporter>,
}

/// A queue on the disk.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Queue {
    requests: u64,
    held_bytes: u64,
    limit_bytes: u64,
}

impl Exporter {
    fn of_peer(account: ExporterSnapshot) -> Self {
        let moved = Some(account.moved);
        Self {
            moved,
            ..Self::from(account)
        }
    }
}

impl From<ExporterSnapshot> for Exporter {
    fn from(account: ExporterSnapshot) -> Self {
        Self {
            name: account.exporter,
            endpoint: account.endpoint,
            received: account.received,
            restored: account.restored,
            sent: account.sent,
            rejected: account.rejected,
            in_flight: account.in_flight,
            retries: account.retries,
            last_error: account.last_error,
            queue: account.queue.map(|queue| Queue {
                requests: queue.requests,
                held_bytes: queue.held_bytes,
                limit_bytes: queue.limit_bytes,
            }),
            moved: None,
            peers: account.peers.into_iter().map(Self::of_peer).collect(),
        }
    }
}

/// collected = sent + superseded + rejected + in flight.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MetricExporter {
    name: String,
    endpoint: String,
    collected: u64,
    sent: u64,
    superseded: u64,
    rejected: BTreeMap<&'static str, u64>,
    in_flight: u64,
    retries: u64,
    /// What the peer said last when it took nothing; null once it took something.
    last_error: Option<String>,
}

impl From<PushSnapshot> for MetricExporter {
    fn from(account: PushSnapshot) -> Self {
        Self {
            name: account.exporter,
            endpoint: account.endpoint,
            collected: account.collected,
            sent: account.sent,
            superseded: account.superseded,
            rejected: account.rejected,
            in_flight: account.in_flight,
            retries: account.retries,
            last_error: account.last_error,
        }
    }
}
