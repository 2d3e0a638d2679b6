//! Values of attributes as JSON, for APIs whose JSON has no types of its own
//! for them.
//!
//! **All who show a value so show it alike**; they differ only in whole
//! numbers, which some readers cannot hold.

use serde_json::Value;
use tracewell_model::AnyValue;

use crate::json::scalar::put_base64;

/// The largest whole number of which JavaScript can hold every smaller one.
const MAX_SAFE: u64 = (1 << 53) - 1;

/// The value in JSON. Keys of lists are sorted; of equal keys the last counts;
/// bytes are base64, doubles that JSON lacks are text, whole numbers what
/// `whole` says. The depth is bounded by the model.
pub fn any_json(value: &AnyValue, whole: fn(i64) -> Value) -> Value {
    match value {
        AnyValue::Empty => Value::Null,
        AnyValue::String(text) => Value::from(text.as_str()),
        AnyValue::Bool(value) => Value::from(*value),
        AnyValue::Int(value) => whole(*value),
        AnyValue::Double(value) => double_json(*value),
        AnyValue::Bytes(bytes) => Value::from(base64(bytes)),
        AnyValue::Array(values) => values.iter().map(|value| any_json(value, whole)).collect(),
        AnyValue::KvList(pairs) => pairs
            .iter()
            .map(|(key, value)| (key.clone(), any_json(value, whole)))
            .collect(),
    }
}

/// Bytes as text.
pub(crate) fn base64(bytes: &[u8]) -> String {
    let mut text = Vec::new();
    put_base64(&mut text, bytes);
    String::from_utf8(text).unwrap_or_default()
}

/// A number, or its name where JSON has none.
pub fn double_json(value: f64) -> Value {
    if value.is_nan() {
        Value::from("NaN")
    } else if value.is_infinite() {
        Value::from(if value > 0.0 { "Infinity" } else { "-Infinity" })
    } else {
        Value::from(value)
    }
}

/// A number as far as JavaScript can hold it, else its digits as text.
pub fn safe_whole_json(value: i64) -> Value {
    if value.unsigned_abs() <= MAX_SAFE {
        Value::from(value)
    } else {
        digits_json(value)
    }
}

/// Its digits as text, so that all whole numbers look alike.
pub fn digits_json(value: i64) -> Value {
    Value::from(value.to_string())
}
