//! Values of TraceQL as JSON.
//!
//! **Values of attributes look as in every other answer (`any_json`)**; what
//! only TraceQL knows is text as it writes it: `1.5s`, `error`, `server`.

use serde_json::Value as Json;
use tracewell_model::values::Value;
use tracewell_query::traceql::Literal;
use tracewell_wire::any_json::{any_json, double_json, safe_whole_json};

/// Text, numbers, truth values, lists and objects.
pub(super) fn value_json(value: &Value<'_>) -> Json {
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
            assert_eq!(value_json(&value), want, "{value:?}");
        }
    }
}
