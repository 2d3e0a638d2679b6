//! OTLP/JSON: the round trip, every quirk of real clients, and the form that
//! readers of our answers rely on.

use crate::arbitrary::request;
use crate::flat::{FlatSpan, flatten, flatten_batch};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use proptest::prelude::*;
use prost::Message;
use tracewell_model::batch::view::BatchView;
use tracewell_model::{AnyValue, Level, SpanBatch, ValueRef};
use tracewell_wire::otlp::{json, protobuf};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_request_survives_the_round_trip(request in request()) {
        let batch = protobuf::decode(&request.encode_to_vec()).unwrap().batch;
        let text = json::encode(&batch);
        let decoded = json::decode(&text).unwrap();
        prop_assert_eq!(decoded.rejected.total(), 0);
        prop_assert_eq!(flatten_batch(&decoded.batch), flatten(&request));
        let decoded = json::decode(&spread(&text)).unwrap();
        prop_assert_eq!(flatten_batch(&decoded.batch), flatten(&request));
    }
}

/// White space around everything that stands outside of strings.
fn spread(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut in_string, mut escaped) = (false, false);
    for byte in text {
        if !in_string && b"{}[],:".contains(byte) {
            out.extend([b'\n', b' ', *byte, b'\r', b'\t']);
        } else {
            out.push(*byte);
        }
        if *byte == b'"' && !escaped {
            in_string = !in_string;
        }
        escaped = *byte == b'\\' && !escaped;
    }
    out
}

const IDS: &str = r#""traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708""#;

fn body(span: &str) -> String {
    format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{{IDS},{span}}}]}}]}}]}}"#)
}

fn decode(body: &str) -> SpanBatch {
    let decoded = json::decode(body.as_bytes()).unwrap();
    assert_eq!(decoded.rejected.message(), None, "{body}");
    decoded.batch
}

fn one(body: &str) -> FlatSpan {
    flatten_batch(&decode(body)).pop().unwrap()
}

