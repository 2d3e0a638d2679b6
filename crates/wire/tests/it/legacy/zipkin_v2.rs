//! Version 2 of Zipkin's model, in JSON and protobuf.

use super::shown::shown;
use crate::field;
use tracewell_wire::zipkin::v2::{json, protobuf};

fn lines(spans: &str) -> Vec<String> {
    let decoded = json::decode(spans.as_bytes()).unwrap();
    assert_eq!(decoded.rejected.message(), None);
    shown(&decoded.batch)
}

#[test]
fn everything_that_a_span_says_is_kept() {
    let span = r#"[{"traceId": "7b", "parentId": "2", "id": "1", "kind": "CLIENT", "name": "get",
        "timestamp": 1000, "duration": 250, "debug": true, "shared": false,
        "localEndpoint": {"serviceName": "cart", "ipv4": "10.0.0.1", "port": 80},
        "remoteEndpoint": {"serviceName": "pay", "ipv6": "::1", "port": 443},
        "annotations": [{"timestamp": 1005, "value": "retry"}],
        "tags": {"http.path": "/x", "n": 5, "none": null}}]"#;
    assert_eq!(
        lines(span),
        [
            r#"7b/1<2 "get" client unset 1000000+250000 flags=1 resource{service.name="cart"} {http.path="/x" n="5" net.host.ip="10.0.0.1" net.host.port=80 net.peer.ip="::1" net.peer.port=443 none="" peer.service="pay"} event="retry"@1005000"#
        ]
    );
}

