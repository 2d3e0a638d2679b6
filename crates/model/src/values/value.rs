//! A value with its type, and how two of them compare.
//!
//! Types are never converted, except that integers, doubles and durations
//! compare as numbers; values of other types that differ do not compare, and
//! **every comparison of them is false, `!=` too.**

use crate::any_value::AnyValue;
use crate::batch::view::ValueRef;
use crate::filter::CompareOp;
use crate::span_kind::{SpanKind, StatusCode};
use std::borrow::Cow;
use std::cmp::Ordering;

/// A value of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// Text.
    Str(Cow<'a, str>),
    /// Integer.
    Int(i64),
    /// Double.
    Double(f64),
    /// A length of time, ns.
    DurationNs(i64),
    /// Truth value.
    Bool(bool),
    /// Status.
    Status(StatusCode),
    /// Kind.
    Kind(SpanKind),
    /// Bytes, a list or a map.
    Any(AnyValue),
}

impl<'a> Value<'a> {
    /// The value of an attribute; `None` of one that was sent empty.
    #[must_use]
    pub fn of(value: ValueRef<'a>) -> Option<Self> {
        Some(match value {
            ValueRef::Str(text) => Self::Str(Cow::Borrowed(text)),
            ValueRef::Int(value) => Self::Int(value),
            ValueRef::Double(value) => Self::Double(value),
            ValueRef::Bool(value) => Self::Bool(value),
            ValueRef::Bytes(_) | ValueRef::Other(_) => return Self::of_any(value.to_any()),
        })
    }

    fn of_any(value: AnyValue) -> Option<Self> {
        Some(match value {
            AnyValue::Empty => return None,
            AnyValue::String(text) => Self::Str(Cow::Owned(text)),
            AnyValue::Int(value) => Self::Int(value),
            AnyValue::Double(value) => Self::Double(value),
            AnyValue::Bool(value) => Self::Bool(value),
            other => Self::Any(other),
        })
    }

    /// The same, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Str(text) => Value::Str(Cow::Owned(text.into_owned())),
            Self::Int(value) => Value::Int(value),
            Self::Double(value) => Value::Double(value),
            Self::DurationNs(ns) => Value::DurationNs(ns),
            Self::Bool(value) => Value::Bool(value),
            Self::Status(status) => Value::Status(status),
            Self::Kind(kind) => Value::Kind(kind),
            Self::Any(value) => Value::Any(value),
        }
    }

    /// Of a number or a duration, in ns.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Int(value) | Self::DurationNs(value) => Some(*value as f64),
            Self::Double(value) => Some(*value),
            _ => None,
        }
    }

    /// The value as bytes: equal values of one type have equal ones, and those
    /// of several values in a row can be told apart.
    pub fn write_key(&self, out: &mut Vec<u8>) {
        out.push(self.rank());
        match self {
            Self::Str(text) => {
                out.extend_from_slice(&text.len().to_le_bytes());
                out.extend_from_slice(text.as_bytes());
            }
            Self::Int(value) | Self::DurationNs(value) => {
                out.extend_from_slice(&value.to_le_bytes());
            }
            Self::Double(value) => {
                // There are two zeros and many that are no number, and one value of each.
                let one = if value.is_nan() {
                    f64::NAN
                } else {
                    value + 0.0
                };
                out.extend_from_slice(&one.to_bits().to_le_bytes());
            }
            Self::Bool(value) => out.push(u8::from(*value)),
            Self::Status(status) => out.push(*status as u8),
            Self::Kind(kind) => out.push(*kind as u8),
            Self::Any(value) => {
                let mut encoded = Vec::new();
                value.encode(&mut encoded);
                out.extend_from_slice(&encoded.len().to_le_bytes());
                out.extend_from_slice(&encoded);
            }
        }
    }

    /// An order of all values, for sorting: by type, then by value.
    #[must_use]
    pub fn total_order(&self, other: &Self) -> Ordering {
        let encoded = |value: &AnyValue| {
            let mut bytes = Vec::new();
            value.encode(&mut bytes);
            bytes
        };
        match (self, other) {
            (Self::Double(a), Self::Double(b)) => a.total_cmp(b),
            (Self::Any(a), Self::Any(b)) => encoded(a).cmp(&encoded(b)),
            (a, b) if a.rank() == b.rank() => {
                a.partial_order(b).flatten().unwrap_or(Ordering::Equal)
            }
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Bool(_) => 0,
            Self::Int(_) => 1,
            Self::Double(_) => 2,
            Self::DurationNs(_) => 3,
            Self::Str(_) => 4,
            Self::Status(_) => 5,
            Self::Kind(_) => 6,
            Self::Any(_) => 7,
        }
    }

    /// `None` for values that do not compare, `Some(None)` for numbers of
    /// which one is none.
    fn partial_order(&self, other: &Self) -> Option<Option<Ordering>> {
        Some(match (self, other) {
            (Self::Str(a), Self::Str(b)) => Some(a.cmp(b)),
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (Self::Status(a), Self::Status(b)) => Some((*a as i32).cmp(&(*b as i32))),
            (Self::Kind(a), Self::Kind(b)) => Some(a.cmp(b)),
            (Self::Int(a) | Self::DurationNs(a), Self::Int(b) | Self::DurationNs(b)) => {
                Some(a.cmp(b))
            }
            (a, b) => a.number()?.partial_cmp(&b.number()?),
        })
    }
}

/// Does `left op right` hold? Of a list any element will do; `!=` needs all
/// of them to differ.
#[must_use]
pub fn compares(op: CompareOp, left: &Value<'_>, right: &Value<'_>) -> bool {
    let quantified = |all: &[AnyValue], test: &dyn Fn(&Value<'_>) -> bool| {
        let mut elements = all.iter().map(|element| Value::of_any(element.clone()));
        let mut holds = |element: Option<Value<'_>>| element.is_some_and(|element| test(&element));
        match op {
            CompareOp::NotEqual => !all.is_empty() && elements.all(&mut holds),
            _ => elements.any(&mut holds),
        }
    };
    match (left, right) {
        (Value::Any(AnyValue::Array(all)), right) => {
            quantified(all, &|element| compares(op, element, right))
        }
        (left, Value::Any(AnyValue::Array(all))) => {
            quantified(all, &|element| compares(op, left, element))
        }
        (left, right) => left
            .partial_order(right)
            .is_some_and(|order| op.holds(order)),
    }
}
