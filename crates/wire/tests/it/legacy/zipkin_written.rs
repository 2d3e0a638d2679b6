//! Zipkin's JSON and protobuf as we write them, read again.

use super::captures;
use super::shown::shown;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tracewell_model::{AnyValue, SpanBatch, SpanId, SpanKind, StatusCode, TraceId};
use tracewell_testkit::{Random, TestLink, TestSpan, batch, flatten};
use tracewell_wire::zipkin::v2::json::{decode, encode};
use tracewell_wire::zipkin::v2::protobuf;

fn written(batch: &SpanBatch) -> Vec<u8> {
    encode(batch, 0..batch.len())
}

fn json_of(spans: &[TestSpan]) -> Value {
    serde_json::from_slice(&written(&batch(spans))).unwrap()
}

/// From JSON; from protobuf it is the same.
fn read_again(batch: &SpanBatch) -> SpanBatch {
    let decoded = decode(&written(batch)).unwrap();
    assert_eq!(decoded.rejected.message(), None);
    let body = protobuf::encode(batch, 0..batch.len());
    let of_protobuf = protobuf::decode(&body).unwrap();
    assert_eq!(of_protobuf.rejected.message(), None);
    assert_eq!(flatten(&of_protobuf.batch), flatten(&decoded.batch));
    decoded.batch
}

#[test]
fn a_span_has_zipkins_shape() {
    let mut call = TestSpan::new(1, 2, "Shop", "GET /Cart", 5_000_999)
        .child_of(1)
        .kind(SpanKind::Client)
        .lasting_ns(1_500)
        .status(StatusCode::Error)
        .with_text("peer.service", "Pay")
        .with_text("net.peer.ip", "10.0.0.2")
        .with("net.peer.port", AnyValue::Int(443))
        .with("retries", AnyValue::Int(3))
        .with("ratio", AnyValue::Double(0.5))
        .with("rows", AnyValue::Array(vec![AnyValue::Int(1), "a".into()]))
        .with_event("sent", 2_000, Vec::new())
        .with_event("exception", 3_000, vec![("n".to_owned(), AnyValue::Int(1))]);
    call.status_message = "no answer".to_owned();
    call.resource.push(("host.name".to_owned(), "h".into()));
    call.scope_name = "http".to_owned();
    let expected = json!([{
        "traceId": "aaaa0000000000000000000000000001",
        "parentId": "0000000000000001",
        "id": "0000000000000002",
        "kind": "CLIENT",
        "name": "get /cart",
        "timestamp": 5_000,
        "duration": 1,
        "localEndpoint": {"serviceName": "shop"},
        "remoteEndpoint": {"serviceName": "pay", "ipv4": "10.0.0.2", "port": 443},
        "annotations": [
            {"timestamp": 5_002, "value": "sent"},
            {"timestamp": 5_003, "value": "\"exception\": {\"n\":1}"},
        ],
        "tags": {
            "otel.scope.name": "http",
            "otel.status_code": "ERROR",
            "error": "no answer",
            "service.name": "Shop",
            "peer.service": "Pay",
            "retries": "3",
            "ratio": "0.5",
            "rows": "[1,\"a\"]",
            "host.name": "h",
        },
    }]);
    assert_eq!(json_of(&[call]), expected);
}

#[test]
fn the_server_s_half_of_a_shared_span_says_so() {
    let spans = [
        TestSpan::new(1, 2, "a", "call", 9_000).kind(SpanKind::Client),
        TestSpan::new(1, 2, "b", "call", 9_000).kind(SpanKind::Server),
        TestSpan::new(2, 2, "b", "call", 9_000).kind(SpanKind::Server),
        TestSpan::new(1, 3, "b", "inside", 9_000).child_of(2),
    ];
    let json = json_of(&spans);
    let shared: Vec<_> = json
        .as_array()
        .unwrap()
        .iter()
        .map(|span| &span["shared"])
        .collect();
    assert_eq!(
        shared,
        [&Value::Null, &json!(true), &Value::Null, &Value::Null]
    );
}

#[test]
fn ids_of_64_bits_stay_short() {
    let mut span = TestSpan::new(1, 1, "a", "x", 9_000);
    span.trace_id = TraceId(0xff_u128.to_be_bytes());
    assert_eq!(json_of(&[span])[0]["traceId"], "00000000000000ff");
}

