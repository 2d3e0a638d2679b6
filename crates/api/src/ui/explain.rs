//! `GET /traces/{id}/explain`: where the time of a trace is, and findings.
//!
//! What is said comes from the explain crate as it is; **this only names spans
//! by their rows and ids.**

use axum::extract::{Path, State};
use http::HeaderMap;
use serde::Serialize;
use tracewell_explain::{Explanation, Finding, OperationShare};

use super::UiState;
use super::loaded::LoadedTrace;
use super::trace::{Get, JSON, with_trace};
use super::trace_cache::TraceCache;
use crate::compression::{Coding, Encoded};
use crate::error::{ApiError, to_json};
use crate::params::Params;

/// Operations of one answer; what is beyond has little of the path.
const MAX_OPERATIONS: usize = 100;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    revision: &'a str,
    span_count: usize,
    root: Option<Root<'a>>,
    path_ns: String,
    /// Row, start and end in ns after the start of the trace.
    path: Vec<(u32, u64, u64)>,
    self_ns: &'a [i64],
    operations: Vec<Operation<'a>>,
    operation_count: usize,
    findings: Vec<Shown<'a>>,
    left_out: usize,
}

/// The span that the path fills.
#[derive(Serialize)]
struct Root<'a> {
    row: u32,
    service: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Operation<'a> {
    service: &'a str,
    name: &'a str,
    kind: &'static str,
    critical_ns: String,
    rows: &'a [u32],
    span_count: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    kind: &'static str,
    title: &'static str,
    says: &'a str,
    look_at: &'static str,
    cost_ns: String,
    rows: &'a [u32],
    span_ids: Vec<String>,
    span_count: usize,
}

/// `GET /traces/{id}/explain`
pub(super) async fn explain(
    State(state): State<UiState>,
    Path(id): Path<String>,
    params: Params,
    headers: HeaderMap,
) -> Result<Encoded, ApiError> {
    let revision = params.text("revision").map(str::to_owned);
    let coding = Coding::accepted(&headers);
    // Who knows no revision wants the trace as it is now.
    let get: Get<LoadedTrace> = |traces, store, id, revision, cancelled| match revision {
        Some(_) => TraceCache::whole(traces, store, id, revision, cancelled),
        None => traces.load(store, id, cancelled),
    };
    with_trace(state, &id, revision, get, move |trace, _| {
        let _held = trace.room_for(Explanation::memory_bytes(trace.batch.len()))?;
        let found = Explanation::new(&trace.batch, &trace.tree);
        Ok(Encoded::new(JSON, coding, to_json(&answer(trace, &found))))
    })
    .await
}

fn answer<'a>(trace: &'a LoadedTrace, found: &'a Explanation) -> Answer<'a> {
    let start_ns = trace.tree.start_ns;
    let operations = found.operations.iter().take(MAX_OPERATIONS);
    Answer {
        revision: &trace.revision,
        span_count: trace.batch.len(),
        root: found.path_from.map(|row| root(trace, row)),
        path_ns: found.path_ns.to_string(),
        path: found
            .path
            .iter()
            .map(|part| (part.row, part.from_ns - start_ns, part.to_ns - start_ns))
            .collect(),
        self_ns: &found.self_ns,
        operations: operations.map(operation).collect(),
        operation_count: found.operations.len(),
        findings: found.findings.iter().map(|one| shown(trace, one)).collect(),
        left_out: found.left_out,
    }
}

fn root(trace: &LoadedTrace, row: u32) -> Root<'_> {
    let spans = trace.batch.spans();
    let of_batch = trace.tree.order[row as usize] as usize;
    Root {
        row,
        service: trace.batch.resource_services()[spans.resource[of_batch] as usize],
        name: spans.name.get(of_batch),
    }
}

fn operation(operation: &OperationShare) -> Operation<'_> {
    Operation {
        service: &operation.service,
        name: &operation.name,
        kind: operation.kind.name(),
        critical_ns: operation.critical_ns.to_string(),
        rows: &operation.spans,
        span_count: operation.span_count,
    }
}

fn shown<'a>(trace: &LoadedTrace, finding: &'a Finding) -> Shown<'a> {
    let id = |row: &u32| {
        let of_batch = trace.tree.order[*row as usize] as usize;
        trace.batch.spans().span_id[of_batch].to_string()
    };
    Shown {
        kind: finding.kind.name(),
        title: finding.kind.title(),
        says: &finding.says,
        look_at: finding.kind.look_at(),
        cost_ns: finding.cost_ns.to_string(),
        rows: &finding.spans,
        span_ids: finding.spans.iter().map(id).collect(),
        span_count: finding.span_count,
    }
}
