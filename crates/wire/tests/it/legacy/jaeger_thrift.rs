//! `jaeger.thrift` in both protocols.

use super::shown::shown;
use tracewell_testkit::thrift::{Val, binary, binary_call, compact_call, list, of, text};
use tracewell_wire::jaeger::thrift;
use tracewell_wire::{Decoded, Repair};

fn tag(key: &str, kind: i32, field: i16, value: Val) -> Val {
    of([(1, text(key)), (2, Val::I32(kind)), (field, value)])
}

fn string_tag(key: &str, value: &str) -> Val {
    tag(key, 0, 3, text(value))
}

fn process() -> Val {
    let tags = list([
        string_tag("hostname", "h1"),
        string_tag("jaeger.version", "Go-2.30"),
        string_tag("zone", "eu"),
    ]);
    of([(1, text("cart")), (2, tags)])
}

/// Field numbers of a span that every one of them has.
fn ids(span: i64, parent: i64) -> Vec<(i16, Val)> {
    vec![
        (1, Val::I64(0x7b)),
        (2, Val::I64(0)),
        (3, Val::I64(span)),
        (4, Val::I64(parent)),
        (5, text("GET /")),
        (7, Val::I32(1)),
        (8, Val::I64(1_000)),
        (9, Val::I64(250)),
    ]
}

fn span(span: i64, parent: i64, more: impl IntoIterator<Item = (i16, Val)>) -> Val {
    Val::Struct(ids(span, parent).into_iter().chain(more).collect())
}

fn batch(spans: Vec<Val>) -> Val {
    of([(1, process()), (2, Val::List(spans))])
}

/// Decodes the batch in every form that it may come in: all say the same.
fn decode(batch: &Val) -> Decoded {
    let decoded = thrift::decode(&binary(batch)).unwrap();
    for datagram in [
        binary_call("emitBatch", batch),
        compact_call("emitBatch", batch),
    ] {
        let other = thrift::decode_datagram(&datagram).unwrap();
        assert_eq!(shown(&other.batch), shown(&decoded.batch));
        assert_eq!(other.rejected, decoded.rejected);
    }
    decoded
}

const RESOURCE: &str = r#"resource{host.name="h1" opencensus.exporterversion="Jaeger-Go-2.30" service.name="cart" zone="eu"}"#;

#[test]
fn everything_that_a_span_says_is_kept() {
    let tags = list([
        string_tag("span.kind", "server"),
        tag("error", 2, 5, Val::Bool(true)),
        string_tag("otel.status_description", "no stock"),
        string_tag("w3c.tracestate", "a=b"),
        string_tag("otel.scope.name", "lib"),
        string_tag("otel.scope.version", "1"),
        string_tag("text", "x"),
        tag("n", 3, 6, Val::I64(i64::MIN)),
        tag("ratio", 1, 4, Val::Double(0.5)),
        tag("no", 2, 5, Val::Bool(false)),
        tag("raw", 4, 7, Val::Bytes(vec![1, 2])),
    ]);
    let log = of([
        (1, Val::I64(1_005)),
        (
            2,
            list([
                string_tag("level", "warn"),
                string_tag("event", "retry"),
                string_tag("event", "again"),
            ]),
        ),
    ]);
    let decoded = decode(&batch(vec![span(1, 0, [(10, tags), (11, list([log]))])]));
    assert_eq!(
        shown(&decoded.batch),
        [format!(
            r#"7b/1 "GET /" server error 1000000+250000 message="no stock" state=a=b flags=1 {RESOURCE} scope=lib@1 {{n=-9223372036854775808 no=false ratio=0.5 raw=[1, 2] text="x"}} event="retry"@1005000{{event="again" level="warn"}}"#
        )]
    );
}

