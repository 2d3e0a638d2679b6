//! Whose spans a request is answered from, where tenants share the process.
//!
//! Each tenant has routers of its own over a store of its own, with caches of
//! its own: **there is no way from one side to another**, and so no filter that
//! could be forgotten.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn;
use tracewell_access::Tenant;

use crate::facts::ProcessFacts;
use crate::ui::UiConfig;
use crate::{
    QueryState, compression, export, jaeger, metrics, prometheus, status, tempo, ui, zipkin,
};

/// Knows the sides of tenants.
pub trait TenantSides: Send + Sync + 'static {
    /// The side of a tenant; one without spans where it has sent none.
    fn side(&self, tenant: &Tenant) -> Arc<Side>;
}

/// The routers over one store.
#[derive(Debug)]
pub struct Side {
    pages: Router,
    zipkin: Router,
    grpc: Router,
    tempo: Router,
}

impl Side {
    /// Over the store of `state`.
    #[must_use]
    pub fn new(state: &Arc<QueryState>, facts: &Arc<ProcessFacts>, ui: &UiConfig) -> Self {
        Self {
            pages: pages(state, facts, ui),
            zipkin: zipkin(state),
            grpc: jaeger::grpc::router(Arc::clone(state)),
            tempo: tempo(state, facts),
        }
    }

    pub(crate) fn pages(&self) -> Router {
        self.pages.clone()
    }

    pub(crate) fn zipkin(&self) -> Router {
        self.zipkin.clone()
    }

    pub(crate) fn grpc(&self) -> Router {
        self.grpc.clone()
    }

    pub(crate) fn tempo(&self) -> Router {
        self.tempo.clone()
    }
}

/// What is asked on the query port and says something of spans.
pub(crate) fn pages(state: &Arc<QueryState>, facts: &Arc<ProcessFacts>, ui: &UiConfig) -> Router {
    Router::new()
        .nest("/api/ui", ui::router(state, ui.clone()))
        .merge(export::router(state))
        .merge(jaeger::router(state))
        .merge(zipkin::router(state))
        .merge(status::router(Arc::clone(state), Arc::clone(facts)))
        .merge(metrics::router(Arc::clone(&state.store), Arc::clone(facts)))
        .nest("/tempo", tempo::router(state))
        .nest(prometheus::PLACE, prometheus::router(state))
        // Files of the UI, which are no routes, were compressed when it was built.
        .route_layer(from_fn(compression::compress))
        // gRPC compresses by itself.
        .merge(tempo::streaming_router(state))
}

/// The same on Zipkin's port.
pub(crate) fn zipkin(state: &Arc<QueryState>) -> Router {
    zipkin::router(state).route_layer(from_fn(compression::compress))
}

/// What Tempo's port answers; Grafana asks there for the metrics of its service graph,
/// too.
pub(crate) fn tempo(state: &Arc<QueryState>, facts: &Arc<ProcessFacts>) -> Router {
    tempo::router(state)
        .nest(prometheus::PLACE, prometheus::router(state))
        .merge(metrics::router(Arc::clone(&state.store), Arc::clone(facts)))
        .route_layer(from_fn(compression::compress))
        .merge(tempo::streaming_router(state))
}
