//! Version 1 of Zipkin's model, in JSON and Thrift.

use super::shown::shown;
use tracewell_testkit::thrift::{Val, binary, binary_call, compact_call, list, of, text};
use tracewell_wire::jaeger;
use tracewell_wire::zipkin::v1::{json, thrift};

fn lines(spans: &str) -> Vec<String> {
    let decoded = json::decode(spans.as_bytes()).unwrap();
    assert_eq!(decoded.rejected.message(), None);
    shown(&decoded.batch)
}

#[test]
fn a_client_s_half_knows_whom_it_called() {
    let span = r#"[{"traceId":"7b","id":"1","parentId":"2","name":"get","timestamp":10,"duration":30,
        "annotations":[{"timestamp":10,"value":"cs","endpoint":{"serviceName":"a","ipv4":"10.0.0.1"}},
            {"timestamp":20,"value":"ws","endpoint":{"serviceName":"a"}},
            {"timestamp":40,"value":"cr","endpoint":{"serviceName":"a"}}],
        "binaryAnnotations":[{"key":"http.path","value":"/x","endpoint":{"serviceName":"a"}},
            {"key":"size","value":"9007199254740993","type":"I64"},{"key":"ok","value":true},
            {"key":"raw","value":"AQI=","type":"BYTES"},{"key":"half","value":0.5},
            {"key":"lc","value":""},
            {"key":"sa","value":true,"endpoint":{"serviceName":"b","port":443}}]}]"#;
    assert_eq!(
        lines(span),
        [
            r#"7b/1<2 "get" client unset 10000+30000 resource{service.name="a"} {half=0.5 http.path="/x" net.host.ip="10.0.0.1" net.peer.port=443 ok=true peer.service="b" raw=[1, 2] size=9007199254740993} event="ws"@20000"#
        ]
    );
}

#[test]
fn a_span_of_client_and_server_becomes_two() {
    let span = r#"[{"traceId":"7b","id":"1","name":"get","timestamp":10,"duration":30,
        "annotations":[{"timestamp":10,"value":"cs","endpoint":{"serviceName":"a"}},
            {"timestamp":15,"value":"sr","endpoint":{"serviceName":"b"}},
            {"timestamp":17,"value":"work","endpoint":{"serviceName":"b"}},
            {"timestamp":25,"value":"ss","endpoint":{"serviceName":"b"}},
            {"timestamp":40,"value":"cr","endpoint":{"serviceName":"a"}}],
        "binaryAnnotations":[{"key":"of.a","value":"1","endpoint":{"serviceName":"a"}},
            {"key":"of.b","value":"2","endpoint":{"serviceName":"b"}},
            {"key":"error","value":"boom","endpoint":{"serviceName":"b"}},
            {"key":"ca","value":true,"endpoint":{"serviceName":"a","ipv4":"10.0.0.1"}}]}]"#;
    assert_eq!(
        lines(span),
        [
            r#"7b/1 "get" client unset 10000+30000 resource{service.name="a"} {of.a="1"}"#,
            r#"7b/1 "get" server error 15000+10000 message="boom" resource{service.name="b"} {error="boom" net.peer.ip="10.0.0.1" of.b="2" peer.service="a"} event="work"@17000"#
        ]
    );
}

#[test]
fn a_half_that_is_wrong_does_not_cost_the_other() {
    let span = |client_us: u64, server_us: u64| {
        format!(
            r#"[{{"traceId":"7b","id":"1","annotations":[
            {{"timestamp":{client_us},"value":"cs","endpoint":{{"serviceName":"a"}}}},
            {{"timestamp":{server_us},"value":"sr","endpoint":{{"serviceName":"b"}}}}]}}]"#
        )
    };
    let never = u64::MAX;
    for (client_us, server_us, kept, rejected) in [
        (never, 15, vec!["server"], 1),
        (10, never, vec!["client"], 1),
        (never, never - 1, vec![], 2),
    ] {
        let decoded = json::decode(span(client_us, server_us).as_bytes()).unwrap();
        let lines = shown(&decoded.batch);
        assert_eq!(lines.len(), kept.len(), "{lines:?}");
        for (line, kind) in lines.iter().zip(kept) {
            assert!(line.contains(kind), "{line}");
        }
        assert_eq!(decoded.rejected.total(), rejected);
    }
    let both = span(10, 15).replace("7b", "0");
    let decoded = json::decode(both.as_bytes()).unwrap();
    assert_eq!((decoded.batch.len(), decoded.rejected.total()), (0, 2));
}

#[test]
fn a_call_of_oneself_is_two_spans_and_a_local_one_is_not() {
    let span = |server_us| {
        format!(
            r#"[{{"traceId":"7b","id":"1","annotations":[
            {{"timestamp":10,"value":"cs","endpoint":{{"serviceName":"a"}}}},
            {{"timestamp":{server_us},"value":"sr","endpoint":{{"serviceName":"a"}}}}]}}]"#
        )
    };
    assert_eq!(lines(&span(12)).len(), 2);
    let local = lines(&span(10));
    assert_eq!(local.len(), 1);
    assert!(
        local[0].starts_with("7b/1 \"\" unspecified"),
        "{}",
        local[0]
    );
}

