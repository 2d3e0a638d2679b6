//! Jaeger's query APIs, so that its UI, Grafana, Kiali and scripts work
//! unchanged.
//!
//! ```text
//! v1      HTTP /api/*      JSON of Jaeger's own model, in an envelope
//! v3      HTTP /api/v3/*   OTLP as JSON
//! grpc    api_v2, api_v3   the same over gRPC, with health and reflection
//! ```
//!
//! `span` is Jaeger's view of a span, `finding` what all three ask of the
//! store. **What a client sends decides words and shapes only: every condition
//! is judged by the query crate.**

mod finding;
pub(crate) mod grpc;
mod params;
#[cfg(test)]
mod tests;
mod v1;
mod v3;
mod values;

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

use super::QueryState;
pub use v1::write_trace;

/// The HTTP side.
pub(crate) fn router(state: &Arc<QueryState>) -> Router {
    Router::new()
        .merge(v1::router(state))
        .merge(v3::router(state))
}

/// A refusal before anything is asked, where `path` is one of these APIs.
pub(crate) fn refused(path: &str, status: StatusCode, text: &str) -> Option<Response> {
    const V1: [&str; 7] = [
        "services",
        "operations",
        "traces",
        "archive",
        "transform",
        "dependencies",
        "metrics",
    ];
    let first = path.strip_prefix("/api/")?.split('/').next()?;
    match first {
        "v3" => Some(v3::denied(status, text)),
        first => V1.contains(&first).then(|| v1::refused(status, text)),
    }
}

/// An error as Go's `http.Error` writes it, which Jaeger uses for JSON, too.
fn plain_error(status: StatusCode, body: &str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, format!("{body}\n")).into_response()
}
