//! `/health`: may this process be sent traffic?
//!
//! Answers from memory at once, also while every query place is taken:
//! **a busy process is healthy**.

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};
use serde::Serialize;
use tracewell_model::TraceStore;

use super::error::to_json;

/// The route, relative to the root of the APIs.
pub(crate) fn router(store: Arc<dyn TraceStore>) -> Router {
    let health = move || async move { answer(store.status().unhealthy.as_deref()) };
    Router::new().route("/health", get(health))
}

#[derive(Serialize)]
struct Health<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

fn answer(unhealthy: Option<&str>) -> Response {
    let (code, status) = match unhealthy {
        None => (StatusCode::OK, "ok"),
        Some(_) => (StatusCode::SERVICE_UNAVAILABLE, "unhealthy"),
    };
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    let health = Health {
        status,
        reason: unhealthy,
    };
    (code, headers, to_json(&health)).into_response()
}
