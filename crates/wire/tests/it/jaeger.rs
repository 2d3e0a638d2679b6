//! Jaeger's JSON, as several generations of it wrote traces.

use tracewell_model::batch::view::BatchView;
use tracewell_model::{AnyValue, Level, SpanKind, SpanRef, StatusCode};
use tracewell_wire::{RejectReason, jaeger};

const TRACE: &str = r#"{
  "traceID": "7b", "warnings": null,
  "processes": {
    "p1": {"serviceName": "cart", "tags": [{"key": "host.name", "type": "string", "value": "h1"}]},
    "p2": {"serviceName": "OTLPResourceNoServiceName", "tags": null}
  },
  "spans": [
    {"traceID": "7b", "spanID": "1", "operationName": "GET /", "references": null, "flags": 1,
     "startTime": 1700000000000001, "duration": 250, "processID": "p1", "logs": null,
     "warnings": ["odd"],
     "tags": [
       {"key": "span.kind", "type": "string", "value": "server"},
       {"key": "otel.status_code", "type": "string", "value": "ERROR"},
       {"key": "error", "type": "bool", "value": true},
       {"key": "otel.status_description", "type": "string", "value": "no stock"},
       {"key": "w3c.tracestate", "type": "string", "value": "a=b"},
       {"key": "otel.scope.name", "type": "string", "value": "lib"},
       {"key": "otel.scope.version", "type": "string", "value": "1"},
       {"key": "n", "type": "int64", "value": "9007199254740993"},
       {"key": "old", "type": "int64", "value": "5"},
       {"key": "ratio", "type": "float64", "value": 0.5},
       {"key": "yes", "type": "bool", "value": "true"},
       {"key": "raw", "type": "binary", "value": "AQI="}
     ]},
    {"traceID": "7b", "spanID": "2", "operationName": "charge", "startTime": "1700000000000100",
     "duration": 10.0, "processID": "p2",
     "references": [
       {"refType": "CHILD_OF", "traceID": "7b", "spanID": "1"},
       {"refType": "CHILD_OF", "traceID": "8b", "spanID": "9"},
       {"refType": "FOLLOWS_FROM", "traceID": "7b", "spanID": "3"}],
     "tags": [{"key": "error", "type": "bool", "value": false}],
     "logs": [{"timestamp": 1700000000000105, "fields": [
       {"key": "level", "type": "string", "value": "warn"},
       {"key": "event", "type": "string", "value": "retry"}]}]},
    {"traceID": "7b", "spanID": "nine", "operationName": "lost", "startTime": 1, "duration": 1},
    {"traceID": "7b", "spanID": "4", "parentSpanID": "1", "operationName": "old", "startTime": 1,
     "duration": 1, "process": {"serviceName": "inline"},
     "tags": [{"key": "error", "type": "bool", "value": "true"}]}
  ]}"#;

