//! `+ - * / % ^` of two values.
//!
//! Whole numbers stay whole, a division truncates; durations stay durations
//! where that has a meaning; everything else is a double. What has no result
//! (a division of whole numbers by zero, one that does not fit, text) is **no
//! value, never an error**: one odd span must not end a search.

use super::Value;

/// An operator between two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arithmetic {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Remainder,
    /// `^`
    Power,
}

impl Arithmetic {
    /// As it is written.
    #[must_use]
    pub fn symbol(self) -> char {
        match self {
            Self::Add => '+',
            Self::Subtract => '-',
            Self::Multiply => '*',
            Self::Divide => '/',
            Self::Remainder => '%',
            Self::Power => '^',
        }
    }

    /// The operator that is written so.
    #[must_use]
    pub fn from_symbol(symbol: char) -> Option<Self> {
        Some(match symbol {
            '+' => Self::Add,
            '-' => Self::Subtract,
            '*' => Self::Multiply,
            '/' => Self::Divide,
            '%' => Self::Remainder,
            '^' => Self::Power,
            _ => return None,
        })
    }

    /// `left op right`.
    #[must_use]
    pub fn of(self, left: &Value<'_>, right: &Value<'_>) -> Option<Value<'static>> {
        let is_duration = |value: &Value<'_>| matches!(value, Value::DurationNs(_));
        let (a, b) = match (left, right) {
            (Value::Int(a) | Value::DurationNs(a), Value::Int(b) | Value::DurationNs(b)) => {
                (*a, *b)
            }
            (a, b) => return Some(Value::Double(self.of_doubles(a.number()?, b.number()?))),
        };
        let durations = u8::from(is_duration(left)) + u8::from(is_duration(right));
        let stays_duration = match self {
            Self::Add | Self::Subtract | Self::Remainder => durations > 0,
            Self::Multiply => durations == 1,
            Self::Divide => durations == 1 && is_duration(left),
            Self::Power => false,
        };
        match (durations, stays_duration) {
            (0, _) if self == Self::Power && b < 0 => {
                Some(Value::Double(self.of_doubles(a as f64, b as f64)))
            }
            (0, _) => self.of_ints(a, b).map(Value::Int),
            (_, true) => self.of_ints(a, b).map(Value::DurationNs),
            (_, false) => Some(Value::Double(self.of_doubles(a as f64, b as f64))),
        }
    }

    fn of_ints(self, a: i64, b: i64) -> Option<i64> {
        match self {
            Self::Add => a.checked_add(b),
            Self::Subtract => a.checked_sub(b),
            Self::Multiply => a.checked_mul(b),
            Self::Divide => a.checked_div(b),
            Self::Remainder => a.checked_rem(b),
            Self::Power => a.checked_pow(u32::try_from(b).ok()?),
        }
    }

    /// For doubles alone, such as those of aggregates.
    #[must_use]
    pub fn of_doubles(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Add => a + b,
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Divide => a / b,
            Self::Remainder => a % b,
            Self::Power => a.powf(b),
        }
    }
}

impl Value<'_> {
    /// `-value`, of a number or a duration.
    #[must_use]
    pub fn negated(&self) -> Option<Value<'static>> {
        match self {
            Self::Int(value) => value.checked_neg().map(Value::Int),
            Self::DurationNs(ns) => ns.checked_neg().map(Value::DurationNs),
            Self::Double(value) => Some(Value::Double(-value)),
            _ => None,
        }
    }
}
