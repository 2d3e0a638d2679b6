//! `/api/dependencies`: which service calls which, counted from stored spans.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use tracewell_model::TimeRange;
use tracewell_query::dependencies::{self, Dependency};

use super::answer::{ErrorEntry, answer, failed, incomplete, refused};
use super::search_params::unparsable;
use crate::QueryState;
use crate::blocking::run_query;
use crate::jaeger::params::Params;
use crate::jaeger::values;
use tracewell_wire::jaeger::shown::shown_service;

/// How far back the calls are counted when nobody says.
const DEFAULT_LOOKBACK_MS: i64 = 24 * 3_600 * 1_000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DependencyJson<'a> {
    parent: &'a str,
    child: &'a str,
    call_count: u64,
}

impl<'a> DependencyJson<'a> {
    fn new(dependency: &'a Dependency) -> Self {
        Self {
            parent: shown_service(&dependency.parent),
            child: shown_service(&dependency.child),
            call_count: dependency.calls,
        }
    }
}

pub(super) async fn dependencies(State(state): State<Arc<QueryState>>, params: Params) -> Response {
    let range = match range(&params, state.clock.now_ns()) {
        Ok(range) => range,
        Err(error) => return refused(StatusCode::BAD_REQUEST, &error),
    };
    let store = Arc::clone(&state.store);
    let counted = run_query(&state, move |cancelled| {
        dependencies::dependencies(&*store, range, cancelled)
    });
    let found = match counted.await {
        Ok(found) => found,
        Err(error) => return failed(&error),
    };
    let service = params.get("service");
    let wanted = |dependency: &DependencyJson<'_>| {
        service.is_empty() || dependency.parent == service || dependency.child == service
    };
    let calls: Vec<_> = found
        .calls
        .iter()
        .map(DependencyJson::new)
        .filter(wanted)
        .collect();
    let skipped = (found.skipped > 0).then(|| ErrorEntry {
        msg: format!(
            "{} calls were not counted because their callers are too far away; \
             shorten the lookback",
            found.skipped
        ),
        ..ErrorEntry::default()
    });
    let lacking = found.report.lacking().map(incomplete);
    let errors: Vec<_> = skipped.into_iter().chain(lacking).collect();
    answer(&params, &calls, 0, &errors)
}

/// `endTs` and `lookback`, both in ms.
fn range(params: &Params, now_ns: u64) -> Result<TimeRange, String> {
    let read = |name| match params.get(name) {
        "" => Ok(None),
        text => match values::integer(text, 64) {
            Ok(ms) => Ok(Some(ms)),
            Err(cause) => Err(unparsable(name, &cause)),
        },
    };
    let to_ns = |ms: i64| u64::try_from(ms).unwrap_or(0).saturating_mul(1_000_000);
    let end_ns = read("endTs")?.map_or(now_ns, to_ns);
    let lookback_ms = read("lookback")?.unwrap_or(DEFAULT_LOOKBACK_MS);
    let start_ns = end_ns.saturating_sub(to_ns(lookback_ms));
    Ok(TimeRange { start_ns, end_ns })
}
