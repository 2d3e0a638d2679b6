//! `KeyValue` and `AnyValue` of OTLP, as Tempo has them beside spans and series.

use serde::ser::{Serialize, SerializeMap, Serializer};
use tracewell_model::AnyValue as ModelValue;
use tracewell_model::values::Value;
use tracewell_query::traceql::Literal;

use crate::base64;

#[derive(Clone, PartialEq, prost::Message, serde::Serialize)]
pub(super) struct KeyValue {
    #[prost(string, tag = "1")]
    pub(super) key: String,
    #[prost(message, optional, tag = "2")]
    pub(super) value: Option<AnyValue>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct AnyValue {
    #[prost(oneof = "Kind", tags = "1, 2, 3, 4, 5, 6, 7")]
    pub(super) kind: Option<Kind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub(super) enum Kind {
    #[prost(string, tag = "1")]
    Text(String),
    #[prost(bool, tag = "2")]
    Bool(bool),
    #[prost(int64, tag = "3")]
    Int(i64),
    #[prost(double, tag = "4")]
    Double(f64),
    #[prost(message, tag = "5")]
    List(List),
    #[prost(message, tag = "6")]
    Map(Map),
    #[prost(bytes, tag = "7")]
    Bytes(Vec<u8>),
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize)]
pub(super) struct List {
    #[prost(message, repeated, tag = "1")]
    values: Vec<AnyValue>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Serialize)]
pub(super) struct Map {
    #[prost(message, repeated, tag = "1")]
    values: Vec<KeyValue>,
}

impl KeyValue {
    pub(super) fn new(key: &str, value: AnyValue) -> Self {
        Self {
            key: key.to_owned(),
            value: Some(value),
        }
    }
}

impl AnyValue {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Kind::Text(text.into()).into()
    }
}

impl From<Kind> for AnyValue {
    fn from(kind: Kind) -> Self {
        Self { kind: Some(kind) }
    }
}

/// What only TraceQL knows is text as it writes it: `1.5s`, `error`, `server`.
impl From<&Value<'_>> for AnyValue {
    fn from(value: &Value<'_>) -> Self {
        match value {
            Value::Str(text) => Self::text(text.as_ref()),
            Value::Int(number) => Kind::Int(*number).into(),
            Value::Double(number) => Kind::Double(*number).into(),
            Value::Bool(value) => Kind::Bool(*value).into(),
            Value::DurationNs(ns) => Self::text(Literal::DurationNs(*ns).to_string()),
            Value::Status(status) => Self::text(status.name()),
            Value::Kind(kind) => Self::text(kind.name()),
            Value::Any(any) => any.into(),
        }
    }
}

impl From<&ModelValue> for AnyValue {
    fn from(value: &ModelValue) -> Self {
        match value {
            ModelValue::Empty => Self { kind: None },
            ModelValue::String(text) => Self::text(text),
            ModelValue::Bool(value) => Kind::Bool(*value).into(),
            ModelValue::Int(number) => Kind::Int(*number).into(),
            ModelValue::Double(number) => Kind::Double(*number).into(),
            ModelValue::Bytes(bytes) => Kind::Bytes(bytes.clone()).into(),
            ModelValue::Array(values) => {
                let values = values.iter().map(Self::from).collect();
                Kind::List(List { values }).into()
            }
            ModelValue::KvList(pairs) => {
                let pairs = pairs.iter();
                let values = pairs.map(|(key, value)| KeyValue::new(key, value.into()));
                let values = values.collect();
                Kind::Map(Map { values }).into()
            }
        }
    }
}

impl Serialize for AnyValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        match &self.kind {
            None => {}
            Some(Kind::Text(text)) => object.serialize_entry("stringValue", text)?,
            Some(Kind::Bool(value)) => object.serialize_entry("boolValue", value)?,
            Some(Kind::Int(number)) => object.serialize_entry("intValue", &number.to_string())?,
            Some(Kind::Double(number)) if number.is_finite() => {
                object.serialize_entry("doubleValue", number)?;
            }
            Some(Kind::Double(number)) => {
                object.serialize_entry("doubleValue", not_finite(*number))?;
            }
            Some(Kind::List(list)) => object.serialize_entry("arrayValue", list)?,
            Some(Kind::Map(map)) => object.serialize_entry("kvlistValue", map)?,
            Some(Kind::Bytes(bytes)) => {
                object.serialize_entry("bytesValue", &base64::encode(bytes))?;
            }
        }
        object.end()
    }
}

/// The words of protobuf's JSON.
pub(super) fn not_finite(number: f64) -> &'static str {
    match number {
        number if number.is_nan() => "NaN",
        number if number > 0.0 => "Infinity",
        _ => "-Infinity",
    }
}