#[test]
fn a_status_is_the_same_when_it_comes_back() {
    for status in [StatusCode::Unset, StatusCode::Ok, StatusCode::Error] {
        for message in ["", "true", "no answer"] {
            for error in [None, Some("no answer"), Some("timeout"), Some("false")] {
                let mut span = TestSpan::new(1, 1, "a", "x", 9_000).status(status);
                span.status_message = message.to_owned();
                if let Some(error) = error {
                    span = span.with_text("error", error);
                }
                let back = flatten(&read_again(&batch(std::slice::from_ref(&span)))).remove(0);
                // To Zipkin every span with such a tag has failed.
                let failed = error.is_some_and(|error| error != "false");
                let told = if status == StatusCode::Unset && failed {
                    StatusCode::Error
                } else {
                    status
                };
                let case = format!("{status:?} {message:?} {error:?}");
                assert_eq!(back.status, told, "{case}");
                assert_eq!(back.attributes, span.attributes, "{case}");
                let is_of_error = message.is_empty() && failed && told == StatusCode::Error;
                let message = if is_of_error { error.unwrap() } else { message };
                assert_eq!(back.status_message, message, "{case}");
            }
        }
    }
}

#[test]
fn addresses_are_endpoints_or_stay_tags() {
    let (ip, ipv6) = ("10.0.0.2".into(), "::1".into());
    let table: [(&[(&str, AnyValue)], Value); 6] = [
        (
            &[("net.peer.ip", ip), ("net.peer.port", AnyValue::Int(80))],
            json!({"ipv4": "10.0.0.2", "port": 80}),
        ),
        (&[("net.peer.ip", ipv6)], json!({"ipv6": "::1"})),
        (&[("net.peer.port", AnyValue::Int(80))], json!({"port": 80})),
        (
            &[
                ("net.peer.ip", "db.local".into()),
                ("net.peer.port", AnyValue::Int(80)),
            ],
            Value::Null,
        ),
        (
            &[
                ("net.peer.ip", "10.0.0.2".into()),
                ("net.peer.port", "80".into()),
            ],
            Value::Null,
        ),
        (
            &[
                ("net.peer.ip", "10.0.0.2".into()),
                ("net.peer.port", AnyValue::Int(70_000)),
            ],
            Value::Null,
        ),
    ];
    for (attributes, endpoint) in table {
        let mut span = TestSpan::new(1, 1, "a", "x", 9_000);
        for (key, value) in attributes {
            span = span.with(key, value.clone());
        }
        let written = json_of(&[span.clone()]);
        assert_eq!(written[0]["remoteEndpoint"], endpoint);
        let mut back = flatten(&read_again(&batch(std::slice::from_ref(&span)))).remove(0);
        if endpoint.is_null() {
            // Tags are text.
            span.attributes
                .iter_mut()
                .for_each(|(_, value)| *value = as_text(value));
        }
        back.attributes.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(back.attributes, span.attributes);
    }
}

#[test]
fn a_link_is_the_tag_that_the_collector_makes_of_it() {
    let mut span = TestSpan::new(1, 1, "a", "x", 9_000);
    span.links.push(TestLink {
        trace_id: TraceId([7; 16]),
        span_id: SpanId([8; 8]),
        trace_state: "a=1|2".to_owned(),
        flags: 0,
        attributes: vec![("n".to_owned(), AnyValue::Int(1))],
        dropped: 2,
    });
    let text = "07070707070707070707070707070707|0808080808080808|a=1|2|{\"n\":1}|2";
    assert_eq!(json_of(&[span.clone()])[0]["tags"]["otlp.link.0"], text);
    let back = flatten(&read_again(&batch(std::slice::from_ref(&span)))).remove(0);
    assert_eq!(back.links, span.links);
}

#[test]
fn names_of_events_are_never_taken_for_more() {
    for name in ["", "a|{}|0", "{\"a\": {}}", "\"a\": {}", "{", "\"", "5"] {
        let span = TestSpan::new(1, 1, "a", "x", 9_000).with_event(name, 1_000, Vec::new());
        let back = flatten(&read_again(&batch(std::slice::from_ref(&span)))).remove(0);
        assert_eq!(back.events, span.events, "{name}");
    }
}