#[test]
fn messages_have_two_ends_as_well() {
    let span = r#"[{"traceId":"7b","id":"1","timestamp":10,"annotations":[
        {"timestamp":10,"value":"ms","endpoint":{"serviceName":"a"}},
        {"timestamp":19,"value":"mr","endpoint":{"serviceName":"b"}}],
        "binaryAnnotations":[{"key":"ma","value":true,"endpoint":{"serviceName":"kafka"}}]}]"#;
    let lines = lines(span);
    assert!(lines[0].contains("producer") && lines[0].contains(r#"peer.service="kafka""#));
    assert!(
        lines[1].contains("consumer unset 19000+0") && lines[1].contains(r#"service.name="b""#)
    );
}

#[test]
fn the_wire_ends_a_message_sent_and_begins_one_received() {
    let span = |annotations: &str| {
        let span = format!(r#"[{{"traceId":"7b","id":"1","annotations":[{annotations}]}}]"#);
        lines(&span).remove(0)
    };
    let sent = span(r#"{"timestamp":10,"value":"ms"},{"timestamp":19,"value":"ws"}"#);
    assert!(sent.contains("producer unset 10000+9000"), "{sent}");
    let received = span(r#"{"timestamp":20,"value":"mr"},{"timestamp":12,"value":"wr"}"#);
    assert!(received.contains("consumer unset 12000+8000"), "{received}");
    for told in [&sent, &received] {
        assert!(!told.contains("event"), "{told}");
    }

    let alone = span(r#"{"timestamp":10,"value":"ws"},{"timestamp":12,"value":"wr"}"#);
    assert!(alone.contains("unspecified"), "{alone}");
    assert_eq!(alone.matches("event").count(), 2, "{alone}");
}

#[test]
fn version_2_is_told_where_to_go() {
    let error = json::decode(br#"[{"tags":{}}]"#).unwrap_err().to_string();
    assert!(
        error.ends_with("are of version 2; send it to /api/v2/spans"),
        "{error}"
    );
}

fn endpoint(service: &str) -> Val {
    of([
        (1, Val::I32(0x0a00_0007)),
        (2, Val::I16(-1)),
        (3, text(service)),
    ])
}

fn binary_annotation(key: &str, value: Val, kind: i32) -> Val {
    of([
        (1, text(key)),
        (2, value),
        (3, Val::I32(kind)),
        (4, endpoint("a")),
    ])
}

fn thrift_spans() -> Val {
    let annotation = |at, value| of([(1, Val::I64(at)), (2, text(value)), (3, endpoint("a"))]);
    list([of([
        (1, Val::I64(0x7b)),
        (3, text("get")),
        (4, Val::I64(1)),
        (5, Val::I64(2)),
        (
            6,
            list([
                annotation(10, "sr"),
                annotation(30, "ss"),
                annotation(12, "hit"),
            ]),
        ),
        (
            8,
            list([
                binary_annotation("text", text("x"), 6),
                binary_annotation("short", Val::Bytes(vec![0xff, 0xfe]), 2),
                binary_annotation("double", Val::Bytes(0.5f64.to_be_bytes().to_vec()), 5),
                binary_annotation("yes", Val::Bytes(vec![1]), 0),
                binary_annotation("raw", Val::Bytes(vec![7]), 1),
            ]),
        ),
        (9, Val::Bool(true)),
        (12, Val::I64(1)),
    ])])
}

const THRIFT_LINE: &str = r#"1000000000000007b/1<2 "get" server unset 10000+20000 flags=1 resource{service.name="a"} {double=0.5 net.host.ip="10.0.0.7" net.host.port=65535 otel.zipkin.absentField.startTime=true raw=[7] short=-2 text="x" yes=true} event="hit"@12000"#;

#[test]
fn thrift_says_the_same_over_http_and_in_datagrams_of_jaeger() {
    // A start is known from the annotations, so nothing is absent.
    let want = THRIFT_LINE.replace("otel.zipkin.absentField.startTime=true ", "");
    let spans = thrift_spans();
    let decoded = thrift::decode(&binary(&spans)).unwrap();
    assert_eq!(shown(&decoded.batch), [&*want]);
    for datagram in [
        compact_call("emitZipkinBatch", &spans),
        binary_call("emitZipkinBatch", &spans),
    ] {
        let decoded = jaeger::thrift::decode_datagram(&datagram).unwrap();
        assert_eq!(shown(&decoded.batch), [&*want]);
    }
    assert!(thrift::decode(b"").unwrap().batch.is_empty());
}

#[test]
fn thrift_that_is_nonsense_is_refused_or_left_out() {
    let spans = list([
        of([(1, Val::I64(0)), (4, Val::I64(1))]),
        of([(1, Val::I64(1)), (4, Val::I64(0))]),
        of([(1, Val::I64(1)), (4, Val::I64(1)), (10, Val::I64(-5))]),
        of([(1, Val::I64(1)), (4, Val::I64(1)), (10, Val::I64(5))]),
    ]);
    let decoded = thrift::decode(&binary(&spans)).unwrap();
    assert_eq!((decoded.batch.len(), decoded.rejected.total()), (1, 3));
    let error = thrift::decode(&binary(&list([Val::I64(3)])))
        .unwrap_err()
        .to_string();
    assert_eq!(error, "byte 5, spans: field 1 is an i64, not a struct");
}