#[test]
fn attribute_values_of_every_dialect_are_read() {
    let array = |items: Vec<AnyValue>| AnyValue::Array(items);
    for (value, want) in [
        (r#"{"stringValue":""}"#, AnyValue::String(String::new())),
        (r#"{"boolValue":false}"#, AnyValue::Bool(false)),
        (r#"{"intValue":42}"#, AnyValue::Int(42)),
        (r#"{"intValue":"42"}"#, AnyValue::Int(42)),
        (
            r#"{"intValue":-9223372036854775808}"#,
            AnyValue::Int(i64::MIN),
        ),
        (r#"{"intValue":1e300}"#, AnyValue::Double(1e300)),
        (
            r#"{"intValue":9223372036854775808}"#,
            AnyValue::Double(2f64.powi(63)),
        ),
        (r#"{"doubleValue":2}"#, AnyValue::Double(2.0)),
        (
            r#"{"doubleValue":"-Infinity"}"#,
            AnyValue::Double(f64::NEG_INFINITY),
        ),
        (r#"{"doubleValue":"0.5"}"#, AnyValue::Double(0.5)),
        (r#"{"bytesValue":"-_8"}"#, AnyValue::Bytes(vec![0xfb, 0xff])),
        (
            r#"{"bytesValue":"+/8="}"#,
            AnyValue::Bytes(vec![0xfb, 0xff]),
        ),
        (
            r#"{"stringValue":"cut \ud83e"}"#,
            AnyValue::String("cut \u{fffd}".to_owned()),
        ),
        (
            r#"{"arrayValue":{"values":[{"intValue":1},{}]}}"#,
            array(vec![AnyValue::Int(1), AnyValue::Empty]),
        ),
        (r#"{"arrayValue":{}}"#, array(vec![])),
        (r#"{"arrayValue":{"values":null}}"#, array(vec![])),
        (
            r#"{"kvlistValue":{"values":[{"value":{"intValue":"1"},"key":"k"}]}}"#,
            AnyValue::KvList(vec![("k".to_owned(), AnyValue::Int(1))]),
        ),
        (r#"{"stringValue":null,"newValue":[{}]}"#, AnyValue::Empty),
        (
            r#"{"arrayValue":{"values":[{}]},"intValue":3}"#,
            AnyValue::Int(3),
        ),
        ("{}", AnyValue::Empty),
        ("null", AnyValue::Empty),
    ] {
        let batch = decode(&body(&format!(
            r#""attributes":[{{"value":{value},"key":"k"}}]"#
        )));
        let view = BatchView::new(&batch);
        let got = view.span(0).attribute("k").map(ValueRef::to_any);
        assert_eq!(got, Some(want), "{value}");
    }
    let batch = decode(&body(
        r#""attributes":[{"key":"k","value":{"doubleValue":"NaN"}}]"#,
    ));
    let again = decode(std::str::from_utf8(&json::encode(&batch)).unwrap());
    let view = BatchView::new(&again);
    let nan = view.attribute(Level::Span, 0, "k");
    assert!(matches!(nan, Some(ValueRef::Double(value)) if value.is_nan()));
}

#[test]
fn fields_of_every_dialect_are_read() {
    let span = one(&body(
        r#""kind":"SPAN_KIND_CLIENT","status":{"code":"STATUS_CODE_ERROR","message":null},
           "startTimeUnixNano":"1700000000000000001","endTimeUnixNano":1700000000000000002,
           "parentSpanId":"ABCDEF0102030405","flags":"257","droppedEventsCount":3.0,
           "traceState":null,"attributes":null,"events":[{"timeUnixNano":"5"}],"links":[],
           "somethingNew":{"deep":[1,{"x":"}"}]},"name":"caf\u00e9""#,
    ))
    .span;
    assert_eq!(span.kind, 3);
    assert_eq!(span.status.unwrap().code, 2);
    assert_eq!(span.start_time_unix_nano, 1_700_000_000_000_000_001);
    assert_eq!(span.end_time_unix_nano, 1_700_000_000_000_000_002);
    assert_eq!(span.parent_span_id, [0xab, 0xcd, 0xef, 1, 2, 3, 4, 5]);
    assert_eq!(span.flags, 257);
    assert_eq!(span.dropped_events_count, 3);
    assert_eq!(span.events[0].time_unix_nano, 5);
    assert_eq!(span.name, "café");
    let span = one(&body(r#""kind":2,"parentSpanId":"","status":{"code":1}"#)).span;
    assert_eq!((span.kind, span.status.unwrap().code), (2, 1));
}

#[test]
fn resource_and_scope_may_stand_after_the_spans() {
    let span = one(&format!(
        r#" {{ "x":0, "resourceSpans":[{{
            "scopeSpans":[{{"spans":[{{{IDS}}}],"schemaUrl":"s","scope":{{"name":"lib","version":null}}}}],
            "schemaUrl":"r","resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"shop"}}}}]}}
        }}]}} "#
    ));
    assert_eq!(span.resource.attributes[0].key, "service.name");
    assert_eq!((&*span.resource_schema, &*span.scope_schema), ("r", "s"));
    assert_eq!(span.scope.name, "lib");
}

#[test]
fn requests_without_spans_are_empty() {
    for body in [
        "{}",
        "null",
        r#"{"resourceSpans":null}"#,
        r#"{"resourceSpans":[{},null]}"#,
    ] {
        assert!(decode(body).is_empty(), "{body}");
    }
}

#[test]
fn what_cannot_be_read_says_where_and_what() {
    let in_span = |span: &str| body(span);
    for (body, want) in [
        (
            String::new(),
            "line 1 column 0: malformed JSON: EOF while parsing a value",
        ),
        (
            "{\n  \"resourceSpans\": [}\n".to_owned(),
            "line 2 column 21: malformed JSON: expected value",
        ),
        (
            "[]".to_owned(),
            "line 1 column 1: expected an object, got an array",
        ),
        (
            r#"{"resourceSpans":{}}"#.to_owned(),
            "line 1 column 18, resourceSpans: expected an array, got an object",
        ),
        (
            in_span(r#""name":5"#),
            "line 1 column 125, resourceSpans[0].scopeSpans[0].spans[0].name: \
             expected a string, got a number",
        ),
        (
            in_span(r#""kind":"SPAN_KIND_GATEWAY""#),
            "line 1 column 125, resourceSpans[0].scopeSpans[0].spans[0].kind: \
             unknown name of an enum value; send its number",
        ),
        (
            in_span(r#""startTimeUnixNano":"yesterday""#),
            "line 1 column 138, resourceSpans[0].scopeSpans[0].spans[0].startTimeUnixNano: \
             expected an integer that fits the field",
        ),
        (
            in_span(r#""attributes":[{"key":"a"},{"key":"b","value":{"boolValue":"yes"}}]"#),
            "line 1 column 176, resourceSpans[0].scopeSpans[0].spans[0].attributes[1].boolValue: \
             expected true or false, got a string",
        ),
    ] {
        assert_eq!(json::decode(body.as_bytes()).unwrap_err().to_string(), want);
    }
    let error = json::decode(b"{\"a\":\xff}").unwrap_err();
    let want = "line 1 column 6: malformed JSON: expected value";
    assert_eq!(error.to_string(), want);
}

#[test]
fn the_reference_reads_what_we_write() {
    let body = body(
        r#""name":"a","kind":2,"parentSpanId":"0000000000000001","startTimeUnixNano":"1",
        "attributes":[{"key":"i","value":{"intValue":"-5"}},{"key":"s","value":{"stringValue":"x"}},
        {"key":"b","value":{"bytesValue":"AQI="}}],"events":[{"name":"e","timeUnixNano":"2"}],
        "links":[{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708"}],
        "status":{"code":2,"message":"boom"}"#,
    );
    let batch = decode(&body);
    let text = json::encode(&batch);
    let request: ExportTraceServiceRequest = serde_json::from_slice(&text).unwrap();
    assert_eq!(flatten(&request), flatten_batch(&batch));
}

#[test]
fn what_readers_rely_on_is_always_there() {
    let text = json::encode(&decode(&body(r#""attributes":[{"key":"","value":null}]"#)));
    assert_eq!(
        std::str::from_utf8(&text).unwrap(),
        format!(
            r#"{{"resourceSpans":[{{"resource":{{}},"scopeSpans":[{{"scope":{{}},"spans":[{{{IDS},"#
        ) + r#""name":"","kind":0,"startTimeUnixNano":"0","endTimeUnixNano":"0","#
            + r#""attributes":[{"key":"","value":{}}],"status":{}}]}]}]}"#
    );
    assert_eq!(
        json::encode(&SpanBatch::default()),
        br#"{"resourceSpans":[]}"#
    );
}
