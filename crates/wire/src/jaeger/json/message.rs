//! The JSON as it stands, for the JSON library to fill.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use tracewell_model::AnyValue;

use crate::json::scalar::base64;

#[derive(Deserialize)]
pub(super) struct Trace<'a> {
    #[serde(borrow)]
    pub(super) spans: Option<Vec<Span<'a>>>,
    #[serde(borrow)]
    pub(super) processes: Option<BTreeMap<String, Process<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Process<'a> {
    pub(super) service_name: Option<String>,
    #[serde(borrow)]
    pub(super) tags: Option<Vec<Tag<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Span<'a> {
    #[serde(rename = "traceID", default, borrow)]
    pub(super) trace_id: Cow<'a, str>,
    #[serde(rename = "spanID", default, borrow)]
    pub(super) span_id: Cow<'a, str>,
    /// Of versions that had no references.
    #[serde(rename = "parentSpanID")]
    pub(super) parent_span_id: Option<String>,
    #[serde(default, borrow)]
    pub(super) operation_name: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) references: Option<Vec<Reference<'a>>>,
    /// W3C trace flags.
    pub(super) flags: Option<u32>,
    /// µs since the epoch.
    #[serde(default, deserialize_with = "microseconds")]
    pub(super) start_time: u64,
    /// µs.
    #[serde(default, deserialize_with = "microseconds")]
    pub(super) duration: u64,
    #[serde(borrow)]
    pub(super) tags: Option<Vec<Tag<'a>>>,
    #[serde(borrow)]
    pub(super) logs: Option<Vec<Log<'a>>>,
    #[serde(rename = "processID", default, borrow)]
    pub(super) process_id: Cow<'a, str>,
    /// Of files that have no table of processes.
    #[serde(borrow)]
    pub(super) process: Option<Process<'a>>,
    pub(super) warnings: Option<Vec<String>>,
}

#[derive(Deserialize)]
pub(super) struct Reference<'a> {
    #[serde(rename = "refType", default, borrow)]
    pub(super) ref_type: Cow<'a, str>,
    #[serde(rename = "traceID", default, borrow)]
    pub(super) trace_id: Cow<'a, str>,
    #[serde(rename = "spanID", default, borrow)]
    pub(super) span_id: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct Log<'a> {
    /// µs since the epoch.
    #[serde(default, deserialize_with = "microseconds")]
    pub(super) timestamp: u64,
    #[serde(borrow)]
    pub(super) fields: Option<Vec<Tag<'a>>>,
}

#[derive(Deserialize)]
pub(super) struct Tag<'a> {
    #[serde(default, borrow)]
    pub(super) key: Cow<'a, str>,
    #[serde(rename = "type", default, borrow)]
    type_name: Cow<'a, str>,
    #[serde(default)]
    value: Value,
}

impl Tag<'_> {
    /// The value by its type; where the two do not go together, as JSON has it.
    pub(super) fn value(&self) -> AnyValue {
        let (type_name, value) = (self.type_name.to_ascii_lowercase(), &self.value);
        // Older versions wrote every value as text.
        let typed = match (type_name.as_str(), value) {
            ("bool" | "boolean", Value::String(text)) => text.parse().ok().map(AnyValue::Bool),
            ("int64" | "long", Value::String(text)) => text.parse().ok().map(AnyValue::Int),
            ("int64" | "long", Value::Number(number)) => number.as_i64().map(AnyValue::Int),
            ("float64" | "double", Value::String(text)) => double(text),
            ("float64" | "double", Value::Number(number)) => number.as_f64().map(AnyValue::Double),
            ("binary", Value::String(text)) => base64(text).map(AnyValue::Bytes),
            _ => None,
        };
        typed.unwrap_or_else(|| match value {
            Value::Null => AnyValue::Empty,
            Value::Bool(value) => AnyValue::Bool(*value),
            Value::String(text) => AnyValue::String(text.clone()),
            Value::Number(number) => match number.as_i64() {
                Some(value) => AnyValue::Int(value),
                None => AnyValue::Double(number.as_f64().unwrap_or_default()),
            },
            Value::Array(_) | Value::Object(_) => AnyValue::String(value.to_string()),
        })
    }

    /// The value if it is text.
    pub(super) fn text(&self) -> Option<&str> {
        self.value.as_str()
    }
}

/// A number as text; JSON has no other way for those that are none.
fn double(text: &str) -> Option<AnyValue> {
    let value = match text {
        "NaN" => f64::NAN,
        "Infinity" | "+Inf" => f64::INFINITY,
        "-Infinity" | "-Inf" => f64::NEG_INFINITY,
        _ => text.parse().ok()?,
    };
    Some(AnyValue::Double(value))
}

/// Whole microseconds, as a number or as text; fractions are cut off.
fn microseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let number = match &value {
        Value::Null => Some(0),
        Value::Number(number) => number.as_u64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    // Nanoseconds of 64 bits end in the year 2554.
    number
        .filter(|us| *us <= u64::MAX / 1_000)
        .ok_or_else(|| serde::de::Error::custom("a time is no number of microseconds"))
}

fn whole(value: f64) -> Option<u64> {
    (value >= 0.0 && value < u64::MAX as f64).then_some(value as u64)
}
