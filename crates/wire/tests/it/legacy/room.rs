//! A request may not become more than there is room for, wherever it grows.

use crate::field;
use tracewell_testkit::thrift::{Val, binary, compact_call, list, of};
use tracewell_wire::{Decoded, Room, WireError, jaeger, zipkin};

const GRANTED_BYTES: usize = 600_000;

/// What a request may grow by without asking: 256 KiB of input, each byte of
/// which can stand for a row of some sixty bytes.
const UNASKED_BYTES_MAX: usize = 16 << 20;

type Decode = fn(&[u8], Room<'_>) -> Result<Decoded, WireError>;

/// Is a request stopped that becomes too large, and as soon as it is?
fn is_stopped(decode: Decode, body: &[u8]) -> bool {
    let mut largest_bytes = 0;
    let mut grant = |bytes| {
        largest_bytes = largest_bytes.max(bytes);
        bytes <= GRANTED_BYTES
    };
    let result = decode(body, Room::granted_by(&mut grant));
    assert!(
        largest_bytes <= GRANTED_BYTES + UNASKED_BYTES_MAX,
        "had become {largest_bytes} bytes"
    );
    result.is_err_and(|error| error.is_no_room())
}

fn thrift_span(more: Vec<(i16, Val)>) -> Val {
    let ids = [(1, Val::I64(1)), (3, Val::I64(1))];
    Val::Struct(ids.into_iter().chain(more).collect())
}

#[test]
fn many_spans_are_stopped() {
    let spans = Val::List(vec![thrift_span(vec![]); 50_000]);
    let batch = of([(2, spans)]);
    assert!(is_stopped(jaeger::thrift::decode_within, &binary(&batch)));
    let span = [field(1, &[1; 16]), field(2, &[1; 8])].concat();
    let request = field(1, &field(1, &span).repeat(50_000));
    assert!(is_stopped(jaeger::protobuf::decode_within, &request));
    let span = [field(1, &[1; 16]), field(3, &[1; 8])].concat();
    let body = field(1, &span).repeat(50_000);
    assert!(is_stopped(zipkin::v2::protobuf::decode_within, &body));
    let span = r#"{"traceId":"1","id":"1"}"#;
    let body = format!("[{}]", vec![span; 50_000].join(","));
    assert!(is_stopped(zipkin::v2::json::decode_within, body.as_bytes()));
    assert!(is_stopped(zipkin::v1::json::decode_within, body.as_bytes()));
    let span = of([(1, Val::I64(1)), (4, Val::I64(1))]);
    let body = binary(&Val::List(vec![span; 50_000]));
    assert!(is_stopped(zipkin::v1::thrift::decode_within, &body));
}

#[test]
fn a_span_of_many_parts_is_stopped() {
    for parts in [6, 10, 11] {
        let nothings = Val::List(vec![of([]); 500_000]);
        let batch = of([(2, list([thrift_span(vec![(parts, nothings)])]))]);
        let datagram = compact_call("emitBatch", &batch);
        assert!(
            is_stopped(jaeger::thrift::decode_datagram_within, &datagram),
            "field {parts}"
        );
    }
    for parts in [6, 8] {
        let nothings = Val::List(vec![of([]); 500_000]);
        let spans = list([of([(1, Val::I64(1)), (4, Val::I64(1)), (parts, nothings)])]);
        let datagram = compact_call("emitZipkinBatch", &spans);
        assert!(
            is_stopped(jaeger::thrift::decode_datagram_within, &datagram),
            "field {parts}"
        );
    }
    let ids = [field(1, &[1; 16]), field(2, &[1; 8])].concat();
    for parts in [4, 8, 9, 12] {
        let span = [ids.clone(), field(parts, b"").repeat(300_000)].concat();
        let request = field(1, &field(1, &span));
        assert!(
            is_stopped(jaeger::protobuf::decode_within, &request),
            "field {parts}"
        );
    }
    let ids = [field(1, &[1; 16]), field(3, &[1; 8])].concat();
    for parts in [10, 11] {
        let span = [ids.clone(), field(parts, b"").repeat(300_000)].concat();
        let body = field(1, &span);
        assert!(
            is_stopped(zipkin::v2::protobuf::decode_within, &body),
            "field {parts}"
        );
    }
    for (member, item) in [("annotations", "{}"), ("binaryAnnotations", "{}")] {
        let items = vec![item; 400_000].join(",");
        let body = format!(r#"[{{"traceId":"1","id":"1","{member}":[{items}]}}]"#);
        assert!(
            is_stopped(zipkin::v1::json::decode_within, body.as_bytes()),
            "{member}"
        );
    }
    let items = vec!["{}"; 200_000].join(",");
    let body = format!(r#"[{{"traceId":"1","id":"1","annotations":[{items}]}}]"#);
    assert!(is_stopped(zipkin::v2::json::decode_within, body.as_bytes()));
}

#[test]
fn a_span_of_two_hosts_asks_while_it_is_put_into_the_batch() {
    let text = "x".repeat(2_000);
    let annotations = (0..20_000).map(|n| format!(r#"{{"timestamp":1,"value":"{n}{text}"}}"#));
    let tags = (0..20_000).map(|n| format!(r#"{{"key":"k","value":"{n}{text}"}}"#));
    for (member, items) in [
        ("annotations", annotations.collect::<Vec<_>>()),
        ("binaryAnnotations", tags.collect()),
    ] {
        let items = items.join(",");
        let body = format!(r#"[{{"traceId":"1","id":"1","{member}":[{items}]}}]"#);
        let mut asked_bytes = 0;
        let mut grant = |bytes| {
            asked_bytes = bytes;
            true
        };
        let room = Room::granted_by(&mut grant);
        let decoded = zipkin::v1::json::decode_within(body.as_bytes(), room).unwrap();
        let batch_bytes = decoded.batch.memory_bytes();
        assert!(
            batch_bytes <= asked_bytes + UNASKED_BYTES_MAX,
            "{member}: {batch_bytes} bytes, asked for {asked_bytes}"
        );
    }
}
