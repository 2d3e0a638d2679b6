//! A batch as OTLP/JSON.
//!
//! Ids are hexadecimal, enums numbers, 64-bit integers strings; or as protobuf
//! itself would write them: ids in base64, enums by name. Defaults are
//! left out as protobuf's JSON does, except what readers of spans count on:
//! ids, name, kind, times and status of a span, `resource`, `scope` and the
//! lists around them, key and value of an attribute (Jaeger's UI refuses
//! answers without some of these, and the Collector writes most of them).

use crate::json::members::{Members, object, put_text};
use crate::otlp::Links;
use crate::otlp::protobuf::entity::entity_refs;
use std::fmt::Display;
use tracewell_model::batch::view::BatchView;
use tracewell_model::{AnyValue, Level, SpanBatch, SpanRef, ValueRef};

/// Fields 1 to 4 of `EntityRef`: name, and whether it is a list.
const ENTITY_FIELDS: [(&str, bool); 4] = [
    ("schemaUrl", false),
    ("type", false),
    ("idKeys", true),
    ("descriptionKeys", true),
];

/// What readers differ in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    pub(super) links: Links,
    /// Bytes and enums as protobuf's JSON has them, not OTLP's.
    pub(super) is_of_protobuf: bool,
}

/// By number, from 0.
const KINDS: [&str; 6] = [
    "SPAN_KIND_UNSPECIFIED",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
];

/// Likewise.
const STATUS_CODES: [&str; 3] = ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"];

impl Form {
    fn id(self, members: &mut Members<'_>, name: &str, hex: impl Display, bytes: &[u8]) {
        match self.is_of_protobuf {
            true => members.bytes(name, bytes),
            false => members.quoted(name, hex),
        }
    }

    /// A number that nobody has given a name stays one.
    fn code(self, members: &mut Members<'_>, name: &str, code: i32, names: &[&str]) {
        let known = usize::try_from(code).ok().and_then(|code| names.get(code));
        match known.filter(|_| self.is_of_protobuf) {
            Some(known) => members.quoted(name, known),
            None => members.bare(name, code),
        }
    }
}

pub(super) fn encode(batch: &SpanBatch, form: Form) -> Vec<u8> {
    let view = BatchView::new(batch);
    let spans: Vec<SpanRef<'_>> = view.spans().collect();
    let mut out = Vec::new();
    let of_resources = spans.chunk_by(|a, b| a.resource_row() == b.resource_row());
    object(&mut out, |request| {
        request.list("resourceSpans", of_resources, |out, of_resource| {
            put_resource_spans(out, &view, of_resource, form);
        });
    });
    out
}

fn put_resource_spans(out: &mut Vec<u8>, view: &BatchView<'_>, spans: &[SpanRef<'_>], form: Form) {
    let row = spans[0].resource_row();
    let table = view.batch().resources();
    let of_scopes = spans.chunk_by(|a, b| a.scope_row() == b.scope_row());
    object(out, |members| {
        members.value("resource", |out| {
            object(out, |resource| {
                attributes(resource, view.attributes(Level::Resource, row));
                resource.count("droppedAttributesCount", table.dropped_attributes.get(row));
                put_entity_refs(resource, table.entity_refs.get(row));
            });
        });
        members.list("scopeSpans", of_scopes, |out, of_scope| {
            put_scope_spans(out, view, of_scope, form);
        });
        members.text("schemaUrl", table.schema_url.get(row));
    });
}

fn put_scope_spans(out: &mut Vec<u8>, view: &BatchView<'_>, spans: &[SpanRef<'_>], form: Form) {
    let row = spans[0].scope_row();
    let table = view.batch().scopes();
    object(out, |members| {
        members.value("scope", |out| {
            object(out, |scope| {
                scope.text("name", table.name.get(row));
                scope.text("version", table.version.get(row));
                attributes(scope, view.attributes(Level::Scope, row));
                scope.count("droppedAttributesCount", table.dropped_attributes.get(row));
            });
        });
        members.list("spans", spans.iter(), |out, span| put_span(out, span, form));
        members.text("schemaUrl", table.schema_url.get(row));
    });
}

