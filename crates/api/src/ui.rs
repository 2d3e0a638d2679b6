//! The API that the UI in this binary speaks; `docs/internals/ui-api.md` is
//! its contract.
//!
//! Private to the repository, so it may change with the UI. It turns requests
//! into calls of the query crate and **never decides what matches or what a
//! trace looks like**.

mod completion;
mod config;
mod count;
mod explain;
mod histogram;
mod lines;
mod loaded;
mod metrics;
mod opened;
mod recent;
mod search;
mod skeleton;
mod span_detail;
mod stored_range;
#[cfg(test)]
mod tests;
mod trace;
mod trace_cache;
mod value_json;

use std::sync::Arc;

use axum::extract::Request;
use axum::routing::{get, post};
use axum::{Json, Router};

use super::QueryState;
use super::error::ApiError;
pub use config::{UiConfig, UiConfigError};
pub(crate) use recent::Limits;
pub(crate) use trace_cache::TraceCache;

/// What the handlers share.
#[derive(Clone)]
struct UiState {
    query: Arc<QueryState>,
    traces: Arc<TraceCache>,
}

/// The routes, relative to `/api/ui`.
pub(crate) fn router(query: &Arc<QueryState>, config: UiConfig) -> Router {
    let state = UiState {
        query: Arc::clone(query),
        traces: Arc::clone(&query.traces),
    };
    Router::new()
        .route("/config", get(async move || Json(config)))
        .route("/search", get(search::search))
        .route("/count", get(count::count))
        .route("/histogram", get(histogram::histogram))
        .route("/metrics", get(metrics::metrics))
        .route("/services", get(completion::services))
        .route("/operations", get(completion::operations))
        .route("/keys", get(completion::keys))
        .route("/values", get(completion::values))
        .route("/query/check", get(completion::check))
        .route("/traces/{id}/skeleton", get(trace::skeleton))
        .route("/traces/{id}/spans", post(trace::spans))
        .route("/traces/{id}/rows", get(trace::rows))
        .route("/traces/{id}/find", get(trace::find))
        .route("/traces/{id}/explain", get(explain::explain))
        .route("/traces/{id}/otlp", get(trace::otlp))
        .method_not_allowed_fallback(wrong_method)
        .with_state(state)
}

async fn wrong_method(request: Request) -> ApiError {
    let (method, path) = (request.method(), request.uri().path());
    ApiError::wrong_method(format!("api/ui{path} takes no {method}"))
}
