//! `grpc.health.v1.Health`: who answers is serving. Ports open when everything
//! is ready and close when it ends, so there is no other state.

use std::pin::Pin;

use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::Health;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

/// Serving, for services of these names.
#[derive(Debug)]
pub(super) struct AlwaysServing(pub(super) &'static [&'static str]);

impl AlwaysServing {
    fn knows(&self, request: &HealthCheckRequest) -> bool {
        self.0.contains(&request.service.as_str())
    }
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status as i32,
    }
}

#[tonic::async_trait]
impl Health for AlwaysServing {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        if self.knows(request.get_ref()) {
            Ok(Response::new(response(ServingStatus::Serving)))
        } else {
            Err(Status::not_found("service not registered"))
        }
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let status = if self.knows(request.get_ref()) {
            ServingStatus::Serving
        } else {
            ServingStatus::ServiceUnknown
        };
        // The protocol keeps the call open for changes, which never come.
        let changes = tokio_stream::once(Ok(response(status))).chain(tokio_stream::pending());
        Ok(Response::new(Box::pin(changes)))
    }
}