/// What `docs/protocols/zipkin.md` says is lost, taken from a span.
fn as_kept(span: &TestSpan) -> TestSpan {
    let to_us = |ns: u64| ns / 1_000 * 1_000;
    let mut kept = span.clone();
    kept.flags = 0;
    kept.name = kept.name.to_lowercase();
    kept.start_ns = to_us(span.start_ns);
    let took_ns = span.end_ns.saturating_sub(span.start_ns);
    let took_ns = if took_ns == 0 {
        0
    } else {
        to_us(took_ns).max(1_000)
    };
    kept.end_ns = kept.start_ns + took_ns;
    kept.resource_schema_url.clear();
    kept.scope.clear();
    let mut all: BTreeMap<String, AnyValue> = BTreeMap::new();
    for (key, value) in span.attributes.iter().chain(&span.resource) {
        if key != "service.name" {
            all.entry(key.clone()).or_insert_with(|| as_text(value));
        }
    }
    kept.attributes = all.into_iter().collect();
    kept.resource
        .retain(|(key, value)| key == "service.name" && *value != AnyValue::from(""));
    for link in &mut kept.links {
        link.flags = 0;
        for (_, value) in &mut link.attributes {
            *value = in_json(value);
        }
    }
    for event in &mut kept.events {
        event.time_ns = to_us(event.time_ns);
        event.dropped = 0;
        for (_, value) in &mut event.attributes {
            *value = in_json(value);
        }
    }
    kept
}

/// Every attribute becomes text.
fn as_text(value: &AnyValue) -> AnyValue {
    let text = match value {
        AnyValue::Empty => String::new(),
        AnyValue::String(text) => text.clone(),
        other => match serde_json::to_value(PlainJson(other)).unwrap() {
            Value::String(text) => text,
            other => other.to_string(),
        },
    };
    AnyValue::String(text)
}

/// Attributes of events are JSON, which lacks bytes and infinities.
fn in_json(value: &AnyValue) -> AnyValue {
    match value {
        AnyValue::Bytes(_) => as_text(value),
        AnyValue::Double(number) if !number.is_finite() => as_text(value),
        AnyValue::Array(items) => AnyValue::Array(items.iter().map(in_json).collect()),
        AnyValue::KvList(pairs) => {
            let pairs: BTreeMap<_, _> =
                pairs.iter().map(|(k, v)| (k.clone(), in_json(v))).collect();
            AnyValue::KvList(pairs.into_iter().collect())
        }
        other => other.clone(),
    }
}

struct PlainJson<'a>(&'a AnyValue);

impl serde::Serialize for PlainJson<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        tracewell_wire::any_json::any_json(self.0, Value::from).serialize(serializer)
    }
}

#[test]
fn spans_by_chance_lose_what_the_page_lists_and_no_more() {
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let spans = random.spans(20, 1_700_000_000_000_000_000);
        let back = flatten(&read_again(&batch(&spans)));
        let kept: Vec<TestSpan> = spans.iter().map(as_kept).collect();
        for (back, kept) in back.iter().zip(&kept) {
            assert_eq!(back, kept, "seed {seed}");
        }
        assert_eq!(back.len(), kept.len());
    }
}

/// What clients of Zipkin's sent comes back as it was understood, but for
/// `debug` and the case of names.
#[test]
fn captures_of_zipkin_come_back_whole() {
    let captures = captures::all();
    for capture in captures.iter().filter(|one| one.name.contains("zipkin")) {
        let sent = (capture.decode)(&capture.body).unwrap().batch;
        let (kept, back) = (shown(&sent), shown(&read_again(&sent)));
        assert_eq!(kept.len(), back.len(), "{}", capture.name);
        for (kept, back) in kept.iter().zip(&back) {
            let mut parts: Vec<String> = kept.splitn(3, '"').map(str::to_owned).collect();
            parts[1] = parts[1].to_lowercase();
            let kept = parts.join("\"").replacen(" flags=1", "", 1);
            assert_eq!(*back, kept, "{}", capture.name);
        }
    }
}

#[test]
fn a_parent_may_be_nobody() {
    let mut span = TestSpan::new(1, 1, "", "", 0).kind(SpanKind::Unspecified);
    span.parent_span_id = SpanId::default();
    span.end_ns = 0;
    let bare = json!([{"traceId": "aaaa0000000000000000000000000001", "id": "0000000000000001"}]);
    assert_eq!(json_of(&[span]), bare);
}
