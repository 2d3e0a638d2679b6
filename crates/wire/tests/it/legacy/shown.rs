//! A batch as lines of text, one a span, so that a test shows what it means.

use tracewell_model::batch::view::BatchView;
use tracewell_model::{AnyValue, Level, SpanBatch, SpanRef, ValueRef};

/// One line for each span:
/// `trace/span<parent "name" kind status "message" start+duration`, then what
/// it has of resource, scope, attributes, events and links.
pub(super) fn shown(batch: &SpanBatch) -> Vec<String> {
    BatchView::new(batch).spans().map(one).collect()
}

fn one(span: SpanRef<'_>) -> String {
    let batch = span.view().batch();
    let parent = span
        .parent_span_id()
        .map(|id| format!("<{}", short(&id.to_string())));
    let mut line = format!(
        "{}/{}{} {:?} {} {} {}+{}",
        short(&span.trace_id().to_string()),
        short(&span.span_id().to_string()),
        parent.unwrap_or_default(),
        span.name(),
        span.kind().name(),
        span.status_code().name(),
        span.start_ns(),
        span.duration_ns(),
    );
    let mut add = |title: &str, text: String| {
        if !text.is_empty() {
            line.push_str(&format!(" {title}{text}"));
        }
    };
    if !span.status_message().is_empty() {
        add("message=", format!("{:?}", span.status_message()));
    }
    add("state=", span.trace_state().to_owned());
    if span.flags() != 0 {
        add("flags=", span.flags().to_string());
    }
    add(
        "resource",
        attributes(&span, Level::Resource, span.resource_row()),
    );
    let (scopes, row) = (batch.scopes(), span.scope_row());
    let (name, version) = (scopes.name.get(row), scopes.version.get(row));
    if !name.is_empty() {
        add("scope=", format!("{name}@{version}"));
    }
    add("", pairs(span.attributes()));
    for row in span.event_rows() {
        let (at, name) = (batch.events().time_ns[row], batch.events().name.get(row));
        add(
            "event=",
            format!("{name:?}@{at}{}", attributes(&span, Level::Event, row)),
        );
    }
    for row in span.link_rows() {
        let links = batch.links();
        let (trace, id) = (
            links.trace_id[row].to_string(),
            links.span_id[row].to_string(),
        );
        let state = links.trace_state.get(row);
        let of_link = attributes(&span, Level::Link, row);
        add(
            "link=",
            format!("{}/{}{state}{of_link}", short(&trace), short(&id)),
        );
    }
    line
}

fn short(id: &str) -> &str {
    id.trim_start_matches('0')
}

fn attributes(span: &SpanRef<'_>, level: Level, row: usize) -> String {
    pairs(span.view().attributes(level, row))
}

fn pairs<'a>(attributes: impl Iterator<Item = (&'a str, ValueRef<'a>)>) -> String {
    let mut pairs: Vec<String> = attributes
        .map(|(key, value)| format!("{key}={}", value_text(&value.to_any())))
        .collect();
    pairs.sort();
    if pairs.is_empty() {
        return String::new();
    }
    format!("{{{}}}", pairs.join(" "))
}

fn value_text(value: &AnyValue) -> String {
    match value {
        AnyValue::String(text) => format!("{text:?}"),
        AnyValue::Int(value) => value.to_string(),
        AnyValue::Double(value) => format!("{value:?}"),
        AnyValue::Bool(value) => value.to_string(),
        AnyValue::Bytes(bytes) => format!("{bytes:?}"),
        other => format!("{other:?}"),
    }
}
