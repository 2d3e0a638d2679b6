//! Figures over time.

use tracewell_model::values::Arithmetic;

use super::{CompareOp, Expr, Field, Literal, Pipeline, SourceRange};

/// Series, and what is made of them.
#[derive(Debug, Clone, PartialEq)]
pub enum MetricsExpr {
    /// `spans | function by (…)`
    Series {
        /// The spans that are counted.
        spans: Pipeline,
        /// What of them.
        function: MetricsFunction,
        /// One series for each combination of these.
        by: Vec<Field>,
        /// Where the function was written.
        source: SourceRange,
    },
    /// `of | topk(count)`, or `bottomk`.
    Best {
        /// The series.
        of: Box<MetricsExpr>,
        /// The greatest, not the least.
        is_top: bool,
        /// How many; at least one.
        count: u32,
    },
    /// `of op limit`: the samples for which it holds.
    Filtered {
        /// The series.
        of: Box<MetricsExpr>,
        /// The operator; no pattern.
        op: CompareOp,
        /// A number or a duration.
        limit: Literal,
    },
    /// `left op right`; the operator is one of `+ - * /`.
    Calculated {
        /// The operator.
        op: Arithmetic,
        /// The left side.
        left: Box<MetricsExpr>,
        /// The right side; not both are numbers.
        right: Box<MetricsExpr>,
    },
    /// A number beside series.
    Number(Literal),
}

impl MetricsExpr {
    pub(super) fn spans(&self) -> Option<&Pipeline> {
        match self {
            Self::Series { spans, .. } => Some(spans),
            Self::Best { of, .. } | Self::Filtered { of, .. } => of.spans(),
            Self::Calculated { left, right, .. } => left.spans().or_else(|| right.spans()),
            Self::Number(_) => None,
        }
    }
}

/// What is made of spans.
#[derive(Debug, Clone, PartialEq)]
pub enum MetricsFunction {
    /// `rate()`
    Rate,
    /// `count_over_time()`
    Count,
    /// `min_over_time(field)` and its like.
    OfField(OverTime, Field),
    /// `quantile_over_time(field, q, …)`
    Quantiles(Field, Vec<Literal>),
    /// `compare({ … }, top, from, to)`
    Compare {
        /// The selection, which is compared with the rest.
        selection: Expr,
        /// Values of each attribute, at most.
        top: Option<u32>,
        /// When the selection lies, ns.
        between_ns: Option<(i64, i64)>,
    },
}

/// What is made of the values of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OverTime {
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// The mean.
    Avg,
    /// The sum.
    Sum,
    /// How many in each bucket.
    Histogram,
}
