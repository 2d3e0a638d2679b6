//! Spans as an OTLP request.
//!
//! ```text
//! ExportTraceServiceRequest  1 resource_spans
//! ResourceSpans              1 resource  2 scope_spans
//! ScopeSpans                 1 scope     2 spans
//! ```
//!
//! It exists so that a batch is written in one pass. Field numbers are those of
//! opentelemetry/proto/trace/v1/trace.proto.

use super::proto::Writer;
use crate::context::SpanContext;
use crate::record::{Array, Event, KeyValue, Link, Scope, SpanData, Status, Value};

/// Of a span's flags: it is known whether the parent is remote.
const HAS_IS_REMOTE: u32 = 0x100;
/// Of a span's flags: the parent is remote.
const IS_REMOTE: u32 = 0x200;

/// The resource, encoded once for all requests.
pub(crate) fn encode_resource(attributes: &[KeyValue]) -> Vec<u8> {
    let mut writer = Writer::default();
    for attribute in attributes {
        writer.message(1, |w| key_value(w, attribute));
    }
    writer.buffer
}

/// A request of these spans. `scopes` is what their scope numbers mean.
pub(super) fn encode_spans(resource: &[u8], scopes: &[Scope], spans: &[Box<SpanData>]) -> Vec<u8> {
    let mut used: Vec<u32> = spans.iter().map(|span| span.scope).collect();
    used.sort_unstable();
    used.dedup();
    let mut writer = Writer::default();
    writer.message(1, |w| {
        w.always_bytes(1, resource);
        for number in used {
            w.message(2, |w| {
                if let Some(scope) = scopes.get(number as usize) {
                    w.message(1, |w| {
                        w.bytes(1, scope.name.as_bytes());
                        w.bytes(2, scope.version.as_bytes());
                    });
                }
                for one in spans.iter().filter(|span| span.scope == number) {
                    w.message(2, |w| span(w, one));
                }
            });
        }
    });
    writer.buffer
}

fn span(w: &mut Writer, span: &SpanData) {
    context(w, &span.context);
    if span.parent_span_id.is_valid() {
        w.bytes(4, &span.parent_span_id.0.to_be_bytes());
    }
    w.bytes(5, span.name.as_bytes());
    w.uint(6, span.kind as u64);
    w.fixed64(7, span.start_unix_ns);
    w.fixed64(8, span.end_unix_ns);
    for attribute in &span.attributes {
        w.message(9, |w| key_value(w, attribute));
    }
    w.uint(10, u64::from(span.dropped_attributes));
    for one in &span.events {
        w.message(11, |w| event(w, one));
    }
    w.uint(12, u64::from(span.dropped_events));
    for one in &span.links {
        w.message(13, |w| link(w, one));
    }
    w.uint(14, u64::from(span.dropped_links));
    match &span.status {
        Status::Unset => {}
        Status::Ok => w.message(15, |w| w.uint(3, 1)),
        Status::Error(message) => w.message(15, |w| {
            w.bytes(2, message.as_bytes());
            w.uint(3, 2);
        }),
    }
    w.fixed32(16, flags(&span.context, span.parent_is_remote));
}

/// Fields 1 to 3, the same in spans and links.
fn context(w: &mut Writer, context: &SpanContext) {
    w.bytes(1, &context.trace_id.0.to_be_bytes());
    w.bytes(2, &context.span_id.0.to_be_bytes());
    let trace_state = context.trace_state.as_deref().unwrap_or_default();
    w.bytes(3, trace_state.as_bytes());
}

fn flags(context: &SpanContext, is_remote: bool) -> u32 {
    let remote = if is_remote { IS_REMOTE } else { 0 };
    u32::from(context.flags.w3c()) | HAS_IS_REMOTE | remote
}

fn event(w: &mut Writer, event: &Event) {
    w.fixed64(1, event.time_unix_ns);
    w.bytes(2, event.name.as_bytes());
    for attribute in &event.attributes {
        w.message(3, |w| key_value(w, attribute));
    }
    w.uint(4, u64::from(event.dropped_attributes));
}

fn link(w: &mut Writer, link: &Link) {
    context(w, &link.context);
    for attribute in &link.attributes {
        w.message(4, |w| key_value(w, attribute));
    }
    w.uint(5, u64::from(link.dropped_attributes));
    w.fixed32(6, flags(&link.context, link.context.is_remote));
}

pub(super) fn key_value(w: &mut Writer, attribute: &KeyValue) {
    w.bytes(1, attribute.key.as_bytes());
    w.message(2, |w| any_value(w, &attribute.value));
}

fn any_value(w: &mut Writer, value: &Value) {
    match value {
        Value::Str(text) => w.always_bytes(1, text.as_bytes()),
        Value::Bool(value) => w.always_uint(2, u64::from(*value)),
        // Two's complement, as protobuf's int64.
        Value::I64(value) => w.always_uint(3, *value as u64),
        Value::F64(value) => w.fixed64(4, value.to_bits()),
        Value::Array(array) => w.message(5, |w| array_value(w, array)),
    }
}

fn array_value(w: &mut Writer, array: &Array) {
    match array {
        Array::Bool(values) => elements(w, values.iter().map(|value| Value::Bool(*value))),
        Array::I64(values) => elements(w, values.iter().map(|value| Value::I64(*value))),
        Array::F64(values) => elements(w, values.iter().map(|value| Value::F64(*value))),
        Array::Str(texts) => {
            for text in texts {
                w.message(1, |w| w.always_bytes(1, text.as_bytes()));
            }
        }
    }
}

fn elements(w: &mut Writer, values: impl Iterator<Item = Value>) {
    for value in values {
        w.message(1, |w| any_value(w, &value));
    }
}
