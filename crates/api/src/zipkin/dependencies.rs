//! `/api/v2/dependencies`: which service calls which, counted from stored
//! spans.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use tracewell_query::dependencies;

use super::answer::list;
use super::search_params;
use crate::QueryState;
use crate::blocking::run_query;
use crate::error::ApiError;
use crate::params::Params;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DependencyJson {
    parent: String,
    child: String,
    call_count: u64,
    /// Left out where nothing failed, as Zipkin does.
    #[serde(skip_serializing_if = "is_none")]
    error_count: u64,
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

pub(super) async fn dependencies(
    State(state): State<Arc<QueryState>>,
    params: Params,
) -> Result<Response, ApiError> {
    let range = search_params::range(&params, state.clock.now_ns())?;
    let store = Arc::clone(&state.store);
    let counted = run_query(&state, move |cancelled| {
        dependencies::dependencies(&*store, range, cancelled)
    });
    let found = counted.await?;
    // Services that differ in the case of their letters only are one to Zipkin.
    let mut calls: BTreeMap<(String, String), [u64; 2]> = BTreeMap::new();
    for call in &found.calls {
        if !call.parent.is_empty() && !call.child.is_empty() {
            let names = (call.parent.to_lowercase(), call.child.to_lowercase());
            let [all, failed] = calls.entry(names).or_default();
            *all += call.calls;
            *failed += call.failed;
        }
    }
    let calls =
        calls.into_iter().map(
            |((parent, child), [call_count, error_count])| DependencyJson {
                parent,
                child,
                call_count,
                error_count,
            },
        );
    let skipped = (found.skipped > 0).then(|| {
        format!(
            "{} calls were not counted because their callers are too far away; \
             shorten the lookback",
            found.skipped
        )
    });
    let lacking = [skipped, found.report.lacking()];
    let lacking: Vec<String> = lacking.into_iter().flatten().collect();
    let lacking = (!lacking.is_empty()).then(|| lacking.join("; "));
    Ok(list(&calls.collect::<Vec<_>>(), lacking))
}
