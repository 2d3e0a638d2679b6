//! How many spans and traces match.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use tracewell_query::count::count as count_matches;
use tracewell_query::{lower, traceql};

use super::UiState;
use super::lines::{Searched, elapsed_ms, fresh_json};
use crate::blocking::run_query;
use crate::error::ApiError;
use crate::params::Params;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Counted {
    spans: u64,
    /// Null for more than can be remembered.
    traces: Option<u64>,
    /// False when spans that were stored twice may have been counted twice.
    exact: bool,
    partial: Option<String>,
    elapsed_ms: u64,
    #[serde(flatten)]
    searched: Searched,
    searched_spans: u64,
}

/// `GET /count`
pub(super) async fn count(
    State(state): State<UiState>,
    params: Params,
) -> Result<Response, ApiError> {
    let query = traceql::parse(params.text("q").unwrap_or("{}"))?;
    let filter = lower::search(&query)?;
    let range = params.range(state.query.clock.now_ns())?;
    let store = Arc::clone(&state.query.store);
    let started = Instant::now();
    let found = run_query(&state.query, move |cancelled| {
        count_matches(&*store, &filter, range, cancelled)
    })
    .await?;
    let counted = Counted {
        spans: found.spans,
        traces: found.traces,
        exact: found.is_exact,
        partial: found.partial,
        elapsed_ms: elapsed_ms(started),
        searched: Searched::new(&found.report),
        searched_spans: found.report.searched_spans,
    };
    Ok(fresh_json(&counted))
}
