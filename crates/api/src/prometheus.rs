//! The small part of Prometheus' API that Grafana asks beside a Tempo, so that its
//! service graph and RED panels need no Prometheus.
//!
//! ```text
//! /api/v1/query, query_range               PromQL, at once and over time
//! /api/v1/series, labels, label/{}/values  what there is
//! /api/v1/metadata, status/buildinfo, …    what clients look at first
//! ```
//!
//! Served below `/prometheus`, on the query port and on Tempo's (ADR-034). Forms are
//! Prometheus' to the letter. **What a query means is said in `query::promql`**, and
//! figures are those of stored spans: nothing is kept for this.

mod answer;
mod figures;
mod listing;
mod params;
mod refusal;
mod standing;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use http::StatusCode;

use crate::QueryState;
use refusal::Refusal;

/// Where it is mounted, with what all its paths begin with.
pub(crate) const PLACE: &str = "/prometheus";
pub(crate) const API: &str = "/prometheus/api/";

/// Relative to where it is mounted.
pub(crate) fn router(state: &Arc<QueryState>) -> Router {
    Router::new()
        .route(
            "/api/v1/query",
            get(figures::instant).post(figures::instant),
        )
        .route(
            "/api/v1/query_range",
            get(figures::range).post(figures::range),
        )
        .route("/api/v1/series", get(listing::series).post(listing::series))
        .route("/api/v1/labels", get(listing::labels).post(listing::labels))
        .route("/api/v1/label/{name}/values", get(listing::values))
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
