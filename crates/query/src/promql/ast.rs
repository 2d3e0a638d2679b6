//! What a query says.

use super::matching::Matcher;
use tracewell_model::filter::CompareOp;

/// A whole query, or a part of one.
#[derive(Debug, Clone)]
pub enum Expr {
    /// `0.9`
    Number(f64),
    /// `name{label="value"}`: what was counted up to a moment.
    Selector(Selector),
    /// `rate(name[5m])` or `increase(name[5m])`
    Over {
        /// Divided by the length of the window.
        is_rate: bool,
        /// Of what.
        of: Selector,
        /// The window, ns.
        window_ns: u64,
    },
    /// `histogram_quantile(q, of)`
    Quantile {
        /// The share.
        q: Box<Expr>,
        /// Buckets.
        of: Box<Expr>,
    },
    /// `sum by (label) (of)` and its like.
    Aggregated {
        /// How.
        by: Aggregation,
        /// What stays.
        keep: Grouping,
        /// Of what.
        of: Box<Expr>,
    },
    /// `topk by (label) (count, of)`, or `bottomk`.
    Best {
        /// The greatest, not the least.
        is_top: bool,
        /// How many of each group.
        count: Box<Expr>,
        /// The groups.
        keep: Grouping,
        /// Of what.
        of: Box<Expr>,
    },
    /// `left op right`
    Binary {
        /// The operator.
        op: Operator,
        /// The left side.
        left: Box<Expr>,
        /// The right side.
        right: Box<Expr>,
        /// Which series belong together.
        matching: Matching,
    },
    /// `-of`
    Negated(Box<Expr>),
    /// `vector(of)`
    Vector(Box<Expr>),
    /// `sort(of)` or `sort_desc(of)`, which matters at one moment alone.
    Sorted {
        /// The greatest first.
        is_descending: bool,
        /// Of what.
        of: Box<Expr>,
    },
}

impl Expr {
    /// Is it one number at each moment, and no series?
    pub(super) fn is_number(&self) -> bool {
        match self {
            Self::Number(_) => true,
            Self::Negated(of) => of.is_number(),
            Self::Binary { left, right, .. } => left.is_number() && right.is_number(),
            _ => false,
        }
    }
}

/// Which series.
#[derive(Debug, Clone)]
pub struct Selector {
    /// Of a metric.
    pub(super) metric: String,
    /// With such labels.
    pub(super) matchers: Vec<Matcher>,
    /// Seen from so long ago, ns.
    pub(super) offset_ns: i64,
}

/// What is made of the series of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregation {
    /// `sum`
    Sum,
    /// `avg`
    Avg,
    /// `min`
    Min,
    /// `max`
    Max,
    /// `count`
    Count,
    /// `group`: 1 where there is any.
    Group,
}

/// Which labels stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grouping {
    /// These.
    By(Vec<String>),
    /// All but these.
    Without(Vec<String>),
}

/// An operator between two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
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
    /// `> bool` and its like; without `bool` the samples stay for which it holds.
    Compare(CompareOp, bool),
    /// `and`
    And,
    /// `or`
    Or,
    /// `unless`
    Unless,
}

/// Which series of both sides belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Matching {
    /// Those with the same labels, or the same but for these.
    Ignoring(Vec<String>),
    /// Those with the same of these.
    On(Vec<String>),
}
