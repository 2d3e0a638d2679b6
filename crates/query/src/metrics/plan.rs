//! What a metrics query does, free of its text.

use crate::spansets::TraceFilter;
use tracewell_model::SpanFilter;
use tracewell_model::filter::{CompareOp, Field, Intrinsic};
use tracewell_model::values::Arithmetic;

/// What makes the series of a query.
#[derive(Debug, Clone)]
pub struct MetricsQuery {
    pub(super) root: Node,
}

impl MetricsQuery {
    pub(crate) fn new(root: Node) -> Self {
        Self { root }
    }
}

/// Series, and what is made of series.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Series(Box<SeriesOf>),
    /// Of each moment the greatest or least samples.
    Best {
        of: Box<Node>,
        is_top: bool,
        count: usize,
    },
    /// The samples for which `sample op limit` holds.
    Filtered {
        of: Box<Node>,
        op: CompareOp,
        limit: f64,
    },
    Calculated {
        op: Arithmetic,
        left: Box<Node>,
        right: Box<Node>,
    },
    Number(f64),
}

impl Node {
    /// What series are called that nothing else tells apart.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Series(of) => of.name.clone(),
            Self::Best { of, .. } | Self::Filtered { of, .. } => of.name(),
            Self::Calculated { op, left, right } => {
                format!("({} {} {})", left.name(), op.symbol(), right.name())
            }
            Self::Number(number) => number.to_string(),
        }
    }
}

/// Series of spans.
#[derive(Debug, Clone)]
pub(crate) struct SeriesOf {
    /// Which spans.
    pub(crate) spans: TraceFilter,
    pub(crate) function: Function,
    /// What the function is called.
    pub(crate) name: String,
    /// One series for each combination of the values of these, with what they
    /// are called.
    pub(crate) by: Vec<(String, Field)>,
}

#[derive(Debug, Clone)]
pub(crate) enum Function {
    Rate,
    Count,
    OfValues(Statistic, Field),
    Histogram(Field),
    Quantiles(Field, Vec<f64>),
    Compare(Comparison),
}

/// Some of the spans, which are compared with the rest.
#[derive(Debug, Clone)]
pub(crate) struct Comparison {
    pub(crate) selection: SpanFilter,
    /// Values of each attribute, at most.
    pub(crate) top: usize,
    /// When they start, ns, both included.
    pub(crate) between_ns: Option<(u64, u64)>,
}

/// What is made of the values of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Statistic {
    Min,
    Max,
    Mean,
    Sum,
}

impl Function {
    /// What is measured of each span.
    pub(super) fn field(&self) -> Option<&Field> {
        match self {
            Self::Rate | Self::Count | Self::Compare(_) => None,
            Self::OfValues(_, field) | Self::Histogram(field) | Self::Quantiles(field, _) => {
                Some(field)
            }
        }
    }

    /// Does it matter how often a span is there?
    pub(super) fn adds_up(&self) -> bool {
        !matches!(self, Self::OfValues(Statistic::Min | Statistic::Max, _))
    }

    /// Do sums of spans, with durations by their bucket, tell all that is measured?
    pub(super) fn takes_sums(&self) -> bool {
        match self {
            Self::Rate | Self::Count => true,
            Self::Histogram(field) | Self::Quantiles(field, _) => {
                matches!(field, Field::Intrinsic(Intrinsic::Duration))
            }
            Self::OfValues(..) | Self::Compare(_) => false,
        }
    }

    /// Are durations measured?
    pub(super) fn is_of_durations(&self) -> bool {
        matches!(
            self.field(),
            Some(Field::Intrinsic(
                Intrinsic::Duration | Intrinsic::TraceDuration | Intrinsic::EventTimeSinceStart
            ))
        )
    }

    /// What a measured number is multiplied with: durations show in seconds.
    pub(super) fn unit(&self) -> f64 {
        if self.is_of_durations() { 1e-9 } else { 1.0 }
    }
}

impl SeriesOf {
    /// All fields whose values are looked at.
    pub(super) fn fields(&self) -> impl Iterator<Item = &Field> {
        let by = self.by.iter().map(|(_, field)| field);
        by.chain(self.function.field())
    }

    /// Can a span alone tell what it counts for?
    pub(super) fn is_span_local(&self) -> bool {
        let of_selection = match &self.function {
            Function::Compare(comparison) => comparison.selection.is_span_local(),
            _ => true,
        };
        of_selection && self.fields().all(Field::is_span_local)
    }
}
