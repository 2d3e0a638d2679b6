//! Settings that Zipkin's UI asks for before it draws anything.

use axum::response::Response;
use serde::Serialize;

use super::answer::list;
use super::search_params::DEFAULT_LIMIT;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UiConfig {
    environment: &'static str,
    query_limit: usize,
    /// Milliseconds that a search of the UI looks back.
    default_lookback: u64,
    search_enabled: bool,
    suggest_lens: bool,
    instrumented: &'static str,
    logs_url: Option<&'static str>,
    support_url: Option<&'static str>,
    archive_post_url: Option<&'static str>,
    archive_url: Option<&'static str>,
    dependency: Dependency,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dependency {
    enabled: bool,
    low_error_rate: f64,
    high_error_rate: f64,
}

/// Zipkin's own defaults.
pub(super) async fn ui_config() -> Response {
    let config = UiConfig {
        environment: "",
        query_limit: DEFAULT_LIMIT,
        default_lookback: 15 * 60 * 1_000,
        search_enabled: true,
        suggest_lens: false,
        instrumented: ".*",
        logs_url: None,
        support_url: None,
        archive_post_url: None,
        archive_url: None,
        dependency: Dependency {
            enabled: true,
            low_error_rate: 0.5,
            high_error_rate: 0.75,
        },
    };
    list(&config, None)
}
