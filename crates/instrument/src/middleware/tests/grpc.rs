//! tonic's health service behind the server layer, called through the client's.

use super::super::client::ClientLayer;
use super::super::server::ServerLayer;
use super::on_each_flavour;
use crate::mock::expect;
use crate::{SpanKind, Status};
use tonic::transport::{Channel, Server};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tower::Layer;

const CHECK: &str = "grpc.health.v1.Health/Check";

#[test]
fn one_call_is_one_trace_and_its_status_is_grpcs() {
    on_each_flavour(|mock| async move {
        let (_reporter, health) = tonic_health::server::health_reporter();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Server::builder()
            .layer(ServerLayer::grpc().tracer(mock.tracer()))
            .add_service(health)
            .serve_with_incoming(tokio_stream::wrappers::TcpListenerStream::new(listener));
        tokio::spawn(server);
        let channel = Channel::from_shared(format!("http://{address}")).unwrap();
        let layer = ClientLayer::grpc()
            .server("127.0.0.1", address.port())
            .tracer(mock.tracer());
        let mut client = HealthClient::new(layer.layer(channel.connect().await.unwrap()));
        let check = |service: &str| HealthCheckRequest {
            service: service.to_owned(),
        };
        client.check(check("")).await.unwrap();
        client.check(check("unknown")).await.unwrap_err();

        let span = |kind, status: &'static str| {
            expect(CHECK)
                .kind(kind)
                .attribute("rpc.system.name", "grpc")
                .attribute("rpc.method", CHECK)
                .attribute("rpc.response.status_code", status)
                .attribute("server.address", "127.0.0.1")
                .attribute("server.port", address.port())
        };
        mock.assert([
            span(SpanKind::Client, "OK").root().status(Status::Unset),
            span(SpanKind::Server, "OK")
                .child_of_remote()
                .status(Status::Unset),
            span(SpanKind::Client, "NOT_FOUND")
                .root()
                .error()
                .attribute("error.type", "NOT_FOUND"),
            // What the caller asked for in vain is no error of the server's.
            span(SpanKind::Server, "NOT_FOUND")
                .child_of_remote()
                .status(Status::Unset),
        ]);
    });
}
