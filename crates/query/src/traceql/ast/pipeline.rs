//! Sets of spans of one trace, and the stages they go through.

use tracewell_model::values::Arithmetic;

use super::{CompareOp, Expr, Field, Literal, SourceRange, ValueExpr};

/// Stages from left to right; at least one.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipeline {
    /// The first does not coalesce.
    pub stages: Vec<Stage>,
}

/// What happens to the spansets of a trace.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    /// Keeps the spans that the expression finds among them.
    Spansets(SpansetExpr),
    /// Keeps the spansets for which `left op right` holds.
    ScalarFilter {
        /// The left side.
        left: ScalarExpr,
        /// The operator; no pattern.
        op: CompareOp,
        /// The right side; one of them has an aggregate.
        right: ScalarExpr,
    },
    /// `by(…)`: one spanset for each value.
    By(ValueExpr),
    /// `coalesce()`: one spanset again.
    Coalesce,
    /// `select(…)`: shows these fields of the spans.
    Select(Vec<Field>),
}

/// What finds spans in a trace.
#[derive(Debug, Clone, PartialEq)]
pub enum SpansetExpr {
    /// `{ … }`
    Filter(Expr),
    /// `left relation right`
    Combine {
        /// How the sides belong together.
        relation: Relation,
        /// What of them is found; [`Mode::Plain`] for [`Relation::And`] and
        /// [`Relation::Or`].
        mode: Mode,
        /// The left side.
        left: Box<SpansetExpr>,
        /// The right side.
        right: Box<SpansetExpr>,
    },
    /// `( … | … )`, of more than one spanset expression.
    Pipeline(Pipeline),
}

/// How two sets of spans belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relation {
    /// `&&`: the trace has both.
    And,
    /// `||`: the trace has one of them.
    Or,
    /// `>`: the right one is a child of the left one.
    Child,
    /// `>>`: it is below it.
    Descendant,
    /// `<`: it is its parent.
    Parent,
    /// `<<`: it is above it.
    Ancestor,
    /// `~`: both have one parent.
    Sibling,
}

/// What a relation finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// The spans to the right that have a partner.
    Plain,
    /// `!>`: those to the right that have none.
    Not,
    /// `&>`: those of either side that have a partner.
    Union,
}

/// One number for each spanset.
#[derive(Debug, Clone, PartialEq)]
pub enum ScalarExpr {
    /// The same for all: a number or a duration.
    Literal(Literal),
    /// `count()`, or of a value: `avg(duration)`.
    Aggregate {
        /// Which.
        function: Aggregate,
        /// Of what; `None` for [`Aggregate::Count`] alone.
        of: Option<ValueExpr>,
    },
    /// `left op right`; not both are literals.
    Calculated {
        /// The operator.
        op: Arithmetic,
        /// The left side.
        left: Box<ScalarExpr>,
        /// The right side.
        right: Box<ScalarExpr>,
    },
    /// `( … | count() )`: of spans of its own.
    OfPipeline {
        /// The spans.
        spans: Pipeline,
        /// What of them.
        scalar: Box<ScalarExpr>,
        /// Where it was written.
        source: SourceRange,
    },
}

/// What is made of the spans of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Aggregate {
    /// How many there are.
    Count,
    /// The least value.
    Min,
    /// The greatest.
    Max,
    /// The mean.
    Avg,
    /// The sum.
    Sum,
}
