//! `PostSpansRequest` of Jaeger's protobuf.

use super::shown::shown;
use crate::field;
use tracewell_wire::jaeger::protobuf;

fn number(field: u8, value: u64) -> Vec<u8> {
    let mut out = vec![field << 3];
    prost::encoding::encode_varint(value, &mut out);
    out
}

fn text_tag(key: &str, value: &str) -> Vec<u8> {
    [field(1, key.as_bytes()), field(3, value.as_bytes())].concat()
}

fn process(service: &str) -> Vec<u8> {
    [
        field(1, service.as_bytes()),
        field(2, &text_tag("hostname", "h1")),
    ]
    .concat()
}

fn time(seconds: u64, nanos: u64) -> Vec<u8> {
    [number(1, seconds), number(2, nanos)].concat()
}

fn trace_id() -> Vec<u8> {
    [vec![0; 15], vec![0x7b]].concat()
}

fn span(id: u8, more: &[Vec<u8>]) -> Vec<u8> {
    [
        field(1, &trace_id()),
        field(2, &[0, 0, 0, 0, 0, 0, 0, id]),
        field(3, b"GET /"),
        number(5, 1),
        field(6, &time(7, 5)),
        field(7, &time(0, 250)),
        more.concat(),
    ]
    .concat()
}

fn reference(trace: &[u8], id: u8, kind: u64) -> Vec<u8> {
    let to = [
        field(1, trace),
        field(2, &[0, 0, 0, 0, 0, 0, 0, id]),
        number(3, kind),
    ];
    field(4, &to.concat())
}

/// A request of one batch: spans, then the process, as the field numbers go.
fn request(spans: &[Vec<u8>], process: &[u8]) -> Vec<u8> {
    let spans: Vec<u8> = spans.iter().flat_map(|span| field(1, span)).collect();
    field(1, &[spans, field(2, process)].concat())
}

#[test]
fn everything_that_a_span_says_is_kept() {
    let double = [
        field(1, b"d"),
        number(2, 3),
        [vec![0x31], 0.5f64.to_le_bytes().to_vec()].concat(),
    ];
    let more = [
        reference(&trace_id(), 9, 0),
        reference(&[8; 16], 3, 1),
        field(8, &text_tag("span.kind", "client")),
        field(8, &text_tag("otel.status_code", "ERROR")),
        field(8, &text_tag("otel.library.name", "lib")),
        field(
            8,
            &[field(1, b"n"), number(2, 2), number(5, u64::MAX)].concat(),
        ),
        field(8, &[field(1, b"yes"), number(2, 1), number(4, 1)].concat()),
        field(8, &[field(1, b"zero"), number(2, 2)].concat()),
        field(
            8,
            &[field(1, b"raw"), number(2, 4), field(7, &[1, 2])].concat(),
        ),
        field(8, &double.concat()),
        field(
            9,
            &[
                field(1, &time(7, 9)),
                field(2, &text_tag("event", "retry")),
                field(2, &text_tag("k", "v")),
            ]
            .concat(),
        ),
        field(12, b"odd"),
    ];
    let decoded = protobuf::decode(&request(&[span(1, &more)], &process("cart"))).unwrap();
    assert_eq!(
        shown(&decoded.batch),
        [
            r#"7b/1<9 "GET /" client error 7000000005+250 flags=1 resource{host.name="h1" service.name="cart"} scope=lib@ {@jaeger@warnings=Array([String("odd")]) d=0.5 n=-1 raw=[1, 2] yes=true zero=0} event="retry"@7000000009{k="v"} link=8080808080808080808080808080808/303"#
                .replace("link=8080808080808080808080808080808/303", "link=8080808080808080808080808080808/3")
        ]
    );
}

#[test]
fn a_span_has_its_own_process_or_that_of_the_batch() {
    let own = |name| field(10, &process(name));
    let spans = [
        span(1, &[]),
        span(2, &[own("pay")]),
        span(3, &[own("pay")]),
        span(4, &[]),
    ];
    let decoded = protobuf::decode(&request(&spans, &process("cart"))).unwrap();
    let services: Vec<String> = shown(&decoded.batch)
        .iter()
        .map(|line| line.split("service.name=").nth(1).unwrap().to_owned())
        .collect();
    assert_eq!(services, ["\"cart\"}", "\"pay\"}", "\"pay\"}", "\"cart\"}"]);
    assert_eq!(decoded.batch.resource_services(), ["cart", "pay"]);
}

#[test]
fn a_bad_span_is_left_out_alone() {
    let short = [field(1, &[1, 2]), field(2, &[1; 8])].concat();
    let zeros = [field(1, &trace_id()), field(2, &[0; 8])].concat();
    let early = [
        field(1, &trace_id()),
        field(2, &[1; 8]),
        field(6, &number(1, u64::MAX)),
    ]
    .concat();
    let astray = span(5, &[reference(&[1, 2, 3], 1, 0)]);
    let spans = [short, zeros, early, astray, span(9, &[])];
    let decoded = protobuf::decode(&request(&spans, b"")).unwrap();
    assert_eq!(decoded.batch.len(), 1);
    assert_eq!(
        decoded.rejected.message().unwrap(),
        "1 span rejected: trace_id must be 16 bytes, got 2 (resource 0, scope 0, span 0); \
         1 span rejected: span_id is all zeros (resource 0, scope 0, span 1); \
         1 span rejected: trace_id of a reference must be 16 bytes, got 3 \
         (resource 0, scope 0, span 3); \
         1 span rejected: start_time is -1 s, which 64 bits of ns do not hold \
         (resource 0, scope 0, span 2)"
    );
}

#[test]
fn ids_of_64_bits_are_taken() {
    let old = [field(1, &[0, 0, 0, 0, 0, 0, 0, 5]), field(2, &[1; 8])].concat();
    let decoded = protobuf::decode(&request(&[old], b"")).unwrap();
    assert!(shown(&decoded.batch)[0].starts_with("5/101010101010101 "));
}

#[test]
fn what_is_malformed_says_where_and_what() {
    let error = |body: &[u8]| protobuf::decode(body).unwrap_err().to_string();
    let good = request(&[span(1, &[field(8, &text_tag("key", "value"))])], b"");
    assert!(
        error(&good[..good.len() - 9]).contains("batch"),
        "{}",
        error(&good[..30])
    );
    let bad_tag = request(&[span(1, &[field(8, &[0x10])])], b"");
    assert!(
        error(&bad_tag).ends_with("batch.spans[0].tags[0]: the message ends within a number"),
        "{}",
        error(&bad_tag)
    );
    assert_eq!(error(&number(1, 3)), "byte 1: field 1 has wire type 0");
    assert!(protobuf::decode(b"").unwrap().batch.is_empty());
}
