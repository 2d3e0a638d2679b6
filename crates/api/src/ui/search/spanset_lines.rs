//! The spansets of a trace in the words of the contract: groups, their
//! numbers, and selected fields of spans.
//!
//! **Values of attributes look as in every other answer (`any_json`)**; what
//! only TraceQL knows is text as it writes it: `1.5s`, `error`, `server`.

use serde::Serialize;
use serde_json::Value as Json;
use tracewell_model::values::Value;
use tracewell_query::spansets::{ShownSpan, ShownSpanset};
use tracewell_query::traceql::Literal;

use tracewell_wire::any_json::{any_json, double_json, safe_whole_json};

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
        Value::Int(number) => safe_whole_json(*number),
        Value::Double(number) => double_json(*number),
        Value::Bool(value) => Json::from(*value),
        Value::DurationNs(ns) => Json::from(Literal::DurationNs(*ns).to_string()),
        Value::Status(status) => Json::from(status.name()),
        Value::Kind(kind) => Json::from(kind.name()),
        Value::Any(any) => any_json(any, safe_whole_json),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tracewell_model::AnyValue;

    #[test]
    fn values_look_as_they_do_in_a_span() {
        let large = i64::MAX;
        let list = AnyValue::Array(vec![
            AnyValue::Bytes(vec![0xff, 0]),
            AnyValue::Int(large),
            AnyValue::Int(3),
            AnyValue::Double(f64::NEG_INFINITY),
        ]);
        for (value, want) in [
            (Value::Double(f64::INFINITY), json!("Infinity")),
            (Value::Double(f64::NAN), json!("NaN")),
            (Value::Int(large), json!(large.to_string())),
            (Value::Int((1 << 53) - 1), json!(9_007_199_254_740_991_i64)),
            (Value::Int(1 << 53), json!("9007199254740992")),
            (
                Value::Any(list),
                json!(["/wA=", large.to_string(), 3, "-Infinity"]),
            ),
        ] {
            assert_eq!(json(&value), want, "{value:?}");
        }
    }
}
