//! `/api/status`: what this process is, where it listens, what became of the
//! spans, and how the store is.
//!
//! It shows [`ProcessFacts`] and what the store says of itself. **Nothing is
//! counted here.**

mod graph;
mod reading;
mod sampling;

mod components;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use components::{Exporter, MetricExporter, Processor};
use http::header;
use serde::Serialize;
use tracewell_collector::{Complaint, ReceiverSnapshot};
use tracewell_model::store::{CompactionStatus, DamagedBlock, DiskStatus, StoreStatus};

use crate::QueryState;
use crate::error::to_json;
use crate::facts::{BoundEndpoint, ProcessFacts, Reloaded, VERSION};
use graph::Graph;
use reading::{Kept, Process, Queries};
use sampling::AdaptiveSampling;

/// The route, relative to the root of the APIs.
pub(crate) fn router(state: Arc<QueryState>, facts: Arc<ProcessFacts>) -> Router {
    let status = move || async move { answer(&facts, &state, &state.store.status()) };
    Router::new().route("/api/status", get(status))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    version: &'static str,
    uptime_seconds: f64,
    spans: Spans,
    endpoints: Vec<Endpoint>,
    /// What people should know of how it is set up.
    warnings: &'a [String],
    /// When the configuration was read again the last time; null where it never was.
    reload: Option<Reload>,
    store: Store<'a>,
    receivers: Vec<Receiver>,
    /// What sends on; empty where everything is stored here.
    /// Between receivers and exporters, where there are pipelines.
    processors: Vec<Processor>,
    exporters: Vec<Exporter>,
    /// What sends on what connectors count; empty where nothing does.
    metric_exporters: Vec<MetricExporter>,
    /// How all of it hangs together, and where every span is; null without pipelines.
    graph: Option<Graph>,
    /// What clients were refused or lost, the newest first.
    complaints: Vec<Complained<'a>>,
    memory: Memory,
    queries: Queries,
    /// Rows of traces that are open in a browser.
    opened_traces: Kept,
    /// Whole traces that somebody searches in.
    whole_traces: Kept,
    process: Option<Process>,
    /// Null where nobody asked for it.
    adaptive_sampling: Option<AdaptiveSampling>,
}

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Spans {
    received: u64,
    stored: u64,
    rejected: u64,
    in_flight: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reload {
    at_ns: String,
    /// Why it could not be used; null when it could.
    error: Option<String>,
    /// What of it is not in force.
    notes: Vec<String>,
}

impl From<Reloaded> for Reload {
    fn from(reloaded: Reloaded) -> Self {
        Self {
            at_ns: reloaded.at_ns.to_string(),
            error: reloaded.error,
            notes: reloaded.notes,
        }
    }
}

#[derive(Serialize)]
struct Endpoint {
    name: String,
    address: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Store<'a> {
    spans: u64,
    bytes: u64,
    memory_bytes: u64,
    blocks: u64,
    removed_spans: u64,
    /// It is only looked into: takes nothing, changes nothing.
    read_only: bool,
    oldest_ns: Option<String>,
    newest_ns: Option<String>,
    /// Why it takes nothing at present; null when it does.
    unhealthy: Option<&'a str>,
    /// Why somebody should look after it although it works; null when all is
    /// well.
    degraded: Option<String>,
    damaged: Vec<Damaged<'a>>,
    incomplete_reads: u64,
    compaction: Compaction<'a>,
    /// Null for a store without a disk.
    disk: Option<Disk>,
}

/// Where the store lies and what it keeps.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Disk {
    data_dir: String,
    /// Null where the file system does not say.
    free_bytes: Option<u64>,
    total_bytes: Option<u64>,
    /// Null where nothing limits it.
    retention_age_seconds: Option<u64>,
    retention_bytes: Option<u64>,
    retention_free_bytes: Option<u64>,
}

/// A block that cannot be read in full.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Damaged<'a> {
    block: &'a str,
    spans: u64,
    reason: &'a str,
    /// False when the disk refused and is asked again.
    lasting: bool,
}

/// Damaged blocks that are named; `degraded` counts them all.
const MAX_NAMED: usize = 100;

/// The merging of blocks, counted since the start.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Compaction<'a> {
    merges: u64,
    spans: u64,
    bytes: u64,
    duplicates: u64,
    backlog_blocks: u64,
    backlog_bytes: u64,
    /// Null when nothing is merged.
    running: Option<Running>,
    /// Why merging fails at present or what it leaves out; null when all is well.
    trouble: Option<&'a str>,
}

