//! The tags of a span: what OTLP has as fields, then its attributes, then
//! those of its resource. A key stands there once; the first has it.

use std::borrow::Cow;
use std::collections::HashSet;

use tracewell_model::{AnyValue, Level, SpanKind, SpanRef, StatusCode, ValueRef};

use super::links;
use crate::any_json::{any_json, base64, double_json};
use crate::status_text;
use crate::zipkin::assembly::NO_START;

const SERVICE: &str = "service.name";

const PEER: &str = "peer.service";

/// Says of a span that it failed, and why.
const ERROR: &str = "error";

/// The tags, without those whose attributes are `told` elsewhere.
pub(super) fn of<'a: 't, 't>(
    span: SpanRef<'a>,
    told: impl Iterator<Item = &'static str>,
) -> impl Iterator<Item = (Cow<'t, str>, Cow<'t, str>)> {
    let mut seen: HashSet<Cow<'_, str>, foldhash::fast::RandomState> =
        told.map(Cow::Borrowed).collect();
    seen.insert(NO_START.into());
    let peer = text(span, PEER);
    if !peer.is_empty() && is_told_in_lower_case(peer) {
        seen.insert(PEER.into());
    }
    let resource = (Level::Resource, span.resource_row());
    let service = span.view().attribute(resource.0, resource.1, SERVICE);
    let service = service.filter(|service| match service {
        ValueRef::Str(name) => !is_told_in_lower_case(name),
        _ => true,
    });
    let of_resource = span.view().attributes(resource.0, resource.1);
    let attributes = span.attributes().chain(of_resource);
    let attributes = service
        .map(|service| (SERVICE, service))
        .into_iter()
        // One that stands on the span would be taken for the resource's.
        .chain(attributes.filter(|(key, _)| *key != SERVICE))
        .map(|(key, value)| (key, value_text(value)));
    let attributes = attributes.map(|(key, value)| (Cow::Borrowed(key), value));
    let fields = fields(span).into_iter();
    let fields = fields.map(|(key, value)| (Cow::Borrowed(key), value));
    let all = fields.chain(links::tags(span)).chain(attributes);
    all.filter(move |(key, _)| seen.insert(key.clone()))
}

/// Endpoints have names without the case of their letters. An empty one is
/// none to Zipkin.
fn is_told_in_lower_case(name: &str) -> bool {
    name == name.to_lowercase()
}

/// What is a field of OTLP, under the names that the decoder knows.
fn fields(span: SpanRef<'_>) -> Vec<(&'static str, Cow<'_, str>)> {
    let mut fields: Vec<(&'static str, Cow<'_, str>)> = Vec::new();
    let mut text = |key, text: &'_ str| {
        if !text.is_empty() {
            fields.push((key, Cow::Owned(text.to_owned())));
        }
    };
    if span.kind() == SpanKind::Internal {
        text("span.kind", "internal");
    }
    let scopes = span.view().batch().scopes();
    text("otel.scope.name", scopes.name.get(span.scope_row()));
    text("otel.scope.version", scopes.version.get(span.scope_row()));
    text("w3c.tracestate", span.trace_state());
    let [attributes, events, links] = span.dropped();
    for (key, dropped) in [
        ("otel.dropped_attributes_count", attributes),
        ("otel.dropped_events_count", events),
        ("otel.dropped_links_count", links),
    ] {
        if dropped > 0 {
            text(key, &dropped.to_string());
        }
    }
    status(span, &mut text);
    fields
}

/// The status. The tag `error` has the message of what failed, as OpenTelemetry
/// specifies it; an attribute of that name that says more keeps its place.
fn status(span: SpanRef<'_>, put: &mut impl FnMut(&'static str, &str)) {
    let message = span.status_message();
    match span.status_code() {
        StatusCode::Unset => put("otel.status_description", message),
        StatusCode::Ok => {
            put("otel.status_code", status_text::OK);
            put("otel.status_description", message);
        }
        StatusCode::Error => match text(span, ERROR) {
            // A client of Zipkin's: its tag is all that it said.
            own if !is_word(own) && (own == message || message.is_empty()) => {}
            "" | "true" => {
                put("otel.status_code", status_text::ERROR);
                if is_word(message) {
                    put(ERROR, "true");
                    put("otel.status_description", message);
                } else {
                    put(ERROR, message);
                }
            }
            _ => {
                put("otel.status_code", status_text::ERROR);
                put("otel.status_description", message);
            }
        },
    }
}

/// Would the tag `error` with this text be no message to the decoder?
fn is_word(error: &str) -> bool {
    matches!(error, "" | "true" | "false")
}

/// An attribute of the span that is a text, else nothing.
fn text<'a>(span: SpanRef<'a>, key: &str) -> &'a str {
    match span.attribute(key) {
        Some(ValueRef::Str(text)) => text,
        _ => "",
    }
}

/// Every value is text to Zipkin.
fn value_text(value: ValueRef<'_>) -> Cow<'_, str> {
    let json = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    Cow::Owned(match value {
        ValueRef::Str(text) => return Cow::Borrowed(text),
        ValueRef::Bool(value) => value.to_string(),
        ValueRef::Int(value) => value.to_string(),
        ValueRef::Double(value) => json(double_json(value)),
        ValueRef::Bytes(bytes) => base64(bytes),
        ValueRef::Other(_) => match value.to_any() {
            AnyValue::Empty => String::new(),
            other => any_json(&other, serde_json::Value::from).to_string(),
        },
    })
}
