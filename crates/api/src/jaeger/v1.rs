//! The classic API: `/api/*`, the one scripts and Grafana use.

mod answer;
mod dependencies;
mod search_params;
mod trace_json;
mod traces;
mod transform;

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;
use serde::Serialize;
use tracewell_model::SpanBatch;
use tracewell_model::batch::view::BatchView;
use tracewell_model::store::Listed;

use super::finding::{self, OperationName};
use super::params::{self, Params};
use crate::QueryState;
use crate::blocking::run_query;
pub(super) use answer::refused;
use answer::{ErrorEntry, answer, failed, incomplete};
use trace_json::TraceJson;

pub(super) fn router(state: &Arc<QueryState>) -> Router {
    Router::new()
        .route("/api/services", get(services))
        .route("/api/services/{service}/operations", get(operation_names))
        .route("/api/operations", get(operations))
        .route("/api/traces", get(traces::search))
        .route("/api/traces/{id}", get(traces::by_id))
        .route("/api/archive/{id}", post(archive))
        .route("/api/transform", post(transform::transform))
        .route("/api/dependencies", get(dependencies::dependencies))
        .route("/api/metrics/latencies", get(metrics))
        .route("/api/metrics/calls", get(metrics))
        .route("/api/metrics/errors", get(metrics))
        .route("/api/metrics/minstep", get(metrics))
        .with_state(Arc::clone(state))
}

/// Writes a trace of at least one span as an element of `data`.
pub fn write_trace(out: impl io::Write, trace: &SpanBatch) -> io::Result<()> {
    let view = BatchView::new(trace);
    serde_json::to_writer(out, &TraceJson::new(&view)).map_err(io::Error::from)
}

async fn services(State(state): State<Arc<QueryState>>, params: Params) -> Response {
    let store = Arc::clone(&state.store);
    match run_query(&state, move |_| finding::services(&*store)).await {
        Ok(found) => {
            let lacking = lacking(&found);
            answer(&params, &found.entries, found.entries.len(), &lacking)
        }
        Err(error) => failed(&error),
    }
}

async fn operation_names(
    State(state): State<Arc<QueryState>>,
    Path(service): Path<String>,
    params: Params,
) -> Response {
    match find_operations(&state, service, String::new()).await {
        Ok(found) => {
            let lacking = lacking(&found);
            let names = finding::distinct_names(found.entries);
            answer(&params, &names, names.len(), &lacking)
        }
        Err(response) => response,
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OperationJson<'a> {
    name: &'a str,
    span_kind: &'a str,
}

async fn operations(State(state): State<Arc<QueryState>>, params: Params) -> Response {
    let (service, kind) = (params.get("service"), params.get("spanKind"));
    if service.is_empty() {
        return refused(StatusCode::BAD_REQUEST, "parameter 'service' is required");
    }
    match find_operations(&state, service.to_owned(), kind.to_owned()).await {
        Ok(found) => {
            let json = found.entries.iter().map(|operation| OperationJson {
                name: &operation.name,
                span_kind: operation.kind_name(),
            });
            let operations: Vec<_> = json.collect();
            answer(&params, &operations, operations.len(), &lacking(&found))
        }
        Err(response) => response,
    }
}

async fn find_operations(
    state: &QueryState,
    service: String,
    kind: String,
) -> Result<Listed<OperationName>, Response> {
    let store = Arc::clone(&state.store);
    let found = run_query(state, move |_| {
        finding::operations(&*store, &service, &kind)
    });
    found.await.map_err(|error| failed(&error))
}

/// What a list may lack, as its `errors`.
fn lacking<T>(found: &Listed<T>) -> Vec<ErrorEntry> {
    found.lacking().map(incomplete).into_iter().collect()
}

async fn archive(Path(id): Path<String>) -> Response {
    match params::trace_id(&id) {
        Ok(_) => refused(
            StatusCode::INTERNAL_SERVER_ERROR,
            "archive span storage was not configured",
        ),
        Err(error) => refused(StatusCode::BAD_REQUEST, &error),
    }
}

async fn metrics() -> Response {
    refused(
        StatusCode::NOT_IMPLEMENTED,
        "metrics querying is currently disabled",
    )
}