fn attributes(span: SpanRef<'_>) -> Vec<(String, AnyValue)> {
    let mut found: Vec<_> = span
        .attributes()
        .map(|(key, value)| (key.to_owned(), value.to_any()))
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

#[test]
fn tags_that_stand_for_fields_become_fields() {
    let decoded = jaeger::json::decode(TRACE.as_bytes()).unwrap();
    let view = BatchView::new(&decoded.batch);
    let span = view.span(0);
    assert_eq!(span.trace_id().to_short_hex(), "000000000000007b");
    assert_eq!(span.start_ns(), 1_700_000_000_000_001_000);
    assert_eq!(span.duration_ns(), 250_000);
    assert_eq!((span.name(), span.service()), ("GET /", "cart"));
    assert_eq!((span.kind(), span.flags()), (SpanKind::Server, 1));
    assert_eq!(span.status_code(), StatusCode::Error);
    assert_eq!(span.status_message(), "no stock");
    assert_eq!(span.trace_state(), "a=b");
    assert_eq!(span.parent_span_id(), None);
    let scopes = decoded.batch.scopes();
    assert_eq!(scopes.name.get(span.scope_row()), "lib");
    assert_eq!(scopes.version.get(span.scope_row()), "1");
    let warnings = AnyValue::Array(vec!["odd".into()]);
    let expected: [(&str, AnyValue); 6] = [
        ("@jaeger@warnings", warnings),
        ("n", 9_007_199_254_740_993.into()),
        ("old", 5.into()),
        ("ratio", AnyValue::Double(0.5)),
        ("raw", AnyValue::Bytes(vec![1, 2])),
        ("yes", AnyValue::Bool(true)),
    ];
    assert_eq!(
        attributes(span),
        expected.map(|(key, value)| (key.to_owned(), value))
    );
    let host = view.attribute(Level::Resource, span.resource_row(), "host.name");
    assert_eq!(host.unwrap().to_any(), "h1".into());
}

#[test]
fn references_become_parent_and_links_and_logs_events() {
    let decoded = jaeger::json::decode(TRACE.as_bytes()).unwrap();
    let view = BatchView::new(&decoded.batch);
    let span = view.span(1);
    assert_eq!(
        span.parent_span_id().unwrap().to_string(),
        "0000000000000001"
    );
    assert_eq!((span.service(), span.kind()), ("", SpanKind::Unspecified));
    assert_eq!(span.status_code(), StatusCode::Unset);
    assert_eq!(
        attributes(span),
        [("error".to_owned(), AnyValue::Bool(false))]
    );
    let links = decoded.batch.links();
    let linked: Vec<_> = span
        .link_rows()
        .map(|row| {
            let kind = view.attribute(Level::Link, row, "opentracing.ref_type");
            let kind = kind.map(|value| value.to_any());
            (
                links.trace_id[row].to_short_hex(),
                links.span_id[row].0[7],
                kind,
            )
        })
        .collect();
    assert_eq!(
        linked,
        [
            ("000000000000008b".to_owned(), 9, Some("child_of".into())),
            ("000000000000007b".to_owned(), 3, None),
        ]
    );
    let events = decoded.batch.events();
    let rows = span.event_rows();
    assert_eq!(events.name.get(rows.start), "retry");
    assert_eq!(events.time_ns[rows.start], 1_700_000_000_000_105_000);
    let level = view.attribute(Level::Event, rows.start, "level").unwrap();
    assert_eq!((rows.len(), level.to_any()), (1, "warn".into()));
}

#[test]
fn older_forms_are_read_and_a_bad_id_costs_one_span() {
    let decoded = jaeger::json::decode(TRACE.as_bytes()).unwrap();
    let view = BatchView::new(&decoded.batch);
    let old = view.span(2);
    assert_eq!((old.name(), old.service()), ("old", "inline"));
    assert_eq!(old.parent_span_id().unwrap().0[7], 1);
    assert_eq!(old.status_code(), StatusCode::Error);
    assert_eq!(decoded.batch.len(), 3);
    let rejected: Vec<_> = decoded.rejected.iter().collect();
    assert_eq!(rejected, [(RejectReason::SpanId, 1)]);
    assert_eq!(
        decoded.rejected.message().unwrap(),
        "1 span rejected: spanID has a character that is not hexadecimal \
         (resource 0, scope 0, span 2)"
    );
}

#[test]
fn what_is_no_trace_says_where_and_repeats_nothing_of_it() {
    for (body, message) in [
        (
            "",
            "line 1 column 0: malformed JSON: EOF while parsing a value",
        ),
        (
            "{\"spans\": \"secret\"}",
            "line 1 column 18: not of the form that is expected: invalid type: string …, \
             expected a sequence",
        ),
        (
            "{\"spans\": [{\"startTime\": -5}]}",
            "line 1 column 28: not of the form that is expected: a time is no number of \
             microseconds",
        ),
    ] {
        let error = jaeger::json::decode(body.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
    assert!(
        jaeger::json::decode(b"{\"spans\":null}")
            .unwrap()
            .batch
            .is_empty()
    );
    assert!(jaeger::json::decode(b"\xff").is_err());
}

#[test]
fn a_span_by_itself_is_read_as_in_a_request() {
    let spans = tracewell_testkit::Random::new(53).spans(40, 1_700_000_000_000_000_000);
    for span in &spans {
        let batch = tracewell_testkit::batch(std::slice::from_ref(span));
        let (_, alone) = jaeger::protobuf::encode_spans(&batch).remove(0);
        let request = jaeger::protobuf::encode(&batch, [0]).remove(0);
        let unlimited = tracewell_wire::Room::unlimited();
        let alone = jaeger::protobuf::decode_span_within(&alone, unlimited).unwrap();
        let in_request = jaeger::protobuf::decode(&request).unwrap();
        assert_eq!(
            tracewell_testkit::flatten(&alone.batch),
            tracewell_testkit::flatten(&in_request.batch)
        );
    }
    let unlimited = tracewell_wire::Room::unlimited();
    let without_ids = jaeger::protobuf::decode_span_within(b"", unlimited).unwrap();
    assert!(without_ids.batch.is_empty());
    assert_eq!(without_ids.rejected.total(), 1);
}
