//! A span as Jaeger's model of before OpenTelemetry sees it.
//!
//! The mapping is that of the OpenTelemetry translator: what OTLP has as
//! fields becomes tags, events become logs, parent and links become
//! references. Jaeger's JSON and its protobuf are written from here, so they
//! cannot differ. It never changes what a span says: of Jaeger's read-time
//! adjusters only the one that leaves out empty links has its place here, for
//! clients take them for references to a span.

use std::borrow::Cow;

use tracewell_model::batch::view::BatchView;
use tracewell_model::{AnyValue, Level, SpanId, SpanKind, SpanRef, StatusCode, TraceId, ValueRef};

use super::fields::{CHILD_OF, REF_TYPE_KEY, WARNINGS_KEY};
use crate::any_json::any_json;
use crate::status_text;

pub use super::fields::NO_SERVICE;

/// What Jaeger says of a link that names no trace, and is left out.
const EMPTY_LINK: &str = "Invalid span link removed";

const SERVICE_KEY: &str = "service.name";

/// A value of one of Jaeger's five types.
#[derive(Debug, Clone, PartialEq)]
pub enum TagValue<'a> {
    /// Text; arrays and lists are text, too, as JSON.
    Text(Cow<'a, str>),
    /// Truth value.
    Bool(bool),
    /// Integer.
    Int(i64),
    /// Double.
    Double(f64),
    /// Bytes.
    Binary(&'a [u8]),
}

/// A key with a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Tag<'a> {
    /// The key.
    pub key: &'a str,
    /// The value.
    pub value: TagValue<'a>,
}

impl<'a> Tag<'a> {
    fn text(key: &'static str, value: &'a str) -> Self {
        let value = TagValue::Text(Cow::Borrowed(value));
        Self { key, value }
    }

    fn new((key, value): (&'a str, ValueRef<'a>)) -> Self {
        let value = match value {
            ValueRef::Str(text) => TagValue::Text(Cow::Borrowed(text)),
            ValueRef::Bool(value) => TagValue::Bool(value),
            ValueRef::Int(value) => TagValue::Int(value),
            ValueRef::Double(value) => TagValue::Double(value),
            ValueRef::Bytes(bytes) => TagValue::Binary(bytes),
            ValueRef::Other(_) => TagValue::Text(Cow::Owned(match value.to_any() {
                AnyValue::Empty => String::new(),
                other => any_json(&other, serde_json::Value::from).to_string(),
            })),
        };
        Self { key, value }
    }
}

/// How a span refers to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferenceType {
    /// The other waits for it.
    ChildOf,
    /// The other does not.
    FollowsFrom,
}

/// A reference to another span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// How.
    pub reference_type: ReferenceType,
    /// The other span's trace.
    pub trace_id: TraceId,
    /// The other span.
    pub span_id: SpanId,
}

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub struct Log<'a> {
    /// When, ns since the epoch.
    pub time_ns: u64,
    /// Its attributes, after its name as `event`.
    pub fields: Vec<Tag<'a>>,
}

/// What came from one service instance.
#[derive(Debug, Clone, PartialEq)]
pub struct Process<'a> {
    /// Its service.
    pub service: &'a str,
    /// Attributes of the resource, sorted, without the service's name.
    pub tags: Vec<Tag<'a>>,
}

impl<'a> Process<'a> {
    /// The process that the resource `row` stands for.
    #[must_use]
    pub fn new(view: &'a BatchView<'a>, row: usize) -> Self {
        let mut service = "";
        let mut tags = Vec::new();
        for (key, value) in view.attributes(Level::Resource, row) {
            match value {
                ValueRef::Str(name) if key == SERVICE_KEY => service = name,
                _ => tags.push(Tag::new((key, value))),
            }
        }
        tags.sort_by(|a, b| a.key.cmp(b.key));
        let service = shown_service(service);
        Self { service, tags }
    }
}

/// The name under which Jaeger knows a service.
#[must_use]
pub fn shown_service(name: &str) -> &str {
    if name.is_empty() { NO_SERVICE } else { name }
}