#[test]
fn the_parent_is_the_one_named_and_other_references_are_links() {
    let reference = |kind, trace, span| {
        of([
            (1, Val::I32(kind)),
            (2, Val::I64(trace)),
            (3, Val::I64(0)),
            (4, Val::I64(span)),
        ])
    };
    let follows = list([reference(1, 0x7b, 1)]);
    let several = list([
        reference(0, 0x7b, 1),
        reference(0, 0x8b, 9),
        reference(0, 0x7b, 3),
    ]);
    let decoded = decode(&batch(vec![
        span(2, 1, [(6, follows)]),
        span(3, 0, [(6, several)]),
        span(4, 3, []),
    ]));
    let lines = shown(&decoded.batch);
    assert!(
        lines[0].starts_with("7b/2<1 ") && lines[0].ends_with(" link=7b/1"),
        "{}",
        lines[0]
    );
    assert!(lines[1].starts_with("7b/3<1 "), "{}", lines[1]);
    let links =
        r#" link=8b/9{opentracing.ref_type="child_of"} link=7b/3{opentracing.ref_type="child_of"}"#;
    assert!(lines[1].ends_with(links), "{}", lines[1]);
    assert!(lines[2].starts_with("7b/4<3 "), "{}", lines[2]);
}

#[test]
fn an_error_that_the_status_denies_stays_an_attribute() {
    let tags = |code| {
        list([
            string_tag("error", "true"),
            string_tag("otel.status_code", code),
        ])
    };
    let decoded = decode(&batch(vec![
        span(1, 0, [(10, tags("OK"))]),
        span(2, 0, [(10, tags("ERROR"))]),
        span(3, 0, [(10, list([tag("error", 2, 5, Val::Bool(false))]))]),
    ]));
    let lines = shown(&decoded.batch);
    assert!(lines[0].contains(" ok ") && lines[0].ends_with(r#"{error="true"}"#));
    assert!(lines[1].contains(" error ") && lines[1].ends_with(RESOURCE));
    assert!(lines[2].contains(" unset ") && lines[2].ends_with("{error=false}"));
}

#[test]
fn a_process_may_stand_after_its_spans_or_nowhere() {
    let after = of([(2, list([span(1, 0, [])])), (1, process())]);
    assert!(shown(&decode(&after).batch)[0].ends_with(RESOURCE));
    let nowhere = of([(2, list([span(1, 0, [])]))]);
    assert!(shown(&decode(&nowhere).batch)[0].ends_with("flags=1"));
    assert!(decode(&of([])).batch.is_empty());
}

#[test]
fn a_bad_span_is_left_out_alone() {
    let with = |field: i16, value: i64| {
        let mut fields = ids(5, 0);
        fields.retain(|(id, _)| *id != field);
        fields.push((field, Val::I64(value)));
        fields.push((10, list([string_tag("k", "v")])));
        Val::Struct(fields)
    };
    let log = of([(1, Val::I64(-7))]);
    let decoded = decode(&batch(vec![
        with(1, 0),
        with(3, 0),
        with(8, -1),
        with(9, i64::MAX),
        span(6, 0, [(11, list([log]))]),
        span(7, 0, []),
    ]));
    assert_eq!(shown(&decoded.batch).len(), 1);
    assert!(
        decoded
            .batch
            .attributes()
            .iter()
            .all(|column| &*column.key != "k")
    );
    assert_eq!(
        decoded.rejected.message().unwrap(),
        "1 span rejected: traceId is all zeros (resource 0, scope 0, span 0); \
         1 span rejected: spanId is all zeros (resource 0, scope 0, span 1); \
         3 spans rejected: startTime is -1 µs, which 64 bits of ns do not hold \
         (first: resource 0, scope 0, span 2)"
    );
}

#[test]
fn text_that_is_not_utf8_is_put_right() {
    let bad = || Val::Bytes(b"caf\xe9".to_vec());
    let tags = list([of([(1, bad()), (2, Val::I32(0)), (3, bad())])]);
    let mut fields = ids(1, 0);
    fields[4].1 = bad();
    fields.push((10, tags));
    let decoded = decode(&batch(vec![Val::Struct(fields)]));
    let line = &shown(&decoded.batch)[0];
    assert!(line.contains("\"caf\u{fffd}\" ") && line.contains("{caf\u{fffd}=\"caf\u{fffd}\"}"));
    assert_eq!(
        decoded.repaired.iter().collect::<Vec<_>>(),
        [(Repair::Utf8, 3)]
    );
}

#[test]
fn what_is_malformed_says_where_and_what() {
    let good = binary(&batch(vec![span(1, 0, [])]));
    let error = |body: &[u8]| thrift::decode(body).unwrap_err().to_string();
    let len = good.len();
    // Within the eight bytes of the last number, the duration.
    let cut = error(&good[..len - 3]);
    let want = format!(
        "byte {}, spans[0]: the message ends within a number",
        len - 2 - 8
    );
    assert_eq!(cut, want);
    let mut lying = good.clone();
    // Number of spans, behind the type of the list.
    let place = good.len() - binary(&span(1, 0, [])).len() - 1 - 4;
    lying[place..place + 4].copy_from_slice(&0x7fff_ffff_u32.to_be_bytes());
    assert_eq!(
        error(&lying),
        format!(
            "byte {}, spans: a length of 2147483647 runs past the end, {} bytes are left",
            place + 4,
            len - place - 4
        )
    );
    lying[place..place + 4].copy_from_slice(&[0xff; 4]);
    assert_eq!(
        error(&lying),
        format!("byte {place}, spans: a length of -1 is negative")
    );
    let wrong = binary(&of([(2, list([of([(3, text("1"))])]))]));
    assert_eq!(
        error(&wrong),
        "byte 11, spans[0]: field 3 is a string, not an i64"
    );
    assert_eq!(error(b"GET / HTTP/1.1"), "byte 0: 71 is no type of Thrift");
    assert_eq!(error(b""), "byte 0: the message ends within a number");
}

#[test]
fn a_datagram_must_be_a_call_of_the_agent() {
    let error = |body: &[u8]| thrift::decode_datagram(body).unwrap_err().to_string();
    let expected = "a call of emitBatch or emitZipkinBatch is expected";
    assert!(error(&compact_call("emitTrace", &of([]))).ends_with(expected));
    assert!(error(&binary_call("x", &of([]))).ends_with(expected));
    assert_eq!(
        error(&[0x82, 0x83, 0]),
        "byte 0: no Thrift message begins like this"
    );
    assert_eq!(
        error(&[0x81, 1, 0, 4]),
        "byte 0: no Thrift message begins like this"
    );
    // A message without the version, as the first writers had it.
    let mut old = vec![0, 0, 0, 9];
    old.extend(b"emitBatch\x04\0\0\0\0");
    old.extend(binary(&of([(1, batch(vec![span(1, 0, [])]))])));
    assert_eq!(thrift::decode_datagram(&old).unwrap().batch.len(), 1);
}

#[test]
fn unknown_fields_are_skipped_and_nesting_ends() {
    let unknown = of([
        (1, list([list([Val::Bool(true)])])),
        (2, Val::Bool(true)),
        (99, Val::I16(3)),
    ]);
    let known = batch(vec![span(1, 0, [(99, unknown)])]);
    assert_eq!(decode(&known).batch.len(), 1);
    let mut deep = of([]);
    for _ in 0..5_000 {
        deep = of([(1, deep)]);
    }
    let error = thrift::decode(&binary(&of([(99, deep)])))
        .unwrap_err()
        .to_string();
    assert!(error.ends_with("nested deeper than 32 levels"), "{error}");
}

/// As exporters of OpenTelemetry write it: the name of the process as a tag as
/// well, events called `message`.
#[test]
fn the_name_of_a_process_counts_once_and_a_message_names_an_event() {
    let log = |fields: Val| of([(1, Val::I64(1_005)), (2, fields)]);
    let logs = list([
        log(list([string_tag("message", "retry"), string_tag("n", "1")])),
        log(list([
            string_tag("message", "no stock"),
            string_tag("event", "error"),
        ])),
    ]);
    let named = |more: Val| of([(1, text("cart")), (2, list([more]))]);
    let decoded = decode(&of([
        (1, named(string_tag("service.name", "cart"))),
        (2, list([span(1, 0, [(11, logs)])])),
    ]));
    let shown = shown(&decoded.batch).join("\n");
    assert_eq!(shown.matches("service.name").count(), 1, "{shown}");
    for (name, attribute) in [("retry", "n=\"1\""), ("error", "message=\"no stock\"")] {
        assert!(shown.contains(name) && shown.contains(attribute), "{shown}");
    }
    assert!(!shown.contains("message=\"retry\""), "{shown}");

    let of_tag = of([
        (1, text("")),
        (2, list([string_tag("service.name", "shop")])),
    ]);
    let decoded = decode(&of([(1, of_tag), (2, list([span(1, 0, [])]))]));
    assert!(self::shown(&decoded.batch)[0].contains("service.name=\"shop\""));
}
