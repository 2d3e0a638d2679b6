//! Questions about sampling, on every port that answers them.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use tracewell_collector::{CountedRoots, Sampling, Strategies};
use tracewell_model::clock::ManualClock;
use tracewell_testkit::thrift::{Val, binary, of, text};

use super::{start, start_with};
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

/// Root spans of the operation `buy`, in Jaeger's Thrift.
fn batch(spans: usize) -> Vec<u8> {
    let span = |id: usize| {
        of([
            (1, Val::I64(id as i64 + 1)),
            (2, Val::I64(0)),
            (3, Val::I64(8)),
            (5, text("buy")),
            (8, Val::I64(1_700_000_000_000_000)),
        ])
    };
    let spans = Val::List((0..spans).map(span).collect());
    binary(&of([(1, of([(1, text("cart"))])), (2, spans)]))
}

/// The answer decides what is sent, and what is sent decides the answer.
#[tokio::test]
async fn a_thousand_root_spans_a_second_come_to_their_target_over_the_wire() {
    const TARGET: f64 = 20.0;
    let sampling = Arc::new(Sampling::default());
    let file = format!(r#"{{"default_strategy": {{"type": "adaptive", "param": {TARGET}}}}}"#);
    sampling.set(Strategies::parse(file.as_bytes()).unwrap().0);
    let recorder = Arc::new(Recorder::default());
    // When the spans are sent.
    let clock = Arc::new(ManualClock::new(1_700_000_000_000_000_000));
    let counted = CountedRoots::new(Arc::clone(&sampling), clock, recorder.clone());
    let legacy = start_with(Arc::new(counted), Arc::clone(&sampling));
    let minute = std::time::Duration::from_secs(60);
    let mut rates = Vec::new();
    for _ in 0..5 {
        let answer = get(&legacy.url("jaeger_sampling_http", "/?service=cart")).await;
        let answer: serde_json::Value = serde_json::from_str(answer.text()).unwrap();
        let by_operation = &answer["operationSampling"];
        let named = &by_operation["perOperationStrategies"][0]["probabilisticSampling"];
        let share = named["samplingRate"].as_f64();
        let share = share.or(by_operation["defaultSamplingProbability"].as_f64());
        let recorded = (60_000.0 * share.unwrap()).round() as usize;
        let url = legacy.url("jaeger_thrift_http", "/api/traces");
        let request = http::Request::post(url).header("content-type", "application/x-thrift");
        let request = request.body(Full::from(batch(recorded)));
        let reply = send(request.unwrap()).await.unwrap();
        assert_eq!(reply.status, 202, "{reply:?}");
        sampling.adjust(minute);
        rates.push(recorded as f64 / 60.0);
    }
    assert_eq!(rates[0], 1.0, "the first share is one of a thousand");
    for rate in &rates[2..] {
        assert!((rate / TARGET - 1.0).abs() < 0.1, "{rates:?}");
    }
    assert!(recorder.spans() > 60);
}
