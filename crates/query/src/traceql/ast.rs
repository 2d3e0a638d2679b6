//! The syntax tree: what a query means, in a shape made for lowering.
//!
//! The parser already did the normalising, so that whoever walks the tree has
//! few cases: the field is always on the left, a lone boolean field is a
//! comparison with `true`, comparisons with `nil` are [`Expr::Exists`] and
//! [`Expr::Missing`], and chains of one operator are one flat list.
//!
//! The tree holds the whole language, also what nothing can run yet, knows
//! nothing of stored spans, and equality **never** looks at where something was
//! written.

mod condition;
mod field;
mod fields;
mod metrics;
mod pipeline;

pub use condition::{CompareOp, Expr, Literal, ValueExpr};
pub use field::{AttributeScope, Field, FieldType, Intrinsic};
pub use metrics::{MetricsExpr, MetricsFunction, OverTime};
pub use pipeline::{Aggregate, Mode, Pipeline, Relation, ScalarExpr, SpansetExpr, Stage};

use std::ops::Range;

/// A whole query.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// What is asked.
    pub root: Root,
    /// `with (…)`: how it should be answered.
    pub hints: Vec<Hint>,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Root {
    /// Traces.
    Search(Pipeline),
    /// Figures over time.
    Metrics(MetricsExpr),
}

/// `name=value`, not checked: those that nobody knows are ignored.
#[derive(Debug, Clone, PartialEq)]
pub struct Hint {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Literal,
}

impl Query {
    /// Traces in which a span fulfils the condition.
    pub fn of_filter(filter: Expr) -> Self {
        Self {
            root: Root::Search(Pipeline {
                stages: vec![Stage::Spansets(SpansetExpr::Filter(filter))],
            }),
            hints: Vec::new(),
        }
    }

    /// The spans that are asked for, or of which figures are made: of
    /// calculated ones the first.
    pub fn spans(&self) -> Option<&Pipeline> {
        match &self.root {
            Root::Search(pipeline) => Some(pipeline),
            Root::Metrics(metrics) => metrics.spans(),
        }
    }

    /// The condition, of a query that is nothing but one filter.
    pub fn as_filter(&self) -> Option<&Expr> {
        match &self.root {
            Root::Search(Pipeline { stages }) => match &stages[..] {
                [Stage::Spansets(SpansetExpr::Filter(filter))] => Some(filter),
                _ => None,
            },
            Root::Metrics(_) => None,
        }
    }
}

/// Where something was written: a range of characters of the query.
///
/// All ranges are equal: two trees are the same if they mean the same,
/// wherever their parts stood.
#[derive(Debug, Clone, Copy, Default)]
pub struct SourceRange {
    /// The first character.
    pub start: usize,
    /// One past the last character.
    pub end: usize,
}

impl PartialEq for SourceRange {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for SourceRange {}

impl From<Range<usize>> for SourceRange {
    fn from(range: Range<usize>) -> Self {
        Self {
            start: range.start,
            end: range.end,
        }
    }
}

impl From<SourceRange> for Range<usize> {
    fn from(range: SourceRange) -> Self {
        range.start..range.end
    }
}
