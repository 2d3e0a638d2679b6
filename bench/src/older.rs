//! The spans of the load as clients of the protocols before OTLP send them, so
//! that what these cost can be set beside OTLP.
//!
//! Everything that a span has goes along: **less would make them look cheap.**

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::json;
use tracewell_model::{AnyValue, SpanKind};
use tracewell_testkit::thrift::{Val, binary, compact_call, of, text};
use tracewell_testkit::{TestSpan, flatten};
use tracewell_wire::{Decoded, WireError, jaeger, otlp, zipkin};

/// A protocol.
pub(crate) struct Protocol {
    pub(crate) name: &'static str,
    pub(crate) decode: fn(&[u8]) -> Result<Decoded, WireError>,
    /// Requests with these spans, or datagrams.
    pub(crate) bodies: fn(&[TestSpan]) -> Vec<Vec<u8>>,
    /// Where they are sent; `None` where nothing here can send them.
    pub(crate) way: Option<Way>,
}

/// How bodies are sent.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    /// To this endpoint, at this path, as this type.
    Http(&'static str, &'static str, &'static str),
    /// As datagrams to this endpoint.
    Udp(&'static str),
}

/// As in the requests of OTLP that these are set beside.
pub(crate) const SPANS_IN_REQUEST: usize = 1_000;

/// About half of the most that fits.
pub(crate) const SPANS_IN_DATAGRAM: usize = 50;

pub(crate) const PROTOCOLS: [Protocol; 5] = [
    Protocol {
        name: "Jaeger Thrift",
        decode: jaeger::thrift::decode,
        bodies: |spans| jaeger_batches(spans, SPANS_IN_REQUEST, |batch| binary(&batch)),
        way: Some(Way::Http(
            "jaeger-http",
            "/api/traces",
            "application/x-thrift",
        )),
    },
    Protocol {
        name: "Jaeger datagrams, compact",
        decode: jaeger::thrift::decode_datagram,
        bodies: |spans| {
            let datagram = |batch| compact_call("emitBatch", &batch);
            jaeger_batches(spans, SPANS_IN_DATAGRAM, datagram)
        },
        way: Some(Way::Udp("jaeger-compact")),
    },
    Protocol {
        name: "Jaeger gRPC",
        decode: jaeger::protobuf::decode,
        bodies: jaeger_requests,
        way: None,
    },
    Protocol {
        name: "Zipkin v2 JSON",
        decode: zipkin::v2::json::decode,
        bodies: |spans| {
            let body = |spans: &[TestSpan]| {
                let spans: Vec<_> = spans.iter().map(zipkin_json).collect();
                serde_json::Value::from(spans).to_string().into_bytes()
            };
            spans.chunks(SPANS_IN_REQUEST).map(body).collect()
        },
        way: Some(Way::Http("zipkin", "/api/v2/spans", "application/json")),
    },
    Protocol {
        name: "Zipkin v1 Thrift",
        decode: zipkin::v1::thrift::decode,
        bodies: |spans| {
            let body =
                |spans: &[TestSpan]| binary(&Val::List(spans.iter().map(zipkin_thrift).collect()));
            spans.chunks(SPANS_IN_REQUEST).map(body).collect()
        },
        way: Some(Way::Http("zipkin", "/api/v1/spans", "application/x-thrift")),
    },
];

/// The spans of requests of OTLP.
pub(crate) fn spans(requests: &[Bytes]) -> anyhow::Result<Vec<TestSpan>> {
    let mut spans = Vec::new();
    for request in requests {
        spans.extend(flatten(&otlp::protobuf::decode(request)?.batch));
    }
    Ok(spans)
}

/// The spans of each process.
fn by_process(spans: &[TestSpan]) -> Vec<Vec<&TestSpan>> {
    let mut processes: BTreeMap<String, Vec<&TestSpan>> = BTreeMap::new();
    for span in spans {
        let process = format!("{:?}", span.resource);
        processes.entry(process).or_default().push(span);
    }
    processes.into_values().collect()
}

fn service(span: &TestSpan) -> String {
    let mut attributes = span.resource.iter();
    let found = attributes.find(|(key, _)| key == "service.name");
    found.map_or_else(String::new, |(_, value)| shown(value))
}

/// What is known of a process beside its name.
fn process_tags(span: &TestSpan) -> impl Iterator<Item = &(String, AnyValue)> {
    let attributes = span.resource.iter();
    attributes.filter(|(key, _)| key != "service.name")
}

fn shown(value: &AnyValue) -> String {
    match value {
        AnyValue::String(text) => text.clone(),
        AnyValue::Bool(value) => value.to_string(),
        AnyValue::Int(value) => value.to_string(),
        AnyValue::Double(value) => value.to_string(),
        other => format!("{other:?}"),
    }
}

/// Attributes, and what these protocols have no field for.
fn tags(span: &TestSpan) -> Vec<(String, AnyValue)> {
    let string = |text: &str| AnyValue::String(text.to_owned());
    let mut tags = span.attributes.clone();
    if span.kind != SpanKind::Unspecified {
        let kind = format!("{:?}", span.kind).to_lowercase();
        tags.push(("span.kind".to_owned(), AnyValue::String(kind)));
    }
    if !span.scope_name.is_empty() {
        tags.push(("otel.scope.name".to_owned(), string(&span.scope_name)));
    }
    tags
}

fn halves(span: &TestSpan) -> (i64, i64) {
    let id = u128::from_be_bytes(span.trace_id.0);
    ((id >> 64) as i64, id as i64)
}

fn micros(ns: u64) -> i64 {
    (ns / 1_000) as i64
}

fn jaeger_batches(
    spans: &[TestSpan],
    spans_each: usize,
    write: impl Fn(Val) -> Vec<u8>,
) -> Vec<Vec<u8>> {
    let mut bodies = Vec::new();
    for spans in by_process(spans) {
        for spans in spans.chunks(spans_each) {
            let process = of([
                (1, text(&service(spans[0]))),
                (
                    2,
                    Val::List(process_tags(spans[0]).map(thrift_tag).collect()),
                ),
            ]);
            let spans = Val::List(spans.iter().map(|span| jaeger_thrift(span)).collect());
            bodies.push(write(of([(1, process), (2, spans)])));
        }
    }
    bodies
}

fn thrift_tag((key, value): &(String, AnyValue)) -> Val {
    let (kind, field, value) = match value {
        AnyValue::Double(value) => (1, 4, Val::Double(*value)),
        AnyValue::Bool(value) => (2, 5, Val::Bool(*value)),
        AnyValue::Int(value) => (3, 6, Val::I64(*value)),
        other => (0, 3, text(&shown(other))),
    };
    of([(1, text(key)), (2, Val::I32(kind)), (field, value)])
}

fn jaeger_thrift(span: &TestSpan) -> Val {
    let (high, low) = halves(span);
    let logs = span.events.iter().map(|event| {
        let mut fields = vec![thrift_tag(&event_name(&event.name))];
        fields.extend(event.attributes.iter().map(thrift_tag));
        let time = Val::I64(micros(event.time_ns));
        of([(1, time), (2, Val::List(fields))])
    });
    of([
        (1, Val::I64(low)),
        (2, Val::I64(high)),
        (3, Val::I64(i64::from_be_bytes(span.span_id.0))),
        (4, Val::I64(i64::from_be_bytes(span.parent_span_id.0))),
        (5, text(&span.name)),
        (7, Val::I32(1)),
        (8, Val::I64(micros(span.start_ns))),
        (9, Val::I64(micros(span.end_ns - span.start_ns))),
        (10, Val::List(tags(span).iter().map(thrift_tag).collect())),
        (11, Val::List(logs.collect())),
    ])
}

fn event_name(name: &str) -> (String, AnyValue) {
    ("event".to_owned(), AnyValue::String(name.to_owned()))
}

fn jaeger_requests(spans: &[TestSpan]) -> Vec<Vec<u8>> {
    let request = |spans: &[&TestSpan]| {
        let mut batch = Vec::new();
        for span in spans {
            put_bytes(&mut batch, 1, &jaeger_protobuf(span));
        }
        let mut process = Vec::new();
        put_bytes(&mut process, 1, service(spans[0]).as_bytes());
        for tag in process_tags(spans[0]) {
            put_bytes(&mut process, 2, &protobuf_tag(tag));
        }
        put_bytes(&mut batch, 2, &process);
        let mut request = Vec::new();
        put_bytes(&mut request, 1, &batch);
        request
    };
    let processes = by_process(spans);
    let chunks = processes
        .iter()
        .flat_map(|spans| spans.chunks(SPANS_IN_REQUEST));
    chunks.map(request).collect()
}

fn jaeger_protobuf(span: &TestSpan) -> Vec<u8> {
    let mut out = Vec::new();
    put_bytes(&mut out, 1, &span.trace_id.0);
    put_bytes(&mut out, 2, &span.span_id.0);
    put_bytes(&mut out, 3, span.name.as_bytes());
    if !span.parent_span_id.is_zero() {
        let mut reference = Vec::new();
        put_bytes(&mut reference, 1, &span.trace_id.0);
        put_bytes(&mut reference, 2, &span.parent_span_id.0);
        put_bytes(&mut out, 4, &reference);
    }
    put_number(&mut out, 5, 1);
    put_bytes(&mut out, 6, &protobuf_time(span.start_ns));
    put_bytes(&mut out, 7, &protobuf_time(span.end_ns - span.start_ns));
    for tag in tags(span) {
        put_bytes(&mut out, 8, &protobuf_tag(&tag));
    }
    for event in &span.events {
        let mut log = Vec::new();
        put_bytes(&mut log, 1, &protobuf_time(event.time_ns));
        put_bytes(&mut log, 2, &protobuf_tag(&event_name(&event.name)));
        for field in &event.attributes {
            put_bytes(&mut log, 2, &protobuf_tag(field));
        }
        put_bytes(&mut out, 9, &log);
    }
    out
}

fn protobuf_time(ns: u64) -> Vec<u8> {
    let mut out = Vec::new();
    put_number(&mut out, 1, ns / 1_000_000_000);
    put_number(&mut out, 2, ns % 1_000_000_000);
    out
}

fn protobuf_tag((key, value): &(String, AnyValue)) -> Vec<u8> {
    let mut out = Vec::new();
    put_bytes(&mut out, 1, key.as_bytes());
    match value {
        AnyValue::Bool(value) => {
            put_number(&mut out, 2, 1);
            put_number(&mut out, 4, u64::from(*value));
        }
        AnyValue::Int(value) => {
            put_number(&mut out, 2, 2);
            put_number(&mut out, 5, *value as u64);
        }
        AnyValue::Double(value) => {
            put_number(&mut out, 2, 3);
            out.push(6 << 3 | 1);
            out.extend(value.to_le_bytes());
        }
        other => put_bytes(&mut out, 3, shown(other).as_bytes()),
    }
    out
}

fn put_bytes(out: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    out.push(field << 3 | 2);
    put_varint(out, bytes.len() as u64);
    out.extend(bytes);
}

fn put_number(out: &mut Vec<u8>, field: u8, number: u64) {
    out.push(field << 3);
    put_varint(out, number);
}

fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn zipkin_json(span: &TestSpan) -> serde_json::Value {
    let tags = span.attributes.iter().chain(&span.resource);
    let tags: BTreeMap<_, _> = tags.map(|(key, value)| (key, shown(value))).collect();
    let annotations = span.events.iter();
    let annotations: Vec<_> = annotations
        .map(|event| json!({"timestamp": micros(event.time_ns), "value": event.name}))
        .collect();
    let mut out = json!({
        "traceId": span.trace_id.to_string(),
        "id": span.span_id.to_string(),
        "name": span.name,
        "timestamp": micros(span.start_ns),
        "duration": micros(span.end_ns - span.start_ns).max(1),
        "localEndpoint": {"serviceName": service(span)},
        "annotations": annotations,
        "tags": tags,
    });
    if !span.parent_span_id.is_zero() {
        out["parentId"] = span.parent_span_id.to_string().into();
    }
    if !matches!(span.kind, SpanKind::Unspecified | SpanKind::Internal) {
        out["kind"] = format!("{:?}", span.kind).to_uppercase().into();
    }
    out
}

fn zipkin_thrift(span: &TestSpan) -> Val {
    let (high, low) = halves(span);
    let host = of([
        (1, Val::I32(0)),
        (2, Val::I16(0)),
        (3, text(&service(span))),
    ]);
    let annotations = span.events.iter().map(|event| {
        let time = Val::I64(micros(event.time_ns));
        of([(1, time), (2, text(&event.name)), (3, host.clone())])
    });
    let tags = span.attributes.iter().chain(&span.resource);
    let tags = tags.map(|(key, value)| {
        // Text is type 6.
        let (key, value) = (text(key), text(&shown(value)));
        of([(1, key), (2, value), (3, Val::I32(6)), (4, host.clone())])
    });
    let mut fields = vec![
        (1, Val::I64(low)),
        (3, text(&span.name)),
        (4, Val::I64(i64::from_be_bytes(span.span_id.0))),
    ];
    if !span.parent_span_id.is_zero() {
        let parent = i64::from_be_bytes(span.parent_span_id.0);
        fields.push((5, Val::I64(parent)));
    }
    fields.extend([
        (6, Val::List(annotations.collect())),
        (8, Val::List(tags.collect())),
        (10, Val::I64(micros(span.start_ns))),
        (11, Val::I64(micros(span.end_ns - span.start_ns).max(1))),
        (12, Val::I64(high)),
    ]);
    Val::Struct(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracewell_load::ShapeName;

    #[test]
    fn every_protocol_carries_every_span() {
        let spans = spans(&tracewell_load::requests(ShapeName::Jaeger, 1, 1, 200)).unwrap();
        for protocol in PROTOCOLS {
            let mut decoded_spans = 0;
            for body in (protocol.bodies)(&spans) {
                let decoded = (protocol.decode)(&body).unwrap();
                assert_eq!(decoded.rejected.total(), 0, "{}", protocol.name);
                decoded_spans += decoded.batch.len();
            }
            assert_eq!(decoded_spans, spans.len(), "{}", protocol.name);
        }
    }
}
