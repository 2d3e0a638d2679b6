//! A condition on one value.

use crate::any_value::AnyValue;
use crate::batch::view::ValueRef;
use crate::span_kind::{SpanKind, StatusCode};
use regex::Regex;
use std::cmp::Ordering;

/// Comparison operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CompareOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// The constant side of a comparison. Durations are integers in ns.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// Text.
    Str(String),
    /// Integer, or a duration in ns.
    Int(i64),
    /// Double.
    Double(f64),
    /// Truth value.
    Bool(bool),
    /// Span kind.
    Kind(SpanKind),
    /// Status code.
    Status(StatusCode),
}

/// What must hold for a value.
#[derive(Debug, Clone)]
pub enum Condition {
    /// There is a value.
    Exists,
    /// There is none. Of events and links it is enough that one has none
    /// (ADR-015).
    Absent,
    /// The value compares so with the literal.
    Compare(CompareOp, Literal),
    /// The text matches the expression (which the maker has anchored).
    Matches(Regex),
    /// The text does not match the expression.
    MatchesNot(Regex),
}

impl PartialEq for Condition {
    /// Expressions are the same where they are written so: the maker builds
    /// all with the same options.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exists, Self::Exists) | (Self::Absent, Self::Absent) => true,
            (Self::Compare(op, literal), Self::Compare(other_op, other)) => {
                op == other_op && literal == other
            }
            (Self::Matches(one), Self::Matches(other))
            | (Self::MatchesNot(one), Self::MatchesNot(other)) => one.as_str() == other.as_str(),
            _ => false,
        }
    }
}

impl CompareOp {
    pub(crate) fn holds(self, order: Option<Ordering>) -> bool {
        match (self, order) {
            (Self::NotEqual, None) => true,
            (_, None) => false,
            (Self::Equal, Some(order)) => order.is_eq(),
            (Self::NotEqual, Some(order)) => order.is_ne(),
            (Self::Less, Some(order)) => order.is_lt(),
            (Self::LessOrEqual, Some(order)) => order.is_le(),
            (Self::Greater, Some(order)) => order.is_gt(),
            (Self::GreaterOrEqual, Some(order)) => order.is_ge(),
        }
    }
}

impl Condition {
    /// Does it hold for a value that is there?
    #[must_use]
    pub fn holds(&self, value: ValueRef<'_>) -> bool {
        if let ValueRef::Other(encoded) = value {
            return self.holds_for_any(&AnyValue::decode(encoded).unwrap_or(AnyValue::Empty));
        }
        match self {
            Self::Exists => true,
            Self::Absent => false,
            Self::Compare(op, literal) => match (value, literal) {
                (ValueRef::Str(text), Literal::Str(wanted)) => {
                    op.holds(Some(text.cmp(wanted.as_str())))
                }
                (ValueRef::Bool(value), Literal::Bool(wanted)) => op.holds(Some(value.cmp(wanted))),
                (ValueRef::Int(value), Literal::Int(wanted)) => op.holds(Some(value.cmp(wanted))),
                (ValueRef::Int(value), Literal::Double(wanted)) => {
                    op.holds((value as f64).partial_cmp(wanted))
                }
                (ValueRef::Double(value), Literal::Double(wanted)) => {
                    op.holds(value.partial_cmp(wanted))
                }
                (ValueRef::Double(value), Literal::Int(wanted)) => {
                    op.holds(value.partial_cmp(&(*wanted as f64)))
                }
                _ => false,
            },
            Self::Matches(regex) => matches!(value, ValueRef::Str(text) if regex.is_match(text)),
            Self::MatchesNot(regex) => {
                matches!(value, ValueRef::Str(text) if !regex.is_match(text))
            }
        }
    }

    /// Arrays: any element, or for the negated operators every element.
    fn holds_for_any(&self, value: &AnyValue) -> bool {
        let element = |value: &AnyValue| match value {
            AnyValue::String(text) => self.holds(ValueRef::Str(text)),
            AnyValue::Int(value) => self.holds(ValueRef::Int(*value)),
            AnyValue::Double(value) => self.holds(ValueRef::Double(*value)),
            AnyValue::Bool(value) => self.holds(ValueRef::Bool(*value)),
            _ => false,
        };
        match (self, value) {
            (Self::Exists, _) => *value != AnyValue::Empty,
            (Self::Compare(CompareOp::NotEqual, _) | Self::MatchesNot(_), AnyValue::Array(all)) => {
                !all.is_empty() && all.iter().all(element)
            }
            (_, AnyValue::Array(all)) => all.iter().any(element),
            (_, scalar) => element(scalar),
        }
    }
}
