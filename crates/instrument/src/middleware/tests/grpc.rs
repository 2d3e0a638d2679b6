//! tonic's health service behind the server layer, called through the client's.

use super::super::client::{ClientLayer, TracedClient};
use super::super::server::ServerLayer;
use super::on_each_flavour;
use crate::mock::expect;
use crate::{SpanKind, Status, Tracer, Value};
use std::net::SocketAddr;
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

/// What a server answers to each call, as HTTP.
async fn serve(answer: axum::Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, answer).await });
    address
}

fn client(address: SocketAddr, tracer: Tracer) -> HealthClient<TracedClient<Channel>> {
    let channel = Channel::from_shared(format!("http://{address}")).unwrap();
    let layer = ClientLayer::grpc().tracer(tracer);
    HealthClient::new(layer.layer(channel.connect_lazy()))
}

fn check() -> HealthCheckRequest {
    HealthCheckRequest {
        service: String::new(),
    }
}

#[test]
fn messages_are_read_as_they_were_meant() {
    on_each_flavour(|mock| async move {
        let refuse = || async {
            let headers = [
                ("content-type", "application/grpc"),
                ("grpc-status", "13"),
                ("grpc-message", "no%20nope: 100% +1 %C3%A4"),
            ];
            (headers, "")
        };
        let address = serve(axum::Router::new().fallback(refuse)).await;
        let refused = client(address, mock.tracer()).check(check()).await;
        assert_eq!(refused.unwrap_err().message(), "no nope: 100% +1 ä");
        mock.assert([expect(CHECK).status(Status::Error("no nope: 100% +1 ä".into()))]);
    });
}

#[test]
fn calls_without_an_answer_have_a_status_and_a_stable_type() {
    on_each_flavour(|mock| async move {
        let never = || std::future::pending::<()>();
        let silent = serve(axum::Router::new().fallback(never)).await;

        let mut late = tonic::Request::new(check());
        late.set_timeout(std::time::Duration::from_millis(1));
        let late = client(silent, mock.tracer()).check(late).await;
        assert!(late.is_err());
        assert_failed(&mock, "DEADLINE_EXCEEDED");

        // Bound and never listening: refused, and nobody else gets the port.
        let closed = tokio::net::TcpSocket::new_v4().unwrap();
        closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let dead = closed.local_addr().unwrap();
        client(dead, mock.tracer())
            .check(check())
            .await
            .unwrap_err();
        assert_failed(&mock, "UNAVAILABLE");

        let mut given_up = client(silent, mock.tracer());
        let mut call = Box::pin(given_up.check(check()));
        assert!(
            std::future::poll_fn(|cx| {
                std::task::Poll::Ready(call.as_mut().poll(cx).is_pending())
            })
            .await
        );
        drop(call);
        assert_failed(&mock, "CANCELLED");

        // A stream that is dropped before its trailers.
        let head = || async {
            let body = axum::body::Body::from_stream(tokio_stream::pending::<
                Result<Vec<u8>, std::convert::Infallible>,
            >());
            ([("content-type", "application/grpc")], body)
        };
        let streaming = serve(axum::Router::new().fallback(head)).await;
        let watch = client(streaming, mock.tracer()).watch(check()).await;
        drop(watch.unwrap());
        let spans = mock.spans();
        assert_eq!(
            spans[0].attribute("error.type"),
            Some(&Value::from("CANCELLED"))
        );
    });
}

/// The one span, of which nothing is left after that.
fn assert_failed(mock: &crate::mock::MockExporter, status: &'static str) {
    mock.assert([expect(CHECK)
        .attribute("rpc.response.status_code", status)
        .attribute("error.type", status)
        .error()]);
    mock.discard();
}
