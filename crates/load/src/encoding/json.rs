//! OTLP JSON: hex ids, numeric enums, 64-bit integers as strings.

use super::super::shape::{CountedKey, Event, Service, Span, Value};
use super::{Hole, Piece};

/// Nanoseconds since the epoch have 19 digits from 2001 to 2286.
pub(super) const TIME_DIGITS: usize = 19;

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl Piece {
    /// A member whose value is a string with a hole of this width.
    fn member(&mut self, name: &str, hole: Hole, width: usize) {
        self.text(&format!("\"{name}\":\""));
        self.hole(hole, width);
        self.text("\",");
    }

    fn list<T>(&mut self, name: &str, items: &[T], write: fn(&mut Self, &T)) {
        self.text(&format!("\"{name}\":["));
        for (index, item) in items.iter().enumerate() {
            self.text(if index > 0 { "," } else { "" });
            write(self, item);
        }
        self.text("]");
    }
}

fn attribute(piece: &mut Piece, (name, value): &(String, Value)) {
    piece.text(&format!("{{\"key\":{},\"value\":{{", quoted(name)));
    match value {
        Value::Text(text) => piece.text(&format!("\"stringValue\":{}", quoted(text))),
        Value::Digits {
            prefix,
            width,
            source,
        } => {
            piece.text(&format!("\"stringValue\":\"{prefix}"));
            piece.hole(
                Hole::Digits {
                    width: *width,
                    source: *source,
                },
                *width,
            );
            piece.text("\"");
        }
        Value::Int(value) => piece.text(&format!("\"intValue\":\"{value}\"")),
        Value::Bool(value) => piece.text(&format!("\"boolValue\":{value}")),
        Value::Double(value) => piece.text(&format!("\"doubleValue\":{value}")),
    }
    piece.text("}}");
}

fn counted(piece: &mut Piece, attribute: &CountedKey) {
    let (width, source) = (attribute.width, attribute.source);
    piece.text(&format!("{{\"key\":\"{}", attribute.prefix));
    piece.hole(Hole::Digits { width, source }, width);
    let value = quoted(&attribute.value);
    piece.text(&format!("\",\"value\":{{\"stringValue\":{value}}}}}"));
}

fn event(piece: &mut Piece, event: &Event) {
    piece.text("{");
    piece.member("timeUnixNano", Hole::Time(event.time_ns), TIME_DIGITS);
    piece.text(&format!("\"name\":{},", quoted(event.name)));
    piece.list("attributes", &event.attributes, attribute);
    piece.text("}");
}

/// A comma and one element of `spans`.
pub(super) fn span(span: &Span) -> Piece {
    let mut piece = Piece::default();
    piece.text(",{");
    piece.member("traceId", Hole::TraceId, 32);
    piece.member("spanId", Hole::SpanId, 16);
    if let Some(parent) = span.parent {
        piece.member("parentSpanId", Hole::ParentId(parent), 16);
    }
    piece.member("startTimeUnixNano", Hole::Time(span.start_ns), TIME_DIGITS);
    piece.member("endTimeUnixNano", Hole::Time(span.end_ns), TIME_DIGITS);
    piece.text(&format!(
        "\"name\":{},\"kind\":{},\"flags\":1,",
        quoted(&span.name),
        span.kind
    ));
    if span.has_link {
        piece.text("\"links\":[{");
        piece.member("traceId", Hole::LinkedTraceId, 32);
        piece.member("spanId", Hole::LinkedSpanId, 16);
        piece.text("\"attributes\":[]}],");
    }
    if let Some(message) = &span.error {
        piece.text(&format!(
            "\"status\":{{\"code\":2,\"message\":{}}},",
            quoted(message)
        ));
    }
    if !span.events.is_empty() {
        piece.list("events", &span.events, event);
        piece.text(",");
    }
    piece.list("attributes", &span.attributes, attribute);
    if !span.counted.is_empty() {
        // The list goes on where the other attributes end.
        piece.bytes.pop();
        for (index, each) in span.counted.iter().enumerate() {
            let is_first = index == 0 && span.attributes.is_empty();
            piece.text(if is_first { "" } else { "," });
            counted(&mut piece, each);
        }
        piece.text("]");
    }
    piece.text("}");
    piece
}

/// Everything of a `resourceSpans` element that stands before its spans.
pub(super) fn head(service: &Service) -> Vec<u8> {
    let mut piece = Piece::default();
    piece.text("{\"resource\":{");
    piece.list("attributes", &service.attributes, attribute);
    piece.text(&format!(
        "}},\"scopeSpans\":[{{\"scope\":{{\"name\":{},\"version\":{}}},\"spans\":[",
        quoted(service.scope_name),
        quoted(service.scope_version)
    ));
    piece.bytes
}

/// `ExportTraceServiceRequest`.
pub(super) fn request<'a>(parts: impl Iterator<Item = (&'a Vec<u8>, &'a Vec<u8>)>) -> Vec<u8> {
    let mut body = b"{\"resourceSpans\":[".to_vec();
    for (index, (head, spans)) in parts.enumerate() {
        body.extend_from_slice(if index > 0 { b"," } else { b"" });
        body.extend_from_slice(head);
        // Every span brings a comma; the first has nothing to be parted from.
        body.extend_from_slice(spans.get(1..).unwrap_or_default());
        body.extend_from_slice(b"]}]}");
    }
    body.extend_from_slice(b"]}");
    body
}
