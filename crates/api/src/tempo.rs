//! Tempo's query API, so that Grafana's data source for it, its Drilldown of
//! traces and scripts work unchanged.
//!
//! ```text
//! /api/traces/{id}, /api/v2/traces/{id}          one trace
//! /api/search                                    TraceQL, or tags
//! /api/search/tags, tag/{tag}/values             names and values, old form
//! /api/v2/search/tags, tag/{tag}/values          and with scopes and types
//! /api/metrics/query_range, /api/metrics/query   figures over time, and at once
//! /api/echo, /ready, /status, …                  how it is
//! tempopb.StreamingQuerier                       the same over gRPC
//! ```
//!
//! One implementation for both places where it is served: a port of its own and
//! below `/tempo` (ADR-031). Every answer is one message of `messages`, written
//! as JSON or protobuf. **What a client sends decides words and shapes only:
//! every condition is judged by the query crate.**

mod answer;
mod found;
mod messages;
mod metrics;
mod range;
mod refusal;
mod search;
mod search_request;
mod standing;
mod streaming;
mod tag_values;
mod tags;
#[cfg(test)]
mod tests;
mod trace;
mod value;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use http::StatusCode;

use crate::QueryState;
use refusal::Refusal;
pub(crate) use standing::probe;
pub(crate) use streaming::{GRPC_PATH, router as streaming_router};

/// The HTTP side, relative to where it is mounted.
pub(crate) fn router(state: &Arc<QueryState>) -> Router {
    Router::new()
        .route("/api/traces/{id}", get(trace::by_id))
        .route("/api/v2/traces/{id}", get(trace::by_id_v2))
        .route("/api/search", get(search::search))
        .route("/api/search/tags", get(tags::names))
        .route("/api/v2/search/tags", get(tags::scopes))
        // Keys have slashes of their own.
        .route("/api/search/tag/{*rest}", get(tag_values::texts))
        .route("/api/v2/search/tag/{*rest}", get(tag_values::typed))
        .route("/api/metrics/query_range", get(metrics::range))
        .route("/api/metrics/query", get(metrics::instant))
        .merge(standing::router())
        .route("/api/{*rest}", any(unknown))
        .with_state(Arc::clone(state))
}

async fn unknown(request: Request) -> Refusal {
    Refusal::not_found(format!("there is no {} here", request.uri().path()))
}

/// A refusal before anything is asked.
pub(crate) fn refused(status: StatusCode, text: &str) -> Response {
    Refusal::new(status, text).into_response()
}
