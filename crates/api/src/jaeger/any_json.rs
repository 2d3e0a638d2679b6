//! Arrays and key-value lists as JSON: Jaeger has no such types and shows them
//! as text.

use serde_json::Value;
use tracewell_model::AnyValue;

use crate::base64;

/// The value in JSON. Keys of lists are sorted; of equal keys the last counts;
/// bytes are base64, doubles that JSON lacks are text. The depth is bounded by
/// the model.
pub(super) fn any_json(value: &AnyValue) -> Value {
    match value {
        AnyValue::Empty => Value::Null,
        AnyValue::String(text) => Value::from(text.as_str()),
        AnyValue::Bool(value) => Value::from(*value),
        AnyValue::Int(value) => Value::from(*value),
        AnyValue::Double(value) => double_json(*value),
        AnyValue::Bytes(bytes) => Value::from(base64::encode(bytes)),
        AnyValue::Array(values) => values.iter().map(any_json).collect(),
        AnyValue::KvList(pairs) => pairs
            .iter()
            .map(|(key, value)| (key.clone(), any_json(value)))
            .collect(),
    }
}

/// A number, or its name where JSON has none.
pub(super) fn double_json(value: f64) -> Value {
    if value.is_nan() {
        Value::from("NaN")
    } else if value.is_infinite() {
        Value::from(if value > 0.0 { "Infinity" } else { "-Infinity" })
    } else {
        Value::from(value)
    }
}