#[derive(Serialize)]
struct Running {
    spans: u64,
    written: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Receiver {
    name: String,
    received: u64,
    stored: u64,
    rejected: BTreeMap<&'static str, u64>,
    in_flight: u64,
    requests: BTreeMap<&'static str, u64>,
    ignored: BTreeMap<&'static str, u64>,
    ignored_items: BTreeMap<&'static str, u64>,
    repaired: BTreeMap<&'static str, u64>,
    datagrams_lost: u64,
}

/// Requests of one client that were not taken as they are.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Complained<'a> {
    receiver: &'a str,
    reason: &'static str,
    peer: String,
    user_agent: &'a str,
    path: &'a str,
    message: &'a str,
    times: u64,
    last_ns: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Memory {
    requests_held_bytes: u64,
    requests_limit_bytes: u64,
}

fn answer(facts: &ProcessFacts, state: &QueryState, store: &StoreStatus) -> Response {
    let accounts = facts.receivers();
    let complaints = facts.complaints();
    let spans = accounts
        .iter()
        .fold(Spans::default(), |sum, account| Spans {
            received: sum.received + account.received,
            stored: sum.stored + account.stored,
            rejected: sum.rejected + account.rejected.values().sum::<u64>(),
            in_flight: sum.in_flight + account.in_flight,
        });
    let [opened_traces, whole_traces] = reading::kept(state);
    let (requests_held_bytes, requests_limit_bytes) = facts.intake_bytes();
    let status = Status {
        version: VERSION,
        uptime_seconds: (facts.uptime().as_secs_f64() * 1000.0).round() / 1000.0,
        spans,
        warnings: facts.warnings(),
        reload: facts.reloaded().map(Reload::from),
        endpoints: facts.endpoints().iter().map(endpoint).collect(),
        store: Store {
            spans: store.spans,
            bytes: store.bytes,
            memory_bytes: store.memory_bytes,
            blocks: store.blocks,
            removed_spans: store.removed_spans,
            read_only: store.is_read_only,
            oldest_ns: store.start_range_ns.map(|range| range.0.to_string()),
            newest_ns: store.start_range_ns.map(|range| range.1.to_string()),
            unhealthy: store.unhealthy.as_deref(),
            degraded: store.degraded(),
            damaged: store.damaged.iter().take(MAX_NAMED).map(damaged).collect(),
            incomplete_reads: store.incomplete_reads,
            compaction: compaction(&store.compaction),
            disk: store.disk.as_ref().map(disk),
        },
        receivers: accounts.into_iter().map(receiver).collect(),
        processors: facts
            .processors()
            .into_iter()
            .map(Processor::from)
            .collect(),
        exporters: facts.exporters().into_iter().map(Exporter::from).collect(),
        metric_exporters: facts
            .pushing()
            .into_iter()
            .map(MetricExporter::from)
            .collect(),
        graph: Graph::of(facts.components()),
        complaints: complaints.iter().map(complained).collect(),
        memory: Memory {
            requests_held_bytes,
            requests_limit_bytes,
        },
        queries: reading::queries(state),
        opened_traces,
        whole_traces,
        process: reading::process(),
        adaptive_sampling: facts.adapted(sampling::MAX_NAMED).map(sampling::adaptive),
    };
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, to_json(&status)).into_response()
}

fn disk(disk: &DiskStatus) -> Disk {
    Disk {
        data_dir: disk.dir.display().to_string(),
        free_bytes: disk.space_bytes.map(|(free, _)| free),
        total_bytes: disk.space_bytes.map(|(_, total)| total),
        retention_age_seconds: disk.retention_age.map(|age| age.as_secs()),
        retention_bytes: disk.retention_bytes,
        retention_free_bytes: disk.retention_free_bytes,
    }
}

fn damaged(block: &DamagedBlock) -> Damaged<'_> {
    Damaged {
        block: &block.name,
        spans: block.spans,
        reason: &block.reason,
        lasting: block.is_lasting,
    }
}

fn compaction(status: &CompactionStatus) -> Compaction<'_> {
    Compaction {
        merges: status.merges,
        spans: status.spans,
        bytes: status.bytes,
        duplicates: status.duplicates,
        backlog_blocks: status.backlog_blocks,
        backlog_bytes: status.backlog_bytes,
        running: status.running.map(|merge| Running {
            spans: merge.spans,
            written: merge.written,
        }),
        trouble: status.trouble.as_deref(),
    }
}

fn endpoint(endpoint: &BoundEndpoint) -> Endpoint {
    Endpoint {
        name: endpoint.title.to_string(),
        address: endpoint.address.to_string(),
    }
}

fn complained(complaint: &Complaint) -> Complained<'_> {
    Complained {
        receiver: &complaint.receiver,
        reason: complaint.reason,
        peer: complaint.peer.to_string(),
        user_agent: &complaint.user_agent,
        path: &complaint.path,
        message: &complaint.message,
        times: complaint.times,
        last_ns: complaint.last_ns.to_string(),
    }
}

fn receiver(account: ReceiverSnapshot) -> Receiver {
    Receiver {
        name: account.receiver.to_string(),
        received: account.received,
        stored: account.stored,
        rejected: account.rejected,
        in_flight: account.in_flight,
        requests: account.requests,
        ignored: account.ignored,
        ignored_items: account.ignored_items,
        repaired: account.repaired,
        datagrams_lost: account.datagrams_lost,
    }
}
