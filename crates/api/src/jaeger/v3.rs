//! The API of Jaeger 2: `/api/v3/*`, OTLP as JSON.
//!
//! Ids have 32 digits here, and nanoseconds are decimal text.

mod answer;
mod search_params;
mod summaries;
mod traces;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde::Serialize;
use tracewell_model::SpanKind;
use tracewell_model::store::Listed;

use super::finding;
use super::params::Params;
use crate::QueryState;
use crate::blocking::run_query;
pub(super) use answer::denied;
use answer::{ErrorDetails, answer, failed, incomplete};

pub(super) fn router(state: &Arc<QueryState>) -> Router {
    Router::new()
        .route("/api/v3/services", get(services))
        .route("/api/v3/operations", get(operations))
        .route("/api/v3/traces", get(traces::search))
        .route("/api/v3/traces/{id}", get(traces::by_id))
        .route("/api/v3/trace-summaries", get(summaries::search))
        .with_state(Arc::clone(state))
}

#[derive(Serialize)]
struct Services {
    services: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorDetails>,
}

/// What a list may lack, as its `error`.
fn lacking<T>(found: &Listed<T>) -> Option<ErrorDetails> {
    found.lacking().map(|why| incomplete(&why))
}

async fn services(State(state): State<Arc<QueryState>>) -> Response {
    let store = Arc::clone(&state.store);
    match run_query(&state, move |_| finding::services(&*store)).await {
        Ok(found) => answer(&Services {
            error: lacking(&found),
            services: found.entries,
        }),
        Err(error) => failed(&error),
    }
}

#[derive(Serialize)]
struct Operations {
    operations: Vec<Operation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorDetails>,
}

#[derive(Serialize, PartialEq)]
#[serde(rename_all = "camelCase")]
struct Operation {
    name: String,
    span_kind: &'static str,
}

async fn operations(State(state): State<Arc<QueryState>>, params: Params) -> Response {
    let service = params.get("service").to_owned();
    let kind = params.first(&["spanKind", "span_kind"]).0.to_owned();
    let store = Arc::clone(&state.store);
    let found = run_query(&state, move |_| {
        finding::operations(&*store, &service, &kind)
    });
    match found.await {
        Ok(found) => {
            let error = lacking(&found);
            let named = found.entries.into_iter().map(|operation| Operation {
                // The UI rejects an operation without a kind.
                span_kind: match operation.kind {
                    SpanKind::Unspecified => SpanKind::Internal.name(),
                    kind => kind.name(),
                },
                name: operation.name,
            });
            let mut operations: Vec<_> = named.collect();
            // Some kinds look the same now; sorted by kind, they are neighbours.
            operations.dedup();
            answer(&Operations { operations, error })
        }
        Err(error) => failed(&error),
    }
}