#[test]
fn both_halves_of_a_shared_span_stay_two() {
    let spans = r#"[
        {"traceId":"7b","id":"1","parentId":"9","kind":"CLIENT","timestamp":10,"localEndpoint":{"serviceName":"a"}},
        {"traceId":"7b","id":"1","parentId":"9","kind":"SERVER","timestamp":12,"shared":true,"localEndpoint":{"serviceName":"b"}}]"#;
    let lines = lines(spans);
    assert!(lines[0].starts_with(r#"7b/1<9 "" client"#) && lines[0].ends_with("\"a\"}"));
    assert!(lines[1].starts_with(r#"7b/1<9 "" server"#) && lines[1].ends_with("\"b\"}"));
}

#[test]
fn what_opentelemetry_wrote_as_tags_becomes_fields_again() {
    let span = r#"[{"traceId":"7b","id":"1","name":"x","timestamp":1,"localEndpoint":{"serviceName":"cart"},
        "tags":{"service.name":"Cart","service.version":"2","host.name":"h1","k":"v",
        "otel.status_code":"ERROR","error":"no stock","otel.library.name":"lib","otel.scope.version":"1",
        "w3c.tracestate":"a=b","span.kind":"internal","otel.dropped_events_count":"3",
        "otlp.link.0":"0000000000000000000000000000008b|0000000000000003|c=d|{\"k\":1,\"l\":[true]}|0",
        "otlp.link.1":"nonsense"}}]"#;
    assert_eq!(
        lines(span),
        [
            r#"7b/1 "x" internal error 1000+0 message="no stock" state=a=b resource{host.name="h1" service.name="Cart" service.version="2"} scope=lib@1 {k="v" otlp.link.1="nonsense"} link=8b/3c=d{k=1 l=Array([Bool(true)])}"#
        ]
    );
}

#[test]
fn a_tag_error_says_that_the_span_failed() {
    let with = |tags: &str| {
        let span = format!(r#"[{{"traceId":"7b","id":"1","timestamp":1,"tags":{{{tags}}}}}]"#);
        let line = lines(&span).remove(0);
        line.strip_prefix(r#"7b/1 "" unspecified "#)
            .unwrap()
            .to_owned()
    };
    assert_eq!(with(r#""error":"""#), "error 1000+0");
    assert_eq!(with(r#""error":"true""#), "error 1000+0");
    assert_eq!(
        with(r#""error":"false""#),
        r#"unset 1000+0 {error="false"}"#
    );
    assert_eq!(
        with(r#""error":"boom""#),
        r#"error 1000+0 message="boom" {error="boom"}"#
    );
    assert_eq!(
        with(r#""error":"boom","otel.status_code":"OK""#),
        r#"ok 1000+0 {error="boom"}"#
    );
}

#[test]
fn a_span_without_a_time_begins_with_its_first_annotation() {
    let span = r#"[{"traceId":"7b","id":"1","annotations":[{"timestamp":9,"value":"b"},{"timestamp":7,"value":"a"}]},
        {"traceId":"7b","id":"2"}]"#;
    let lines = lines(span);
    assert!(
        lines[0].contains(" 7000+0 {otel.zipkin.absentField.startTime=true}"),
        "{}",
        lines[0]
    );
    assert!(
        lines[1].contains(" 0+0 {otel.zipkin.absentField.startTime=true}"),
        "{}",
        lines[1]
    );
}

#[test]
fn a_parent_that_is_none_is_none() {
    for parent in [r#""0000000000000000""#, r#""""#, "null", r#""1""#] {
        let span = format!(r#"[{{"traceId":"7b","id":"1","parentId":{parent},"timestamp":1}}]"#);
        assert!(lines(&span)[0].starts_with("7b/1 "), "{parent}");
    }
}

#[test]
fn equal_resources_and_scopes_share_a_row() {
    let span = |id, service| {
        format!(
            r#"{{"traceId":"7b","id":"{id}","timestamp":1,"localEndpoint":{{"serviceName":"{service}"}},"tags":{{"host.name":"h","otel.scope.name":"s"}}}}"#
        )
    };
    let spans = format!("[{},{},{}]", span(1, "a"), span(2, "b"), span(3, "a"));
    let batch = json::decode(spans.as_bytes()).unwrap().batch;
    assert_eq!(batch.resource_services(), ["a", "b"]);
    assert_eq!(batch.scopes().name.len(), 1);
}

#[test]
fn a_bad_span_is_left_out_alone() {
    let spans = r#"[{"traceId":"xyz","id":"1"},{"id":"1"},{"traceId":"7b","id":"00000000000000001"},
        {"traceId":"7b","id":"1","parentId":"gg"},{"traceId":"7b","id":"1","timestamp":18446744073709551615},
        {"traceId":"7b","id":"2","timestamp":1,"tags":{"k":"v"}}]"#;
    let decoded = json::decode(spans.as_bytes()).unwrap();
    assert_eq!(decoded.batch.len(), 1);
    assert_eq!(decoded.rejected.total(), 5);
    let message = decoded.rejected.message().unwrap();
    for part in [
        "2 spans rejected: traceId has a character that is not hexadecimal (first: resource 0, scope 0, span 0)",
        "id must be 16 hexadecimal digits, got 17",
        "parentId has a character that is not hexadecimal",
        "timestamp is 9223372036854775807 µs",
    ] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn what_is_malformed_says_where_and_what() {
    let cases = [
        ("", None),
        ("[]", None),
        ("null", None),
        (
            "{}",
            Some("line 1 column 1, spans: expected an array, got an object"),
        ),
        (
            "[1]",
            Some("line 1 column 2, spans[0]: expected an object, got a number"),
        ),
        (
            "[{\"id\":1}]",
            Some("line 1 column 8, spans[0].id: expected a string, got a number"),
        ),
        (
            "[{\"timestamp\":\"soon\"}]",
            Some("line 1 column 15, spans[0].timestamp: expected an integer that fits the field"),
        ),
        (
            "[{\"binaryAnnotations\":[]}]",
            Some(
                "line 1 column 23, spans[0]: not of the form that is expected: \
                 binaryAnnotations are of version 1; send them to /api/v1/spans",
            ),
        ),
        (
            "[{",
            Some("line 1 column 2: malformed JSON: EOF while parsing an object"),
        ),
    ];
    for (body, want) in cases {
        let got = json::decode(body.as_bytes()).map(drop);
        let got = got.map_err(|error| error.to_string()).err();
        assert_eq!(got.as_deref(), want, "{body}");
    }
}

fn number(field: u8, value: u64) -> Vec<u8> {
    let mut out = vec![field << 3];
    prost::encoding::encode_varint(value, &mut out);
    out
}

fn fixed(field: u8, value: u64) -> Vec<u8> {
    [vec![field << 3 | 1], value.to_le_bytes().to_vec()].concat()
}

#[test]
fn protobuf_says_the_same() {
    let local = [field(1, b"cart"), field(2, &[10, 0, 0, 1]), number(4, 80)].concat();
    let remote = [field(1, b"pay"), field(3, &[&[0; 15][..], &[1]].concat())].concat();
    let span = [
        field(1, &[0, 0, 0, 0, 0, 0, 0, 0x7b]),
        field(2, &[0, 0, 0, 0, 0, 0, 0, 2]),
        field(3, &[0, 0, 0, 0, 0, 0, 0, 1]),
        number(4, 3),
        field(5, b"send"),
        fixed(6, 1000),
        number(7, 250),
        field(8, &local),
        field(9, &remote),
        field(10, &[fixed(1, 1005), field(2, b"retry")].concat()),
        field(11, &[field(1, b"k"), field(2, b"v")].concat()),
        number(12, 1),
        number(13, 1),
    ];
    let decoded = protobuf::decode(&field(1, &span.concat())).unwrap();
    assert_eq!(
        shown(&decoded.batch),
        [
            r#"7b/1<2 "send" producer unset 1000000+250000 flags=1 resource{service.name="cart"} {k="v" net.host.ip="10.0.0.1" net.host.port=80 net.peer.ip="::1" peer.service="pay"} event="retry"@1005000"#
        ]
    );
    let ids = [field(1, &[7; 16]), field(2, b""), field(3, &[1; 8])];
    let decoded = protobuf::decode(&field(1, &ids.concat())).unwrap();
    assert_eq!(decoded.rejected.message(), None);
    let root = &shown(&decoded.batch)[0];
    assert!(!root.contains('<'), "{root}");
    let bad = [field(1, &field(1, &[1, 2])), field(1, &span.concat())].concat();
    let decoded = protobuf::decode(&bad).unwrap();
    assert_eq!((decoded.batch.len(), decoded.rejected.total()), (1, 1));
    let error = protobuf::decode(&field(1, &field(11, &[0x0a, 9]))).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("spans[0].tags: a length of 9 runs past the end, 0 bytes are left")
    );
}