/// References: the parent first, then the links, without those that name no
/// trace.
#[must_use]
pub fn references(span: SpanRef<'_>) -> Vec<Reference> {
    let view = span.view();
    let links = view.batch().links();
    let link = |row: usize| {
        let ref_type = view.attribute(Level::Link, row, REF_TYPE_KEY);
        let reference_type = match ref_type {
            Some(ValueRef::Str(CHILD_OF)) => ReferenceType::ChildOf,
            _ => ReferenceType::FollowsFrom,
        };
        Reference {
            reference_type,
            trace_id: links.trace_id[row],
            span_id: links.span_id[row],
        }
    };
    let named = span.link_rows().filter(|row| names_trace(span, *row));
    let linked: Vec<Reference> = named.map(link).collect();
    let parent = span.parent_span_id().map(|span_id| Reference {
        reference_type: ReferenceType::ChildOf,
        trace_id: span.trace_id(),
        span_id,
    });
    // Spans of Jaeger's own clients have the parent among their links.
    let parent = parent.filter(|parent| !linked.contains(parent));
    parent.into_iter().chain(linked).collect()
}

fn names_trace(span: SpanRef<'_>, link_row: usize) -> bool {
    !span.view().batch().links().trace_id[link_row].is_zero()
}

/// Tags: scope, attributes sorted by key, then what OTLP has as fields.
#[must_use]
pub fn tags(span: SpanRef<'_>) -> Vec<Tag<'_>> {
    let batch = span.view().batch();
    let mut tags = Vec::new();
    let scope = span.scope_row();
    let scope_name = batch.scopes().name.get(scope);
    let scope_version = batch.scopes().version.get(scope);
    if !scope_name.is_empty() {
        tags.push(Tag::text("otel.scope.name", scope_name));
    }
    if !scope_version.is_empty() {
        tags.push(Tag::text("otel.scope.version", scope_version));
    }
    let own = span.attributes().filter(|(key, _)| *key != WARNINGS_KEY);
    let first_own = tags.len();
    tags.extend(own.map(Tag::new));
    tags[first_own..].sort_by(|a, b| a.key.cmp(b.key));
    if span.kind() != SpanKind::Unspecified {
        tags.push(Tag::text("span.kind", span.kind().name()));
    }
    match span.status_code() {
        StatusCode::Unset => {}
        StatusCode::Ok => tags.push(Tag::text("otel.status_code", status_text::OK)),
        StatusCode::Error => {
            tags.push(Tag::text("otel.status_code", status_text::ERROR));
            tags.push(Tag {
                key: "error",
                value: TagValue::Bool(true),
            });
        }
    }
    if !span.status_message().is_empty() {
        tags.push(Tag::text("otel.status_description", span.status_message()));
    }
    if !span.trace_state().is_empty() {
        tags.push(Tag::text("w3c.tracestate", span.trace_state()));
    }
    tags
}

/// Logs in time order.
#[must_use]
pub fn logs(span: SpanRef<'_>) -> Vec<Log<'_>> {
    let view = span.view();
    let events = view.batch().events();
    let log = |row: usize| {
        let name = events.name.get(row);
        let named = (!name.is_empty()).then(|| Tag::text("event", name));
        let attributes = view.attributes(Level::Event, row);
        let mut fields: Vec<_> = named.into_iter().chain(attributes.map(Tag::new)).collect();
        let first_own = usize::from(!name.is_empty());
        fields[first_own..].sort_by(|a, b| a.key.cmp(b.key));
        Log {
            time_ns: events.time_ns[row],
            fields,
        }
    };
    let mut logs: Vec<_> = span.event_rows().map(log).collect();
    logs.sort_by_key(|log| log.time_ns);
    logs
}

/// Warnings that came with the span.
#[must_use]
pub fn stored_warnings(span: SpanRef<'_>) -> Vec<String> {
    let text = |value| match value {
        AnyValue::String(text) => Some(text),
        _ => None,
    };
    match span.attribute(WARNINGS_KEY).map(ValueRef::to_any) {
        Some(AnyValue::Array(texts)) => texts.into_iter().filter_map(text).collect(),
        Some(one) => text(one).into_iter().collect(),
        None => Vec::new(),
    }
}

/// Warnings that came with the span, and ours.
#[must_use]
pub fn warnings(span: SpanRef<'_>) -> Vec<String> {
    let mut warnings = stored_warnings(span);
    let empty_links = span.link_rows().filter(|row| !names_trace(span, *row));
    warnings.extend(empty_links.map(|_| EMPTY_LINK.to_owned()));
    if span.ends_before_start() {
        warnings.push("the span ends before it starts; its duration is shown as 0".to_owned());
    }
    warnings
}
