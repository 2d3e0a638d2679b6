//! The spansets of a trace in the words of the contract: groups, their
//! numbers, and selected fields of spans.
//!
//! **What is no number, text or truth value in JSON is text as TraceQL writes
//! it**: `1.5s`, `error`, `server`.

use serde::Serialize;
use serde_json::Value as Json;
use tracewell_model::AnyValue;
use tracewell_model::values::Value;
use tracewell_query::spansets::{ShownSpan, ShownSpanset};
use tracewell_query::traceql::Literal;

/// Whole numbers beyond this are no longer exact in JavaScript.
const MAX_EXACT: u64 = 1 << 53;

#[derive(Serialize)]
pub(super) struct Spanset<'a> {
    matched: u32,
    attributes: Vec<Attribute>,
    spans: Vec<Span<'a>>,
}

#[derive(Serialize)]
struct Attribute {
    name: String,
    value: Json,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Span<'a> {
    span_id: String,
    name: &'a str,
    start_ns: String,
    duration_ns: String,
    attributes: Vec<Attribute>,
}

pub(super) fn spansets(shown: &[ShownSpanset]) -> Vec<Spanset<'_>> {
    shown.iter().map(spanset).collect()
}

fn spanset(set: &ShownSpanset) -> Spanset<'_> {
    let attribute = |(name, value): &'_ (String, Option<Value<'static>>)| Attribute {
        name: name.clone(),
        value: value.as_ref().map_or(Json::Null, json),
    };
    Spanset {
        matched: set.matched,
        attributes: set.attributes.iter().map(attribute).collect(),
        spans: set.spans.iter().map(span).collect(),
    }
}

fn span(span: &ShownSpan) -> Span<'_> {
    let attributes = span.attributes.iter();
    Span {
        span_id: span.span_id.to_string(),
        name: &span.name,
        start_ns: span.start_ns.to_string(),
        duration_ns: span.duration_ns.to_string(),
        attributes: attributes
            .map(|(name, value)| Attribute {
                name: name.clone(),
                value: json(value),
            })
            .collect(),
    }
}

fn json(value: &Value<'_>) -> Json {
    match value {
        Value::Str(text) => Json::from(text.as_ref()),
        Value::Int(number) if number.unsigned_abs() <= MAX_EXACT => Json::from(*number),
        Value::Int(number) => Json::from(number.to_string()),
        // What is not finite has no number in JSON.
        Value::Double(number) if number.is_finite() => Json::from(*number),
        Value::Double(number) => Json::from(number.to_string()),
        Value::Bool(value) => Json::from(*value),
        Value::DurationNs(ns) => Json::from(Literal::DurationNs(*ns).to_string()),
        Value::Status(status) => Json::from(status.name()),
        Value::Kind(kind) => Json::from(kind.name()),
        Value::Any(any) => any_json(any),
    }
}

fn any_json(any: &AnyValue) -> Json {
    match any {
        AnyValue::Array(all) => all.iter().map(any_json).collect(),
        AnyValue::KvList(pairs) => {
            let pairs = pairs.iter();
            Json::Object(
                pairs
                    .map(|(key, value)| (key.clone(), any_json(value)))
                    .collect(),
            )
        }
        AnyValue::String(text) => Json::from(text.as_str()),
        AnyValue::Int(number) => json(&Value::Int(*number)),
        AnyValue::Double(number) => json(&Value::Double(*number)),
        AnyValue::Bool(value) => Json::from(*value),
        AnyValue::Bytes(bytes) => Json::from(
            bytes
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>(),
        ),
        AnyValue::Empty => Json::Null,
    }
}
