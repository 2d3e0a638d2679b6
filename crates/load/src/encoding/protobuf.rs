//! OTLP protobuf, written by hand because only the load generator needs bytes
//! with holes. Field numbers are those of opentelemetry-proto v1.

use super::super::shape::{CountedKey, Event, Service, Span, Value};
use super::{Hole, Piece};

const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const LENGTH: u32 = 2;
const FIXED32: u32 = 5;
/// Status code "error".
const STATUS_ERROR: u64 = 2;
/// Sampled, in the low byte of the span's flags.
const FLAGS: u32 = 1;

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn key(out: &mut Vec<u8>, field: u32, wire_type: u32) {
    varint(out, u64::from(field << 3 | wire_type));
}

impl Piece {
    fn varint_field(&mut self, field: u32, value: u64) {
        key(&mut self.bytes, field, VARINT);
        varint(&mut self.bytes, value);
    }

    fn text_field(&mut self, field: u32, text: &str) {
        key(&mut self.bytes, field, LENGTH);
        varint(&mut self.bytes, text.len() as u64);
        self.text(text);
    }

    fn id_field(&mut self, field: u32, hole: Hole, width: usize) {
        key(&mut self.bytes, field, LENGTH);
        varint(&mut self.bytes, width as u64);
        self.hole(hole, width);
    }

    fn time_field(&mut self, field: u32, offset_ns: u64) {
        key(&mut self.bytes, field, FIXED64);
        self.hole(Hole::Time(offset_ns), 8);
    }

    fn message_field(&mut self, field: u32, inner: &Self) {
        key(&mut self.bytes, field, LENGTH);
        varint(&mut self.bytes, inner.bytes.len() as u64);
        self.piece(inner);
    }

    fn attributes(&mut self, field: u32, attributes: &[(String, Value)]) {
        for (name, value) in attributes {
            let mut pair = Self::default();
            pair.text_field(1, name);
            pair.message_field(2, &any_value(value));
            self.message_field(field, &pair);
        }
    }
}

fn any_value(value: &Value) -> Piece {
    let mut any = Piece::default();
    match value {
        Value::Text(text) => any.text_field(1, text),
        Value::Digits {
            prefix,
            width,
            source,
        } => {
            key(&mut any.bytes, 1, LENGTH);
            varint(&mut any.bytes, (prefix.len() + width) as u64);
            any.text(prefix);
            any.hole(
                Hole::Digits {
                    width: *width,
                    source: *source,
                },
                *width,
            );
        }
        Value::Bool(value) => any.varint_field(2, u64::from(*value)),
        Value::Int(value) => any.varint_field(3, value.cast_unsigned()),
        Value::Double(value) => {
            key(&mut any.bytes, 4, FIXED64);
            any.bytes.extend_from_slice(&value.to_le_bytes());
        }
    }
    any
}

fn counted(attribute: &CountedKey) -> Piece {
    let CountedKey {
        prefix,
        width,
        source,
        value,
    } = attribute;
    let mut pair = Piece::default();
    key(&mut pair.bytes, 1, LENGTH);
    varint(&mut pair.bytes, (prefix.len() + width) as u64);
    pair.text(prefix);
    let (width, source) = (*width, *source);
    pair.hole(Hole::Digits { width, source }, width);
    pair.message_field(2, &any_value(&Value::Text(value.clone())));
    pair
}

/// `ScopeSpans.spans`, with its field key and length.
pub(super) fn span(span: &Span) -> Piece {
    let mut body = Piece::default();
    body.id_field(1, Hole::TraceId, 16);
    body.id_field(2, Hole::SpanId, 8);
    if let Some(parent) = span.parent {
        body.id_field(4, Hole::ParentId(parent), 8);
    }
    body.text_field(5, &span.name);
    body.varint_field(6, u64::from(span.kind));
    body.time_field(7, span.start_ns);
    body.time_field(8, span.end_ns);
    body.attributes(9, &span.attributes);
    for each in &span.counted {
        body.message_field(9, &counted(each));
    }
    for each in &span.events {
        body.message_field(11, &event(each));
    }
    if span.has_link {
        let mut link = Piece::default();
        link.id_field(1, Hole::LinkedTraceId, 16);
        link.id_field(2, Hole::LinkedSpanId, 8);
        body.message_field(13, &link);
    }
    if let Some(message) = &span.error {
        let mut status = Piece::default();
        status.text_field(2, message);
        status.varint_field(3, STATUS_ERROR);
        body.message_field(15, &status);
    }
    key(&mut body.bytes, 16, FIXED32);
    body.bytes.extend_from_slice(&FLAGS.to_le_bytes());

    let mut field = Piece::default();
    field.message_field(2, &body);
    field
}

fn event(event: &Event) -> Piece {
    let mut body = Piece::default();
    body.time_field(1, event.time_ns);
    body.text_field(2, event.name);
    body.attributes(3, &event.attributes);
    body
}

/// The resource field and, after its length in four bytes, the scope field:
/// the length of the spans must be known before the second can be framed.
pub(super) fn head(service: &Service) -> Vec<u8> {
    let mut resource = Piece::default();
    resource.attributes(1, &service.attributes);
    let mut resource_field = Piece::default();
    resource_field.message_field(1, &resource);

    let mut scope = Piece::default();
    scope.text_field(1, service.scope_name);
    scope.text_field(2, service.scope_version);
    let mut scope_field = Piece::default();
    scope_field.message_field(1, &scope);

    let mut head = (resource_field.bytes.len() as u32).to_le_bytes().to_vec();
    head.extend_from_slice(&resource_field.bytes);
    head.extend_from_slice(&scope_field.bytes);
    head
}

/// `ExportTraceServiceRequest`.
pub(super) fn request<'a>(parts: impl Iterator<Item = (&'a Vec<u8>, &'a Vec<u8>)>) -> Vec<u8> {
    let mut body = Vec::new();
    for (head, spans) in parts {
        let (length, fields) = head
            .split_first_chunk()
            .expect("head() starts with a length");
        let (resource, scope) = fields.split_at(u32::from_le_bytes(*length) as usize);
        let scope_spans_len = scope.len() + spans.len();
        let mut scope_spans_head = Vec::with_capacity(16);
        key(&mut scope_spans_head, 2, LENGTH);
        varint(&mut scope_spans_head, scope_spans_len as u64);

        key(&mut body, 1, LENGTH);
        varint(
            &mut body,
            (resource.len() + scope_spans_head.len() + scope_spans_len) as u64,
        );
        for field in [resource, &scope_spans_head, scope, spans] {
            body.extend_from_slice(field);
        }
    }
    body
}
