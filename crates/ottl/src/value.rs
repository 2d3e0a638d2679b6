//! A value while it is calculated with: what spans hold, and times and
//! durations besides.
//!
//! How values compare is decided here alone: **values of different types are
//! never equal and never in order**, but for integers and doubles, which are
//! numbers; only nothing equals nothing.

mod text;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use tracewell_model::any_value::MAX_DEPTH;
use tracewell_model::{AnyValue, ValueRef};

use crate::ast::CompareOp;

pub(crate) use text::{hex, json, text_of};

/// Why a row has no value.
pub(crate) type Fault = Arc<str>;

/// The value of a row, or why there is none.
pub(crate) type Outcome<'b> = Result<Value<'b>, Fault>;

/// Keys with values.
pub(crate) type Map = Vec<(String, AnyValue)>;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'b> {
    Nil,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(Cow<'b, str>),
    Bytes(Cow<'b, [u8]>),
    List(Arc<Vec<AnyValue>>),
    Map(Arc<Map>),
    /// Nanoseconds since the Unix epoch.
    TimeNs(i64),
    DurationNs(i64),
}

impl<'b> Value<'b> {
    pub(crate) fn of(value: ValueRef<'b>) -> Self {
        match value {
            ValueRef::Str(text) => Self::Text(Cow::Borrowed(text)),
            ValueRef::Int(value) => Self::Int(value),
            ValueRef::Double(value) => Self::Double(value),
            ValueRef::Bool(value) => Self::Bool(value),
            ValueRef::Bytes(bytes) => Self::Bytes(Cow::Borrowed(bytes)),
            ValueRef::Other(_) => Self::of_any(value.to_any()),
        }
    }

    pub(crate) fn of_any(value: AnyValue) -> Self {
        match value {
            AnyValue::Empty => Self::Nil,
            AnyValue::String(text) => Self::Text(Cow::Owned(text)),
            AnyValue::Bool(value) => Self::Bool(value),
            AnyValue::Int(value) => Self::Int(value),
            AnyValue::Double(value) => Self::Double(value),
            AnyValue::Bytes(bytes) => Self::Bytes(Cow::Owned(bytes)),
            AnyValue::Array(values) => Self::List(Arc::new(values)),
            AnyValue::KvList(pairs) => Self::Map(Arc::new(pairs)),
        }
    }

    /// As an attribute keeps it; times and durations are none.
    pub(crate) fn to_any(&self) -> Result<AnyValue, String> {
        Ok(match self {
            Self::Nil => AnyValue::Empty,
            Self::Bool(value) => AnyValue::Bool(*value),
            Self::Int(value) => AnyValue::Int(*value),
            Self::Double(value) => AnyValue::Double(*value),
            Self::Text(text) => AnyValue::String(text.to_string()),
            Self::Bytes(bytes) => AnyValue::Bytes(bytes.to_vec()),
            Self::List(values) => AnyValue::Array(values.to_vec()),
            Self::Map(pairs) => AnyValue::KvList(pairs.to_vec()),
            Self::TimeNs(_) => {
                return Err("an attribute cannot hold a time, use UnixNano or FormatTime".into());
            }
            Self::DurationNs(_) => {
                return Err(
                    "an attribute cannot hold a duration, use Nanoseconds or Seconds".into(),
                );
            }
        })
    }

    pub(crate) fn into_owned(self) -> Value<'static> {
        match self {
            Self::Nil => Value::Nil,
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::Int(value),
            Self::Double(value) => Value::Double(value),
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Self::Bytes(bytes) => Value::Bytes(Cow::Owned(bytes.into_owned())),
            Self::List(values) => Value::List(values),
            Self::Map(pairs) => Value::Map(pairs),
            Self::TimeNs(ns) => Value::TimeNs(ns),
            Self::DurationNs(ns) => Value::DurationNs(ns),
        }
    }

    /// The same value, of which texts are only lent.
    pub(crate) fn lent(&'b self) -> Self {
        match self {
            Self::Text(text) => Self::Text(Cow::Borrowed(text)),
            Self::Bytes(bytes) => Self::Bytes(Cow::Borrowed(bytes)),
            other => other.clone(),
        }
    }

    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(Cow::Owned(text.into()))
    }

    /// What it is, in messages.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Nil => "nil",
            Self::Bool(_) => "a boolean",
            Self::Int(_) => "an integer",
            Self::Double(_) => "a double",
            Self::Text(_) => "a text",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::TimeNs(_) => "a time",
            Self::DurationNs(_) => "a duration",
        }
    }

    /// Does `self op other` hold?
    pub(crate) fn compares(&self, op: CompareOp, other: &Value<'_>) -> bool {
        let ordering = match (self, other) {
            (Self::Nil, Value::Nil) => Some(Ordering::Equal),
            (Self::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
            (Self::Int(a), Value::Int(b)) => Some(a.cmp(b)),
            (Self::Int(a), Value::Double(b)) => (*a as f64).partial_cmp(b),
            (Self::Double(a), Value::Int(b)) => a.partial_cmp(&(*b as f64)),
            (Self::Double(a), Value::Double(b)) => a.partial_cmp(b),
            (Self::Text(a), Value::Text(b)) => Some(a.as_ref().cmp(b.as_ref())),
            (Self::Bytes(a), Value::Bytes(b)) => Some(a.as_ref().cmp(b.as_ref())),
            (Self::TimeNs(a), Value::TimeNs(b)) | (Self::DurationNs(a), Value::DurationNs(b)) => {
                Some(a.cmp(b))
            }
            (Self::List(a), Value::List(b)) => return equals(op, all_same(a, b)),
            (Self::Map(a), Value::Map(b)) => return equals(op, same_pairs(a, b)),
            _ => None,
        };
        holds(op, ordering)
    }
}

