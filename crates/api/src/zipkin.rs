//! Zipkin's query API, version 2, so that its UI and scripts that ask a Zipkin
//! server work unchanged.
//!
//! ```text
//! /api/v2/services, spans, remoteServices          names, in lower case
//! /api/v2/traces, trace/{id}, traceMany            lists of spans
//! /api/v2/dependencies                             who calls whom
//! /api/v2/autocompleteKeys, autocompleteValues     tags
//! /config.json                                     settings of the UI
//! ```
//!
//! All of it also below `/zipkin`, where Zipkin's UI asks. Zipkin knows names
//! in lower case only, so they are asked for in any. **What a client sends
//! decides words and shapes only: every condition is judged by the query
//! crate.**

mod answer;
mod dependencies;
mod names;
mod search_params;
#[cfg(test)]
mod tests;
mod traces;
mod ui_config;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use super::QueryState;

/// Everything that a Zipkin server answers.
pub(crate) fn router(state: &Arc<QueryState>) -> Router {
    let api = Router::new()
        .route("/api/v2/services", get(names::services))
        .route("/api/v2/spans", get(names::spans))
        .route("/api/v2/remoteServices", get(names::remote_services))
        .route("/api/v2/autocompleteKeys", get(names::keys))
        .route("/api/v2/autocompleteValues", get(names::values))
        .route("/api/v2/traces", get(traces::search))
        .route("/api/v2/trace/{id}", get(traces::by_id))
        .route("/api/v2/traceMany", get(traces::by_ids))
        .route("/api/v2/dependencies", get(dependencies::dependencies))
        .route("/config.json", get(ui_config::ui_config));
    Router::new()
        .merge(api.clone())
        .nest("/zipkin", api)
        .with_state(Arc::clone(state))
}
