//! Jaeger's Thrift over HTTP and its gRPC.

use std::sync::Arc;

use tracewell_model::StoreError;
use tracewell_testkit::thrift::{binary, jaeger_batch};

use super::start;
use crate::clients::{framed, grpc_post, post, send, send_h2};
use crate::consumers::{Recorder, Refusing};

const POST_SPANS: &str = "/jaeger.api_v2.CollectorService/PostSpans";

/// A request with one span: ids and a name.
fn request() -> Vec<u8> {
    let field =
        |number: u8, content: &[u8]| [&[number << 3 | 2, content.len() as u8], content].concat();
    let span = [field(1, &[1; 16]), field(2, &[2; 8]), field(3, b"get")].concat();
    field(1, &field(1, &span))
}

#[tokio::test]
async fn thrift_over_http_is_taken_and_what_is_not_is_told_why() {
    let recorder = Arc::new(Recorder::default());
    let legacy = start(recorder.clone());
    let good = binary(&jaeger_batch(7, "pay"));
    let cases = [
        (
            "/api/traces?format=jaeger.thrift",
            "application/x-thrift",
            &good[..],
            202,
            "",
        ),
        (
            "/api/traces",
            "application/vnd.apache.thrift.binary",
            &good,
            202,
            "",
        ),
        (
            "/api/traces",
            "application/json",
            &good,
            400,
            "application/x-thrift",
        ),
        (
            "/api/traces",
            "application/x-thrift",
            &good[..23],
            400,
            "byte 23, spans[0]",
        ),
        (
            "/v1/traces",
            "application/x-thrift",
            &good,
            404,
            "/api/traces",
        ),
    ];
    for (path, content_type, body, status, text) in cases {
        let url = legacy.url("jaeger_thrift_http", path);
        let request = post(
            &url,
            &[("content-type", content_type)],
            body.to_vec().into(),
        );
        let reply = send(request).await.unwrap();
        assert_eq!(reply.status, status, "{path} {content_type} {reply:?}");
        assert!(
            reply.text().contains(text),
            "{path} {content_type} {reply:?}"
        );
    }
    assert_eq!(recorder.names(), ["pay", "pay"]);
    assert_eq!(legacy.account("jaeger_thrift_http").stored, 2);
}

#[tokio::test]
async fn spans_are_taken_over_grpc_and_what_is_not_is_told_why() {
    let recorder = Arc::new(Recorder::default());
    let legacy = start(recorder.clone());
    let call = |method: &'static str, message: Vec<u8>| {
        let url = legacy.url("jaeger_grpc", method);
        async move {
            send_h2(grpc_post(&url, "identity", framed(0, &message)))
                .await
                .unwrap()
        }
    };
    let reply = call(POST_SPANS, request()).await;
    assert_eq!(reply.header("grpc-status"), "0", "{reply:?}");
    assert_eq!(&*reply.body, [0; 5], "an empty message");
    let reply = call(POST_SPANS, vec![0x0a, 9]).await;
    assert_eq!(reply.header("grpc-status"), "3", "{reply:?}");
    let reply = call("/jaeger.api_v2.QueryService/GetTrace", vec![]).await;
    assert_eq!(reply.header("grpc-status"), "12", "{reply:?}");
    let reply = call("/grpc.health.v1.Health/Check", vec![]).await;
    assert_eq!(reply.header("grpc-status"), "0", "{reply:?}");
    for (port, service, status) in [
        ("jaeger_grpc", "CollectorService", "0"),
        ("jaeger_grpc", "SamplingManager", "0"),
        ("jaeger_sampling_grpc", "SamplingManager", "0"),
        ("jaeger_sampling_grpc", "CollectorService", "5"),
    ] {
        let service = format!("jaeger.api_v2.{service}");
        let question = [&[0x0a, service.len() as u8], service.as_bytes()].concat();
        let url = legacy.url(port, "/grpc.health.v1.Health/Check");
        let call = grpc_post(&url, "identity", framed(0, &question));
        let reply = send_h2(call).await.unwrap();
        assert_eq!(reply.header("grpc-status"), status, "{port} {service}");
    }
    let url = legacy.url("jaeger_grpc", "/api/traces");
    let reply = send(post(&url, &[], vec![].into())).await.unwrap();
    assert!(
        reply.status == 415 && reply.text().contains("14268"),
        "{reply:?}"
    );
    assert_eq!(recorder.names(), ["get"]);
    let account = legacy.account("jaeger_grpc");
    assert_eq!((account.received, account.stored), (1, 1));
    assert_eq!(account.requests["undecodable"], 1);
}

#[tokio::test]
async fn a_busy_store_is_said_over_grpc() {
    let legacy = start(Arc::new(Refusing(StoreError::Busy("full".to_owned()))));
    let url = legacy.url("jaeger_grpc", POST_SPANS);
    let call = grpc_post(&url, "identity", framed(0, &request()));
    let reply = send_h2(call).await.unwrap();
    assert_eq!(reply.header("grpc-status"), "8", "{reply:?}");
    assert_eq!(legacy.account("jaeger_grpc").rejected["refused_busy"], 1);
}
