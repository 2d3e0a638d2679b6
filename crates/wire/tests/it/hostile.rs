//! Bytes that nobody should send: no panic, no memory out of proportion, and
//! an answer that leads to the fault.

use crate::arbitrary::request;
use crate::field;
use proptest::prelude::*;
use prost::Message;
use tracewell_wire::Repair;
use tracewell_wire::otlp::{json, protobuf};

/// What a batch may cost for each byte of the request, and on top of that. A
/// column of its own for each short key is the worst case.
const MEMORY_PER_BYTE: usize = 60;
const MEMORY_FIXED: usize = 10_000;

fn check_protobuf(bytes: &[u8]) {
    if let Ok(decoded) = protobuf::decode(bytes) {
        let memory = decoded.batch.memory_bytes();
        assert!(memory <= MEMORY_PER_BYTE * bytes.len() + MEMORY_FIXED);
        // What was accepted is well formed for everybody else.
        let again = protobuf::encode(&decoded.batch);
        prost_decodes(&again);
        let as_json = json::encode(&decoded.batch);
        let back = json::decode(&as_json).unwrap().batch;
        assert_eq!(back.len(), decoded.batch.len());
    }
}

fn prost_decodes(bytes: &[u8]) {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    ExportTraceServiceRequest::decode(bytes).unwrap();
}

fn check_json(bytes: &[u8]) {
    if let Ok(decoded) = json::decode(bytes) {
        let memory = decoded.batch.memory_bytes();
        assert!(memory <= MEMORY_PER_BYTE * bytes.len() + MEMORY_FIXED);
        prost_decodes(&protobuf::encode(&decoded.batch));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn arbitrary_bytes_are_no_danger(bytes: Vec<u8>) {
        check_protobuf(&bytes);
        check_json(&bytes);
    }

    #[test]
    fn cut_and_altered_requests_are_no_danger(
        request in request(),
        cut: prop::sample::Index,
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let alter = |bytes: &[u8], check: &dyn Fn(&[u8])| {
            if bytes.is_empty() {
                return;
            }
            check(&bytes[..cut.index(bytes.len())]);
            let mut altered = bytes.to_vec();
            for (place, byte) in &places {
                altered[place.index(bytes.len())] = *byte;
                check(&altered);
            }
        };
        let bytes = request.encode_to_vec();
        alter(&bytes, &check_protobuf);
        let batch = protobuf::decode(&bytes).unwrap().batch;
        alter(&json::encode(&batch), &check_json);
    }
}

/// A field that only later versions of the protocol know, of another type than
/// theirs.
#[test]
fn fields_that_are_not_known_are_not_handed_on_from_within_a_value() {
    let pair = [field(1, b"key"), field(3, b"no number")].concat();
    for (number, item) in [(6, pair.clone()), (5, field(9, b"x"))] {
        let list = field(number, &field(1, &item));
        let attribute = field(9, &[field(1, b"k"), field(2, &list)].concat());
        let bytes = in_span(&[field(1, &[1; 16]), field(2, &[1; 8]), attribute].concat());
        let decoded = protobuf::decode(&bytes).unwrap();
        assert_eq!(decoded.batch.len(), 1);
        let again = protobuf::encode(&decoded.batch);
        prost_decodes(&again);
        assert!(!again.windows(2).any(|two| two == b"no"));
    }
}

/// A key that another one replaces is in nobody's answer, but in the bytes that
/// are handed on.
#[test]
fn a_replaced_key_that_is_no_text_is_put_right() {
    let pair = [field(1, b"\xff"), field(1, b"key")].concat();
    let list = field(6, &field(1, &pair));
    let attribute = field(9, &[field(1, b"k"), field(2, &list)].concat());
    let bytes = in_span(&[field(1, &[1; 16]), field(2, &[1; 8]), attribute].concat());
    let decoded = protobuf::decode(&bytes).unwrap();
    assert_eq!(decoded.batch.len(), 1);
    prost_decodes(&protobuf::encode(&decoded.batch));
    let repaired: Vec<_> = decoded.repaired.iter().collect();
    assert_eq!(repaired, [(Repair::Utf8, 1)]);
}

fn in_span(content: &[u8]) -> Vec<u8> {
    field(1, &field(2, &field(2, content)))
}

#[test]
fn malformed_protobuf_says_where_and_what() {
    let cases: [(Vec<u8>, &str); 8] = [
        (b"not protobuf".to_vec(), "byte 1: field 13 has wire type 6"),
        (
            vec![0x0a, 0x80],
            "byte 1, resource_spans[0]: the message ends within a number",
        ),
        (
            [field(1, &[]), field(1, &field(2, &[0x0a, 9]))].concat(),
            "byte 8, resource_spans[1].scope_spans[0].scope: \
             a length of 9 runs past the end, 0 bytes are left",
        ),
        (
            field(1, &field(1, &field(1, &[0x0a, 1, b'k', 0x10, 1]))),
            "byte 10, resource_spans[0].resource.attributes[0]: field 2 has wire type 0",
        ),
        (
            in_span(&[field(9, &[]), vec![0x4a, 99, 1, 2]].concat()),
            "byte 10, resource_spans[0].scope_spans[0].spans[0].attributes[1]: \
             a length of 99 runs past the end, 2 bytes are left",
        ),
        (
            in_span(&field(9, &field(2, &[0x2a, 1, 0x0b]))),
            "byte 10, resource_spans[0].scope_spans[0].spans[0].attributes[0]: \
             malformed protobuf in an attribute value",
        ),
        (
            in_span(&field(11, &[0x09, 1, 2])),
            "byte 9, resource_spans[0].scope_spans[0].spans[0].events[0]: \
             the message ends within a number",
        ),
        (
            in_span(&field(15, &[0x19, 1])),
            "byte 9, resource_spans[0].scope_spans[0].spans[0].status: field 3 has wire type 1",
        ),
    ];
    for (body, want) in cases {
        assert_eq!(protobuf::decode(&body).unwrap_err().to_string(), want);
    }
}

#[test]
fn many_bad_spans_over_many_columns_take_no_time() {
    // 1,000 keys, then 50,000 spans that each have an attribute and no ids:
    // taking one back must not cost a look at every column.
    let attribute = |key: &str| field(9, &field(1, key.as_bytes()));
    let keys: Vec<u8> = (0..1000).flat_map(|n| attribute(&n.to_string())).collect();
    let bad = field(2, &attribute("7"));
    let spans = [field(2, &keys), bad.repeat(50_000)].concat();
    let decoded = protobuf::decode(&field(1, &field(2, &spans))).unwrap();
    assert_eq!(decoded.rejected.total(), 50_001);
    assert!(decoded.batch.is_empty());
    assert!(decoded.batch.attributes().is_empty());
}

#[test]
fn nesting_without_end_is_cut_without_a_stack_overflow() {
    let mut value = vec![0x18, 1];
    for _ in 0..2_000 {
        value = field(5, &field(1, &value));
    }
    let body = in_span(&field(9, &field(2, &value)));
    let decoded = protobuf::decode(&body).unwrap();
    let repaired: Vec<_> = decoded.repaired.iter().collect();
    assert_eq!(repaired, [(Repair::Nesting, 1)]);
    for (open, close) in [("[", "]"), (r#"{"arrayValue":{"values":["#, "]}}")] {
        let nested = [open.repeat(100_000), close.repeat(100_000)].concat();
        let body = format!(
            r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"attributes":[
            {{"key":"k","value":{nested}}}]}}]}}]}}]}}"#
        );
        assert!(json::decode(body.as_bytes()).map_or(true, |d| d.batch.is_empty()));
    }
}
