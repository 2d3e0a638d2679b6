//! Conditions on one span, and the values they compare.

use std::borrow::Cow;

use tracewell_model::values::{Arithmetic, Value};
use tracewell_model::{SpanKind, StatusCode};

use super::{Field, SourceRange};

/// A condition on one span.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// All of these. The parser makes lists of two or more; parentheses stay
    /// visible as nested lists. Flat, so that a long list is not a deep tree.
    And(Vec<Expr>),
    /// At least one of these; otherwise as [`Expr::And`].
    Or(Vec<Expr>),
    /// Plain two-valued negation: `!(.a = 1)` also holds where `.a` is missing.
    Not(Box<Expr>),
    /// `field op value`. **False where the field is missing or holds a value
    /// of another type, for every operator, `!=` and `!~` included.**
    Compare {
        /// The left side.
        field: Field,
        /// The operator, turned round if the query had the value on the left.
        op: CompareOp,
        /// The right side. Text, and a pattern that compiles, for the two
        /// pattern operators.
        value: Literal,
        /// Where the comparison was written.
        source: SourceRange,
    },
    /// The span has the field: `field != nil`.
    Exists {
        /// What has to be there.
        field: Field,
        /// Where the comparison was written.
        source: SourceRange,
    },
    /// `field = nil`: nobody has the field who is asked. Of events and links
    /// it is enough that one lacks it, so it is not the opposite of
    /// [`Expr::Exists`] (ADR-015).
    Missing {
        /// What must be lacking.
        field: Field,
        /// Where the comparison was written.
        source: SourceRange,
    },
    /// `left op right`, of two fields or with calculations. Where a side has no
    /// value it is false.
    CompareValues {
        /// The left side.
        left: ValueExpr,
        /// The operator; no pattern.
        op: CompareOp,
        /// The right side.
        right: ValueExpr,
        /// Where it was written.
        source: SourceRange,
    },
    /// Every span.
    True,
    /// No span.
    False,
}

impl Expr {
    /// `field op value` for conditions that come from no text, such as the
    /// parameters of another API.
    pub fn compare(field: Field, op: CompareOp, value: Literal) -> Self {
        Self::Compare {
            field,
            op,
            value,
            source: SourceRange::default(),
        }
    }

    /// All of `conditions`; without any, every span.
    pub fn all_of(mut conditions: Vec<Self>) -> Self {
        match conditions.len() {
            0 => Self::True,
            1 => conditions.remove(0),
            _ => Self::And(conditions),
        }
    }
}

/// How a field is compared with a value.
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
    /// `=~`: the whole text matches the pattern.
    Matches,
    /// `!~`: the text is there and does not match the pattern.
    NotMatches,
}

impl CompareOp {
    /// The operator that says the same with the sides exchanged; `None` for
    /// patterns, which have a fixed side.
    pub fn flipped(self) -> Option<Self> {
        match self {
            Self::Equal | Self::NotEqual => Some(self),
            Self::Less => Some(Self::Greater),
            Self::LessOrEqual => Some(Self::GreaterOrEqual),
            Self::Greater => Some(Self::Less),
            Self::GreaterOrEqual => Some(Self::LessOrEqual),
            Self::Matches | Self::NotMatches => None,
        }
    }

    /// What it does to two values; `None` for patterns.
    pub fn on_values(self) -> Option<tracewell_model::filter::CompareOp> {
        use tracewell_model::filter::CompareOp as Model;
        Some(match self {
            Self::Equal => Model::Equal,
            Self::NotEqual => Model::NotEqual,
            Self::Less => Model::Less,
            Self::LessOrEqual => Model::LessOrEqual,
            Self::Greater => Model::Greater,
            Self::GreaterOrEqual => Model::GreaterOrEqual,
            Self::Matches | Self::NotMatches => return None,
        })
    }

    /// Whether this is `=` or `!=`.
    pub fn is_equality(self) -> bool {
        matches!(self, Self::Equal | Self::NotEqual)
    }

    /// Whether this is `=~` or `!~`.
    pub fn is_pattern(self) -> bool {
        matches!(self, Self::Matches | Self::NotMatches)
    }
}

/// One value of a span, calculated. Constants are calculated by the parser:
/// **no operator has only literals below it.**
#[derive(Debug, Clone, PartialEq)]
pub enum ValueExpr {
    /// The same for every span.
    Literal(Literal),
    /// That of a field.
    Field(Field),
    /// `-of`
    Negated(Box<ValueExpr>),
    /// `left op right`
    Calculated {
        /// The operator.
        op: Arithmetic,
        /// The left side.
        left: Box<ValueExpr>,
        /// The right side.
        right: Box<ValueExpr>,
    },
    /// Does the condition hold?
    Condition(Box<Expr>),
}

/// A value written in a query.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `"text"`, with escapes resolved.
    Text(String),
    /// `42`
    Int(i64),
    /// `1.5`; never infinite, never NaN.
    Float(f64),
    /// `1h30m`, in nanoseconds.
    DurationNs(i64),
    /// `true` or `false`
    Bool(bool),
    /// `ok`, `error` or `unset`
    Status(StatusCode),
    /// `server` and its like
    Kind(SpanKind),
}

impl Literal {
    /// As spans have values.
    pub fn to_value(&self) -> Value<'static> {
        match self {
            Self::Text(text) => Value::Str(Cow::Owned(text.clone())),
            Self::Int(value) => Value::Int(*value),
            Self::Float(value) => Value::Double(*value),
            Self::DurationNs(ns) => Value::DurationNs(*ns),
            Self::Bool(value) => Value::Bool(*value),
            Self::Status(status) => Value::Status(*status),
            Self::Kind(kind) => Value::Kind(*kind),
        }
    }

    /// A number that was calculated; `None` of one that cannot be written.
    pub fn of_number(value: &Value<'_>) -> Option<Self> {
        Some(match value {
            Value::Int(value) => Self::Int(*value),
            Value::DurationNs(ns) => Self::DurationNs(*ns),
            Value::Double(value) if value.is_finite() => Self::Float(*value),
            _ => return None,
        })
    }
}
