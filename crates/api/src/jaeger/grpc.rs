//! Port 16685: Jaeger's query services over gRPC.
//!
//! ```text
//! jaeger.api_v2.QueryService   Kiali and older clients; Jaeger's own model
//! jaeger.api_v3.QueryService   OTLP
//! grpc.health.v1.Health        serving, for all of them
//! grpc.reflection.v1[alpha]    so that grpcurl works without proto files
//! ```
//!
//! There is no protoc in this project: messages are written by hand in
//! `messages`, and `reflection` describes the same ones. **A field that is
//! added to one must be added to the other.**

mod health;
mod reflection;
#[cfg(test)]
mod tests;
mod times;
mod v2;
mod v3;

use std::sync::Arc;

use axum::Router;
use tonic::service::Routes;
use tonic_health::pb::health_server::HealthServer;

use crate::QueryState;
use health::AlwaysServing;

/// Names under which clients ask for health; the empty one is the server.
const SERVICES: [&str; 3] = ["", v2::SERVICE, v3::SERVICE];

/// The gRPC side; needs HTTP/2.
pub(crate) fn router(state: Arc<QueryState>) -> Router {
    let mut routes = Routes::new(HealthServer::new(AlwaysServing(&SERVICES)));
    routes = reflection::add_to(routes);
    let ours = v2::router(&state).merge(v3::router(&state));
    routes.into_axum_router().merge(ours)
}
