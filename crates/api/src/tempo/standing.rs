//! How it is and which version, as those ask who think that this is Tempo.

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use http::{StatusCode, header};
use serde::Serialize;
use tracewell_model::TraceStore;

use super::refusal::Refusal;
use crate::QueryState;
use crate::error::to_json;
use crate::facts::VERSION;

/// The Tempo whose API this is: Grafana turns features on by it.
const TEMPO_VERSION: &str = "3.0.3";

pub(super) fn router() -> Router<Arc<QueryState>> {
    Router::new()
        .route("/api/echo", get(async || "echo"))
        .route("/api/status/buildinfo", get(build_info))
        .route("/status", get(version))
        .route("/status/version", get(version))
        .route("/api/overrides", any(overrides))
}

/// Whether it may be sent traffic, as Tempo answers at this path; who asks need
/// not say who it is.
pub(crate) fn probe(path: &str, store: Arc<dyn TraceStore>) -> Router {
    let ready = async move || ready(&*store);
    Router::new().route(path, get(ready))
}

fn ready(store: &dyn TraceStore) -> Response {
    match store.status().unhealthy {
        None => "ready\n".into_response(),
        Some(why) => Refusal::new(StatusCode::SERVICE_UNAVAILABLE, why).into_response(),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BuildInfo {
    version: &'static str,
    revision: &'static str,
    branch: &'static str,
    build_user: &'static str,
    build_date: &'static str,
    go_version: &'static str,
}

async fn build_info() -> Response {
    let info = BuildInfo {
        version: TEMPO_VERSION,
        revision: VERSION,
        branch: "tracewell",
        build_user: "",
        build_date: "",
        go_version: "",
    };
    let json = [(header::CONTENT_TYPE, "application/json")];
    (json, to_json(&info)).into_response()
}

async fn version() -> String {
    format!("tracewell, version {VERSION} (API of tempo {TEMPO_VERSION})\n")
}

/// As Tempo answers where no tenant has any.
async fn overrides() -> Refusal {
    Refusal::not_found(
        "there are no overrides to set here; limits of tenants stand in the file that \
         tenants.file names",
    )
}
