//! `/api/v1/series`, `/api/v1/labels` and `/api/v1/label/{name}/values`.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Serialize;
use tracewell_model::TraceStore;
use tracewell_query::promql::{self, Failure, Listing};

use super::answer;
use super::figures::refused;
use super::params::Params;
use super::refusal::Refusal;
use crate::QueryState;
use crate::blocking::run_query;

const CUT: &str = "results truncated due to limit";

pub(super) async fn series(
    State(state): State<Arc<QueryState>>,
    params: Params,
) -> Result<Response, Refusal> {
    let selectors = params.selectors()?;
    if selectors.is_empty() {
        return Err(Refusal::bad_data("no match[] parameter provided"));
    }
    let range = params.range(state.clock.now_ns())?;
    let limit = params.limit()?;
    listed(&state, limit, move |store, cancelled| {
        promql::series(store, &selectors, range, cancelled)
    })
    .await
}

pub(super) async fn labels(
    State(state): State<Arc<QueryState>>,
    params: Params,
) -> Result<Response, Refusal> {
    let selectors = params.selectors()?;
    let range = params.range(state.clock.now_ns())?;
    let limit = params.limit()?;
    listed(&state, limit, move |store, _| {
        promql::label_names(store, &selectors, range)
    })
    .await
}

pub(super) async fn values(
    State(state): State<Arc<QueryState>>,
    Path(label): Path<String>,
    params: Params,
) -> Result<Response, Refusal> {
    let selectors = params.selectors()?;
    let range = params.range(state.clock.now_ns())?;
    let limit = params.limit()?;
    listed(&state, limit, move |store, cancelled| {
        promql::label_values(store, &label, &selectors, range, cancelled)
    })
    .await
}

/// What `list` finds, up to the limit, if there is one.
async fn listed<T: Serialize>(
    state: &QueryState,
    limit: usize,
    list: impl FnOnce(&dyn TraceStore, &AtomicBool) -> Result<Listing<T>, Failure> + Send + 'static,
) -> Result<Response, Refusal> {
    let store = Arc::clone(&state.store);
    let json = run_query(state, move |cancelled| {
        let mut found = match list(&*store, cancelled) {
            Ok(found) => found,
            Err(failure) => return refused(failure),
        };
        if limit > 0 && found.entries.len() > limit {
            found.entries.truncate(limit);
            found.warnings.push(CUT.to_owned());
        }
        Ok(Ok(answer::encode(found.entries, found.warnings)))
    });
    Ok(answer::encoded(json.await??))
}
