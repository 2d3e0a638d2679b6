//! `/api/v1/query` and `/api/v1/query_range`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use tracewell_model::StoreError;
use tracewell_query::promql::{self, Answer, Expr, Failure, Moments};

use super::answer;
use super::params::Params;
use super::refusal::Refusal;
use crate::QueryState;
use crate::blocking::run_query;

pub(super) async fn instant(
    State(state): State<Arc<QueryState>>,
    params: Params,
) -> Result<Response, Refusal> {
    let at_ns = params.time_ns("time", state.clock.now_ns())?;
    let query = query(&params)?;
    let json = answered(&state, query, Moments::at(at_ns), move |found| {
        Ok(answer::instant(found, at_ns))
    });
    Ok(answer::encoded(json.await?))
}

pub(super) async fn range(
    State(state): State<Arc<QueryState>>,
    params: Params,
) -> Result<Response, Refusal> {
    for name in ["start", "end"] {
        params.required(name)?;
    }
    let (start_ns, end_ns) = (params.time_ns("start", 0)?, params.time_ns("end", 0)?);
    let moments = Moments::over(start_ns, end_ns, params.step_ns()?);
    let moments = moments.map_err(|failure| Refusal::bad_data(failure.to_string()))?;
    let query = query(&params)?;
    let json = answered(&state, query, moments, move |found| {
        answer::range(found, moments)
    });
    Ok(answer::encoded(json.await?))
}

fn query(params: &Params) -> Result<Expr, Refusal> {
    let parsed = promql::parse(params.required("query")?);
    parsed.map_err(|error| Refusal::bad_data(format!("invalid parameter \"query\": {error}")))
}

/// What `write` makes of the answer, off the async threads.
async fn answered(
    state: &QueryState,
    query: Expr,
    moments: Moments,
    write: impl FnOnce(Answer) -> Result<Vec<u8>, Refusal> + Send + 'static,
) -> Result<Vec<u8>, Refusal> {
    let store = Arc::clone(&state.store);
    let found = run_query(state, move |cancelled| {
        match promql::evaluate(&*store, &query, moments, cancelled) {
            Ok(found) => Ok(write(found)),
            Err(failure) => refused(failure),
        }
    });
    found.await?
}

/// A query that is wrong has an answer; a store that fails has none.
pub(super) fn refused<T>(failure: Failure) -> Result<Result<T, Refusal>, StoreError> {
    match failure {
        Failure::Store(error) => Err(error),
        other => Ok(Err(other.into())),
    }
}
