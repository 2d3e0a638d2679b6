//! The spansets of a trace in the words of the contract: groups, their
//! numbers, and selected fields of spans.

use serde::Serialize;
use serde_json::Value as Json;
use tracewell_model::values::Value;
use tracewell_query::spansets::{ShownSpan, ShownSpanset};

use crate::ui::value_json::value_json;

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
        value: value.as_ref().map_or(Json::Null, value_json),
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
                value: value_json(value),
            })
            .collect(),
    }
}
