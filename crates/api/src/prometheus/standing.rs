//! What clients ask before they ask for figures: which version, which metrics, and
//! what there is none of.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use serde::Serialize;
use serde_json::json;
use tracewell_query::promql::METRICS;

use super::answer::success;
use super::params::Params;
use super::refusal::Refusal;
use crate::QueryState;
use crate::facts::VERSION;

/// The Prometheus whose API this is, of which clients turn features on: the last one
/// whose labels have no dots.
const PROMETHEUS_VERSION: &str = "2.55.1";

pub(super) fn router() -> Router<Arc<QueryState>> {
    Router::new()
        .route("/api/v1/status/buildinfo", get(build_info))
        .route("/api/v1/metadata", get(metadata))
        // There are no rules, and exemplars are asked of Tempo's API.
        .route(
            "/api/v1/rules",
            get(async || success(json!({"groups": []}), Vec::new())),
        )
        .route(
            "/api/v1/alerts",
            get(async || success(json!({"alerts": []}), Vec::new())),
        )
        .route(
            "/api/v1/query_exemplars",
            get(async || success(json!([]), Vec::new()))
                .post(async || success(json!([]), Vec::new())),
        )
        .route(
            "/-/healthy",
            get(async || "Prometheus Server is Healthy.\n"),
        )
        .route("/-/ready", get(async || "Prometheus Server is Ready.\n"))
}

async fn build_info() -> Response {
    let info = json!({
        "version": PROMETHEUS_VERSION,
        "revision": VERSION,
        "branch": "tracewell",
        "buildUser": "",
        "buildDate": "",
        "goVersion": "",
    });
    success(info, Vec::new())
}

#[derive(Serialize)]
struct About {
    r#type: &'static str,
    help: &'static str,
    unit: &'static str,
}

async fn metadata(params: Params) -> Result<Response, Refusal> {
    let (wanted, limit) = (params.get("metric"), params.limit()?);
    let mut families: BTreeMap<&str, [About; 1]> = BTreeMap::new();
    for metric in &METRICS {
        let family = metric.family();
        if wanted.is_none_or(|wanted| wanted == family) {
            let about = || About {
                r#type: metric.kind(),
                help: metric.help,
                unit: "",
            };
            families.entry(family).or_insert_with(|| [about()]);
        }
    }
    let most = if limit == 0 { families.len() } else { limit };
    let families: BTreeMap<_, _> = families.into_iter().take(most).collect();
    Ok(success(families, Vec::new()))
}
