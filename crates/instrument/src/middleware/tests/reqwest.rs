//! reqwest against a server that shows the headers it got.

use super::super::reqwest::SendTraced;
use crate::mock::{MockExporter, expect};
use crate::{SpanKind, Status};
use axum::Router;
use axum::routing::get;
use http::HeaderMap;

#[tokio::test]
async fn requests_are_client_spans_and_carry_the_context() {
    let header =
        |headers: HeaderMap| async move { headers["traceparent"].to_str().unwrap().to_owned() };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/items/{id}", get(header));
    let server = tokio::spawn(async move { axum::serve(listener, router).await });

    let mock = MockExporter::new();
    // The test's runtime has one thread.
    let _default = mock.tracer().set_default();
    let client = reqwest::Client::new();
    let url = format!("http://user:secret@{address}/items/7");
    let response = client.get(&url).send_traced("/items/{id}").await.unwrap();
    let traceparent = response.text().await.unwrap();
    client
        .get(format!("http://{address}/nowhere"))
        .send_traced("")
        .await
        .unwrap();
    server.abort();
    server.await.unwrap_err();
    let refused = client
        .post(format!("http://{address}/"))
        .send_traced("/")
        .await
        .unwrap_err();
    assert!(refused.is_connect());

    mock.assert([
        expect("GET /items/{id}")
            .kind(SpanKind::Client)
            .status(Status::Unset)
            .attribute("http.request.method", "GET")
            .attribute("http.response.status_code", 200)
            .attribute("url.template", "/items/{id}")
            .attribute("server.address", "127.0.0.1")
            .attribute("server.port", address.port()),
        expect("GET").error().attribute("error.type", "404"),
        expect("POST /").error().attribute("error.type", "connect"),
    ]);
    let span = mock.span("GET /items/{id}");
    let context = &span.context;
    assert_eq!(
        traceparent,
        format!("00-{}-{}-03", context.trace_id, context.span_id)
    );
    assert!(
        span.attribute("url.full")
            .is_some_and(|url| !format!("{url:?}").contains("secret"))
    );
}