/// Is it nested no deeper than attributes may be? Deeper ones nobody could read.
pub(crate) fn check_depth(value: &AnyValue) -> Result<(), String> {
    fn fits(value: &AnyValue, left: usize) -> bool {
        match value {
            AnyValue::Array(values) => left > 0 && values.iter().all(|value| fits(value, left - 1)),
            AnyValue::KvList(pairs) => {
                left > 0 && pairs.iter().all(|(_, value)| fits(value, left - 1))
            }
            _ => true,
        }
    }
    match fits(value, MAX_DEPTH) {
        true => Ok(()),
        false => Err(format!(
            "the value is nested deeper than {MAX_DEPTH} levels"
        )),
    }
}

/// What an order of two values says; without one they only differ.
pub(crate) fn holds(op: CompareOp, ordering: Option<Ordering>) -> bool {
    match (op, ordering) {
        (CompareOp::NotEqual, ordering) => ordering != Some(Ordering::Equal),
        (_, None) => false,
        (CompareOp::Equal, Some(ordering)) => ordering.is_eq(),
        (CompareOp::Less, Some(ordering)) => ordering.is_lt(),
        (CompareOp::LessOrEqual, Some(ordering)) => ordering.is_le(),
        (CompareOp::Greater, Some(ordering)) => ordering.is_gt(),
        (CompareOp::GreaterOrEqual, Some(ordering)) => ordering.is_ge(),
    }
}

fn equals(op: CompareOp, are_equal: bool) -> bool {
    match op {
        CompareOp::Equal => are_equal,
        CompareOp::NotEqual => !are_equal,
        _ => false,
    }
}

fn all_same(a: &[AnyValue], b: &[AnyValue]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
}

fn same(a: &AnyValue, b: &AnyValue) -> bool {
    match (a, b) {
        (AnyValue::Array(a), AnyValue::Array(b)) => all_same(a, b),
        (AnyValue::KvList(a), AnyValue::KvList(b)) => same_pairs(a, b),
        (a, b) => a == b,
    }
}

/// In whatever order.
fn same_pairs(a: &Map, b: &Map) -> bool {
    let found = |key: &str, value| {
        let other = b.iter().find(|(other, _)| other == key);
        other.is_some_and(|(_, other)| same(value, other))
    };
    a.len() == b.len() && a.iter().all(|(key, value)| found(key, value))
}
