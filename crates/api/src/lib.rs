//! The APIs that answer questions about stored spans.
//!
//! Every API is a folder of its own that turns requests into calls of the
//! query crate and its answers into the shapes that the protocol wants. What
//! they share is [`QueryState`] and the way to run a query off the async
//! threads (`blocking`). **No API decides what a span, a failure or a match
//! is**: that is done once, in `model` and `query`. **Nor does one open a
//! socket or know which store it reads**: both are handed in.

mod addresses;
mod admin;
mod assets;
mod base64;
mod blocking;
mod by_start;
mod compression;
mod door;
mod error;
mod export;
mod facts;
mod go_params;
mod grpc_call;
mod health;
mod indent;
mod jaeger;
mod metrics;
mod pace;
mod params;
mod process;
mod prometheus;
mod searched;
mod session;
mod status;
mod streamed;
mod tempo;
mod tenants;
#[cfg(test)]
mod tests;
mod time;
mod ui;
mod unknown;
mod zipkin;

use std::sync::{Arc, Weak};

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{any, get};
use http::{HeaderValue, StatusCode, header};
use tracewell_collector::pipelines::graph::Accounts;
use tracewell_model::TraceStore;
use tracewell_model::budget::Kept;
use tracewell_model::clock::Clock;

use assets::Assets;
pub use blocking::QueryLimits;
use blocking::QueryPool;
pub use door::Door;
use error::ApiError;
pub use facts::{BoundEndpoint, ProcessFacts, ReadPlaces, Reloaded};
pub use jaeger::write_trace;
pub use tenants::{Side, TenantSides};
pub use ui::{UiConfig, UiConfigError};

/// What the APIs have in common.
pub struct QueryState {
    /// Where the spans are.
    pub(crate) store: Arc<dyn TraceStore>,
    /// The time of day, for ranges that end now.
    pub(crate) clock: Arc<dyn Clock>,
    /// The threads that queries run on.
    pub(crate) pool: Arc<QueryPool>,
    /// The traces that people look at.
    pub(crate) traces: Arc<ui::TraceCache>,
}

impl QueryState {
    /// For one store; queries share these limits.
    pub fn new(store: Arc<dyn TraceStore>, clock: Arc<dyn Clock>, limits: QueryLimits) -> Self {
        let traces = Arc::<ui::TraceCache>::default();
        let kept: Weak<dyn Kept> = Arc::<ui::TraceCache>::downgrade(&traces);
        store.query_memory().gives_way(kept);
        Self {
            store,
            clock,
            pool: Arc::new(QueryPool::new(limits)),
            traces,
        }
    }

    /// For another store, beside this one: queries of both share the limits,
    /// and nothing else.
    #[must_use]
    pub fn beside(&self, store: Arc<dyn TraceStore>) -> Self {
        let other = Self::new(store, Arc::clone(&self.clock), self.pool.limits());
        Self {
            pool: Arc::clone(&self.pool),
            ..other
        }
    }
}

/// Everything that is served over HTTP on the query port: the APIs, what
/// operators ask for, and the UI with its settings, below `base_path` (empty,
/// or `/x/y`).
pub fn http_router(
    state: &Arc<QueryState>,
    facts: &Arc<ProcessFacts>,
    ui: &UiConfig,
    base_path: &str,
    door: &Door,
) -> Router {
    let (store, assets) = (&state.store, Assets::new(base_path));
    let page_at_home = assets.clone();
    let base = base_path.to_owned();
    let others = move |request: Request| async move {
        if let Some(there) = unknown::with_single_slashes(&request, &base) {
            return there.into_response();
        }
        if let Some(refusal) = unknown::refusal(&request) {
            return refusal.into_response();
        }
        let other = addresses::answer(&request, &base);
        other.unwrap_or_else(|| assets.answer(&request))
    };
    let home = format!("{base_path}/");
    let app = door
        .of_pages(tenants::pages(state, facts, ui))
        .merge(health::router(Arc::clone(store)))
        .merge(tempo::probe("/tempo/ready", Arc::clone(store)))
        .merge(session::router(door.lock(), base_path))
        .fallback(others);
    let placed = if base_path.is_empty() {
        app
    } else {
        Router::new()
            .nest(base_path, app)
            // A nested router is not asked for its own root with a slash.
            .route(
                &home,
                any(move |request: Request| async move { page_at_home.answer(&request) }),
            )
            .route("/", get(move || async move { Redirect::temporary(&home) }))
            .fallback(async || assets::not_found())
    };
    placed.layer(axum::middleware::map_response(harden))
}

/// What Zipkin's own port answers besides taking spans: its query API, and
/// whether the process is well.
pub fn zipkin_router(state: &Arc<QueryState>, door: &Door) -> Router {
    let others = |request: Request| async move {
        if let Some(there) = unknown::with_single_slashes(&request, "") {
            return there.into_response();
        }
        let path = request.uri().path();
        let message = format!("there is no {path} on Zipkin's port");
        let unknown = ApiError::not_found(message);
        let unknown = unknown.with_hint("the user interface is on the query port");
        unknown.into_response()
    };
    door.of_programs(tenants::zipkin(state))
        .merge(health::router(Arc::clone(&state.store)))
        .fallback(others)
        .layer(axum::middleware::map_response(harden))
}

/// What Tempo's own port answers, over HTTP and gRPC: its query API, metrics, and
/// whether the process is well.
pub fn tempo_router(state: &Arc<QueryState>, facts: &Arc<ProcessFacts>, door: &Door) -> Router {
    let others = |request: Request| async move {
        if let Some(there) = unknown::with_single_slashes(&request, "") {
            return there.into_response();
        }
        let path = request.uri().path();
        let text = format!("there is no {path} on Tempo's port; the UI is on the query port");
        tempo::refused(StatusCode::NOT_FOUND, &text)
    };
    door.of_tempo(tenants::tempo(state, facts))
        .merge(tempo::probe("/ready", Arc::clone(&state.store)))
        .merge(health::router(Arc::clone(&state.store)))
        .fallback(others)
        .layer(axum::middleware::map_response(harden))
}

/// What the ports answer where Jaeger and the OpenTelemetry Collector are asked
/// how they are.
pub fn admin_router(state: &Arc<QueryState>, facts: &Arc<ProcessFacts>, door: &Door) -> Router {
    let others = |request: Request| async move {
        let path = request.uri().path();
        let message = format!("there is no {path} on this port");
        ApiError::not_found(message).with_hint("here are /, /health, /status and /metrics")
    };
    let metrics = metrics::router(Arc::clone(&state.store), Arc::clone(facts));
    door.of_programs(metrics)
        .merge(admin::router(state, facts))
        .fallback(others)
        .layer(axum::middleware::map_response(harden))
}

/// What the port of an exporter answers, at which only what some connectors count is
/// read.
pub fn scrape_router(accounts: Accounts, exporter: String, door: &Door) -> Router {
    let others = |request: Request| async move {
        let message = format!("there is no {} on this port", request.uri().path());
        ApiError::not_found(message).with_hint("here is /metrics")
    };
    door.of_programs(metrics::scraped(accounts, exporter))
        .fallback(others)
        .layer(axum::middleware::map_response(harden))
}

/// Everything that is served over gRPC: Jaeger's query services. Needs HTTP/2.
pub fn grpc_router(state: Arc<QueryState>, door: &Door) -> Router {
    door.of_grpc(jaeger::grpc::router(state))
}

/// What we send is what we say it is; browsers must not guess.
async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}
