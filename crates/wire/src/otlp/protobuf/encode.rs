//! A batch as `ExportTraceServiceRequest`, and the pieces it is made of.
//!
//! Fields are written in the order of their numbers and left out when they
//! have their default value, as protobuf's own libraries do. Resource, scope and
//! status are always there, as the Collector writes them: Grafana does not ask
//! before it looks into one. Consecutive spans
//! of one resource, and within it of one scope, share their messages.

mod attributes;

pub(super) use attributes::SpanAttributes;

use crate::fields::{
    put_bytes, put_fixed64, put_i32, put_message, put_present_bytes, put_u32, put_varint,
};
use crate::otlp::Links;
use tracewell_model::batch::view::BatchView;
use tracewell_model::{Level, SpanBatch, SpanRef, ValueRef};

/// What a span often needs; a message that is larger grows.
const SPAN_BYTES: usize = 384;

pub(super) fn encode(batch: &SpanBatch) -> Vec<u8> {
    let view = BatchView::new(batch);
    let spans: Vec<SpanRef<'_>> = view.spans().collect();
    let attributes = SpanAttributes::new(batch);
    encode_spans(&view, &attributes, &spans, Links::All)
}

/// A message of some of the spans of a batch, in this order.
pub(super) fn encode_spans(
    view: &BatchView<'_>,
    attributes: &SpanAttributes<'_>,
    spans: &[SpanRef<'_>],
    links: Links,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(spans.len() * SPAN_BYTES);
    for of_resource in spans.chunk_by(|a, b| a.resource_row() == b.resource_row()) {
        put_message(&mut out, 0x0a, |out| {
            let row = of_resource[0].resource_row();
            put_resource(out, view, row);
            for of_scope in of_resource.chunk_by(|a, b| a.scope_row() == b.scope_row()) {
                put_message(out, 0x12, |out| {
                    let row = of_scope[0].scope_row();
                    put_scope(out, view, row);
                    for span in of_scope {
                        put_message(out, 0x12, |out| put_span(out, span, attributes, links));
                    }
                    put_bytes(
                        out,
                        0x1a,
                        view.batch().scopes().schema_url.get(row).as_bytes(),
                    );
                });
            }
            let url = view.batch().resources().schema_url.get(row);
            put_bytes(out, 0x1a, url.as_bytes());
        });
    }
    out
}

/// Field `resource` of `ResourceSpans`.
pub(super) fn put_resource(out: &mut Vec<u8>, view: &BatchView<'_>, row: usize) {
    let table = view.batch().resources();
    put_message(out, 0x0a, |out| {
        put_attributes(out, 0x0a, view.attributes(Level::Resource, row));
        put_u32(out, 0x10, table.dropped_attributes.get(row));
        out.extend_from_slice(table.entity_refs.get(row));
    });
}

/// Field `scope` of `ScopeSpans`.
pub(super) fn put_scope(out: &mut Vec<u8>, view: &BatchView<'_>, row: usize) {
    let table = view.batch().scopes();
    put_message(out, 0x0a, |out| {
        put_bytes(out, 0x0a, table.name.get(row).as_bytes());
        put_bytes(out, 0x12, table.version.get(row).as_bytes());
        put_attributes(out, 0x1a, view.attributes(Level::Scope, row));
        put_u32(out, 0x20, table.dropped_attributes.get(row));
    });
}

/// The fields of `Span`.
pub(super) fn put_span(
    out: &mut Vec<u8>,
    span: &SpanRef<'_>,
    attributes: &SpanAttributes<'_>,
    links: Links,
) {
    let columns = span.view().batch().spans();
    let [dropped_attributes, dropped_events, dropped_links] = span.dropped();
    put_bytes(out, 0x0a, &span.trace_id().0);
    put_bytes(out, 0x12, &span.span_id().0);
    put_bytes(out, 0x1a, span.trace_state().as_bytes());
    if let Some(parent) = span.parent_span_id() {
        put_bytes(out, 0x22, &parent.0);
    }
    put_bytes(out, 0x2a, span.name().as_bytes());
    put_i32(out, 0x30, columns.kind[span.row()]);
    put_fixed64(out, 0x39, span.start_ns());
    put_fixed64(out, 0x41, span.end_ns());
    attributes.put(out, span.view(), span.row());
    put_u32(out, 0x50, dropped_attributes);
    put_events(out, span);
    put_u32(out, 0x60, dropped_events);
    put_links(out, span, links);
    put_u32(out, 0x70, dropped_links);
    let (code, message) = (columns.status_code[span.row()], span.status_message());
    put_message(out, 0x7a, |out| {
        put_bytes(out, 0x12, message.as_bytes());
        put_i32(out, 0x18, code);
    });
    let flags = span.flags();
    if flags != 0 {
        out.extend_from_slice(&[0x85, 0x01]);
        out.extend_from_slice(&flags.to_le_bytes());
    }
}

/// Field `events` of `Span`.
pub(super) fn put_events(out: &mut Vec<u8>, span: &SpanRef<'_>) {
    let view = span.view();
    let table = view.batch().events();
    for row in span.event_rows() {
        put_message(out, 0x5a, |out| {
            put_fixed64(out, 0x09, table.time_ns[row]);
            put_bytes(out, 0x12, table.name.get(row).as_bytes());
            put_attributes(out, 0x1a, view.attributes(Level::Event, row));
            put_u32(out, 0x20, table.dropped_attributes.get(row));
        });
    }
}

/// Field `links` of `Span`. Ids of zeros are left out.
pub(super) fn put_links(out: &mut Vec<u8>, span: &SpanRef<'_>, links: Links) {
    let view = span.view();
    let table = view.batch().links();
    let rows = span.link_rows();
    for row in rows.filter(|row| links.has(table.trace_id[*row])) {
        put_message(out, 0x6a, |out| {
            let (trace_id, span_id) = (table.trace_id[row], table.span_id[row]);
            if !trace_id.is_zero() {
                put_bytes(out, 0x0a, &trace_id.0);
            }
            if !span_id.is_zero() {
                put_bytes(out, 0x12, &span_id.0);
            }
            put_bytes(out, 0x1a, table.trace_state.get(row).as_bytes());
            put_attributes(out, 0x22, view.attributes(Level::Link, row));
            put_u32(out, 0x28, table.dropped_attributes.get(row));
            if table.flags[row] != 0 {
                out.push(0x35);
                out.extend_from_slice(&table.flags[row].to_le_bytes());
            }
        });
    }
}

/// Repeated field `attributes` with the given tag.
pub(super) fn put_attributes<'a>(
    out: &mut Vec<u8>,
    tag: u8,
    attributes: impl Iterator<Item = (&'a str, ValueRef<'a>)>,
) {
    for (key, value) in attributes {
        put_message(out, tag, |out| {
            put_bytes(out, 0x0a, key.as_bytes());
            put_message(out, 0x12, |out| put_value(out, value));
        });
    }
}

/// The fields of an `AnyValue`; a scalar is written even when it is zero or
/// empty, because its presence says which type it has.
fn put_value(out: &mut Vec<u8>, value: ValueRef<'_>) {
    match value {
        ValueRef::Str(text) => put_present_bytes(out, 0x0a, text.as_bytes()),
        ValueRef::Bool(value) => out.extend_from_slice(&[0x10, u8::from(value)]),
        ValueRef::Int(value) => {
            out.push(0x18);
            put_varint(out, value as u64);
        }
        ValueRef::Double(value) => {
            out.push(0x21);
            out.extend_from_slice(&value.to_le_bytes());
        }
        ValueRef::Bytes(bytes) => put_present_bytes(out, 0x3a, bytes),
        ValueRef::Other(encoded) => out.extend_from_slice(encoded),
    }
}