fn put_span(out: &mut Vec<u8>, span: &SpanRef<'_>, form: Form) {
    let columns = span.view().batch().spans();
    let [dropped_attributes, dropped_events, dropped_links] = span.dropped();
    let events = span.event_rows();
    let link_ids = &span.view().batch().links().trace_id;
    let rows = span.link_rows();
    let mut links = rows.filter(|row| form.links.has(link_ids[*row])).peekable();
    object(out, |members| {
        form.id(members, "traceId", span.trace_id(), &span.trace_id().0);
        form.id(members, "spanId", span.span_id(), &span.span_id().0);
        members.text("traceState", span.trace_state());
        if let Some(parent) = span.parent_span_id() {
            form.id(members, "parentSpanId", parent, &parent.0);
        }
        members.count("flags", span.flags());
        members.always_text("name", span.name());
        form.code(members, "kind", columns.kind[span.row()], &KINDS);
        members.quoted("startTimeUnixNano", span.start_ns());
        members.quoted("endTimeUnixNano", span.end_ns());
        attributes(members, span.attributes());
        members.count("droppedAttributesCount", dropped_attributes);
        if !events.is_empty() {
            members.list("events", events, |out, row| put_event(out, span, row));
        }
        members.count("droppedEventsCount", dropped_events);
        if links.peek().is_some() {
            members.list("links", links, |out, row| put_link(out, span, row, form));
        }
        members.count("droppedLinksCount", dropped_links);
        members.value("status", |out| {
            object(out, |status| {
                status.text("message", span.status_message());
                let code = columns.status_code[span.row()];
                if code != 0 {
                    form.code(status, "code", code, &STATUS_CODES);
                }
            });
        });
    });
}

fn put_event(out: &mut Vec<u8>, span: &SpanRef<'_>, row: usize) {
    let table = span.view().batch().events();
    object(out, |event| {
        event.quoted("timeUnixNano", table.time_ns[row]);
        event.always_text("name", table.name.get(row));
        attributes(event, span.view().attributes(Level::Event, row));
        event.count("droppedAttributesCount", table.dropped_attributes.get(row));
    });
}

fn put_link(out: &mut Vec<u8>, span: &SpanRef<'_>, row: usize, form: Form) {
    let table = span.view().batch().links();
    let (trace_id, span_id) = (table.trace_id[row], table.span_id[row]);
    object(out, |link| {
        if !trace_id.is_zero() {
            form.id(link, "traceId", trace_id, &trace_id.0);
        }
        if !span_id.is_zero() {
            form.id(link, "spanId", span_id, &span_id.0);
        }
        link.text("traceState", table.trace_state.get(row));
        attributes(link, span.view().attributes(Level::Link, row));
        link.count("droppedAttributesCount", table.dropped_attributes.get(row));
        link.count("flags", table.flags[row]);
    });
}

/// `AnyValue`.
fn put_value(out: &mut Vec<u8>, value: ValueRef<'_>) {
    object(out, |members| match value {
        ValueRef::Str(text) => members.always_text("stringValue", text),
        ValueRef::Bool(value) => members.bare("boolValue", value),
        ValueRef::Int(value) => members.quoted("intValue", value),
        ValueRef::Double(value) => members.double("doubleValue", value),
        ValueRef::Bytes(bytes) => members.bytes("bytesValue", bytes),
        ValueRef::Other(_) => nested(members, &value.to_any()),
    });
}

/// Member `attributes`, left out when there are none.
fn attributes<'a>(
    members: &mut Members<'_>,
    attributes: impl Iterator<Item = (&'a str, ValueRef<'a>)>,
) {
    let mut attributes = attributes.peekable();
    if attributes.peek().is_none() {
        return;
    }
    members.list("attributes", attributes, |out, (key, value)| {
        object(out, |attribute| {
            attribute.always_text("key", key);
            attribute.value("value", |out| put_value(out, value));
        });
    });
}

/// The member of an `AnyValue` that is part of another.
fn nested(members: &mut Members<'_>, value: &AnyValue) {
    match value {
        AnyValue::Empty => {}
        AnyValue::String(text) => members.always_text("stringValue", text),
        AnyValue::Bool(value) => members.bare("boolValue", value),
        AnyValue::Int(value) => members.quoted("intValue", value),
        AnyValue::Double(value) => members.double("doubleValue", *value),
        AnyValue::Bytes(bytes) => members.bytes("bytesValue", bytes),
        AnyValue::Array(items) => members.value("arrayValue", |out| {
            object(out, |array| {
                array.list("values", items.iter(), |out, item| {
                    object(out, |members| nested(members, item));
                });
            });
        }),
        AnyValue::KvList(pairs) => members.value("kvlistValue", |out| {
            object(out, |list| {
                list.list("values", pairs.iter(), |out, (key, value)| {
                    object(out, |pair| {
                        pair.always_text("key", key);
                        pair.value("value", |out| {
                            object(out, |members| nested(members, value));
                        });
                    });
                });
            });
        }),
    }
}

/// Member `entityRefs`, from the bytes that came in.
fn put_entity_refs(members: &mut Members<'_>, encoded: &[u8]) {
    let entities = entity_refs(encoded);
    if entities.is_empty() {
        return;
    }
    members.list("entityRefs", entities.iter(), |out, fields| {
        object(out, |entity| {
            for ((name, is_list), texts) in ENTITY_FIELDS.into_iter().zip(fields) {
                if is_list && !texts.is_empty() {
                    entity.list(name, texts.iter(), |out, text| put_text(out, text));
                } else if let Some(text) = texts.last() {
                    entity.text(name, text);
                }
            }
        });
    });
}
