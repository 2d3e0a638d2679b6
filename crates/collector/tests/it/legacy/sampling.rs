//! Questions about sampling, on every port that answers them.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use tracewell_collector::Strategies;

use super::start;
use crate::clients::{Reply, framed, grpc_post, send, send_h2};
use crate::consumers::Recorder;

const STRATEGY: &str = "/jaeger.api_v2.SamplingManager/GetSamplingStrategy";

async fn get(url: &str) -> Reply {
    let request = http::Request::get(url).body(Full::<Bytes>::default());
    send(request.unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_changed_strategy_is_answered_everywhere() {
    let legacy = start(Arc::new(Recorder::default()));
    let file =
        br#"{"service_strategies": [{"service": "cart", "type": "probabilistic", "param": 0.25}]}"#;
    legacy.sampling.set(Strategies::parse(file).unwrap().0);
    let want = r#"{"probabilisticSampling":{"samplingRate":0.25},"strategyType":"PROBABILISTIC"}"#;
    for (receiver, path) in [
        ("jaeger_sampling_http", "/"),
        ("jaeger_sampling_http", "/sampling"),
        ("jaeger_sampling_http", "/api/sampling"),
        ("jaeger_thrift_http", "/api/sampling"),
        ("jaeger_thrift_http", "/sampling"),
    ] {
        let reply = get(&legacy.url(receiver, &format!("{path}?service=cart"))).await;
        assert_eq!(
            (reply.status.as_u16(), reply.text()),
            (200, want),
            "{receiver} {path}"
        );
        assert_eq!(reply.header("content-type"), "application/json");
        let reply = get(&legacy.url(receiver, path)).await;
        assert_eq!(reply.status, 400, "{receiver} {path}");
        assert_eq!(reply.text(), "'service' parameter must be provided once");
    }
    let baggage =
        get(&legacy.url("jaeger_sampling_http", "/baggageRestrictions?service=cart")).await;
    assert_eq!(baggage.text(), "[]");
    for receiver in ["jaeger_grpc", "jaeger_sampling_grpc"] {
        let url = legacy.url(receiver, STRATEGY);
        let reply = send_h2(grpc_post(&url, "identity", framed(0, b"\x0a\x04cart"))).await;
        let reply = reply.unwrap();
        assert_eq!(reply.header("grpc-status"), "0", "{receiver} {reply:?}");
        // `probabilisticSampling` with a double.
        let want = [&b"\x12\x09\x09"[..], &0.25f64.to_le_bytes()].concat();
        assert_eq!(&reply.body[5..], want, "{receiver}");
        let bad = send_h2(grpc_post(&url, "identity", framed(0, b"\x0a\x09"))).await;
        assert_eq!(bad.unwrap().header("grpc-status"), "3", "{receiver}");
    }
    let url = legacy.url(
        "jaeger_sampling_grpc",
        "/jaeger.api_v2.CollectorService/PostSpans",
    );
    let reply = send_h2(grpc_post(&url, "identity", framed(0, b"")))
        .await
        .unwrap();
    assert_eq!(reply.header("grpc-status"), "12", "{reply:?}");
    assert!(reply.header("grpc-message").contains("14250"), "{reply:?}");
}
