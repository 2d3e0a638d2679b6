//! A query that asks for series, lowered whole.
//!
//! **Refuses what it cannot answer**, as lowering of searches does; hints are
//! wishes, and none is needed: metrics look at every span.

use crate::metrics::{Comparison, Function, MetricsQuery, Node, SeriesOf, Statistic};
use crate::spansets::TraceFilter;
use crate::traceql::{
    self, Literal, MetricsExpr, MetricsFunction, OverTime, Query, Root, TraceQlError,
};
use tracewell_model::filter;

use super::pipeline::stages;
use super::{lower, lower_field};

/// Values of an attribute that `compare` shows, where nobody says how many, and at
/// most.
const DEFAULT_TOP: u32 = 10;
const MAX_TOP: u32 = 1_000;

/// What makes the series of a query.
///
/// # Errors
/// With the place of what cannot be answered: searches, and numbers of
/// pipelines of their own.
pub fn metrics(query: &Query) -> Result<MetricsQuery, TraceQlError> {
    match &query.root {
        Root::Metrics(metrics) => Ok(MetricsQuery::new(node(metrics)?)),
        Root::Search(_) => Err(TraceQlError::new(
            0..1,
            "the query is no metrics query: it searches for traces",
        )
        .hint("end it with a function over time: `{ … } | rate()`")),
    }
}

fn node(metrics: &MetricsExpr) -> Result<Node, TraceQlError> {
    Ok(match metrics {
        MetricsExpr::Series {
            spans,
            function,
            by,
            source,
        } => Node::Series(Box::new(SeriesOf {
            spans: TraceFilter::new(stages(spans)?),
            function: lower_function(function, *source)?,
            name: name_of(function),
            by: by.iter().map(named).collect(),
        })),
        MetricsExpr::Best { of, is_top, count } => Node::Best {
            of: plain(of)?,
            is_top: *is_top,
            count: *count as usize,
        },
        MetricsExpr::Filtered { of, op, limit } => Node::Filtered {
            of: plain(of)?,
            // The parser lets no pattern come here.
            op: op.on_values().unwrap_or(filter::CompareOp::Equal),
            limit: number(limit),
        },
        MetricsExpr::Calculated { op, left, right } => Node::Calculated {
            op: *op,
            left: plain(left)?,
            right: plain(right)?,
        },
        MetricsExpr::Number(literal) => Node::Number(number(literal)),
    })
}

fn lower_function(
    function: &MetricsFunction,
    source: traceql::SourceRange,
) -> Result<Function, TraceQlError> {
    Ok(match function {
        MetricsFunction::Rate => Function::Rate,
        MetricsFunction::Count => Function::Count,
        MetricsFunction::OfField(over_time, field) => {
            let field = lower_field(field);
            match over_time {
                OverTime::Min => Function::OfValues(Statistic::Min, field),
                OverTime::Max => Function::OfValues(Statistic::Max, field),
                OverTime::Avg => Function::OfValues(Statistic::Mean, field),
                OverTime::Sum => Function::OfValues(Statistic::Sum, field),
                OverTime::Histogram => Function::Histogram(field),
            }
        }
        MetricsFunction::Quantiles(field, quantiles) => {
            let quantiles = quantiles.iter().map(number).collect();
            Function::Quantiles(lower_field(field), quantiles)
        }
        MetricsFunction::Compare {
            selection,
            top,
            between_ns,
        } => Function::Compare(Comparison {
            selection: lower(selection),
            top: top_of(*top, source)?,
            between_ns: between_ns.map(|(from, to)| (from.max(0) as u64, to.max(0) as u64)),
        }),
    })
}

/// Values of each attribute that are compared.
fn top_of(top: Option<u32>, source: traceql::SourceRange) -> Result<usize, TraceQlError> {
    match top.unwrap_or(DEFAULT_TOP) {
        top @ 1..=MAX_TOP => Ok(top as usize),
        top => Err(TraceQlError::new(
            source.into(),
            format!("`compare` cannot show {top} values of each attribute"),
        )
        .hint(format!(
            "it shows 1 to {MAX_TOP}, and {DEFAULT_TOP} if none is said"
        ))),
    }
}

/// Series that can be cut down and calculated with.
fn plain(metrics: &MetricsExpr) -> Result<Box<Node>, TraceQlError> {
    if let MetricsExpr::Series {
        function: MetricsFunction::Compare { .. },
        source,
        ..
    } = metrics
    {
        let message = "nothing can follow `compare`, and nothing be calculated of it";
        return Err(TraceQlError::new((*source).into(), message));
    }
    Ok(Box::new(node(metrics)?))
}

fn named(field: &traceql::Field) -> (String, filter::Field) {
    (field.to_string(), lower_field(field))
}

/// The function without what is in its parentheses.
fn name_of(function: &MetricsFunction) -> String {
    let text = function.to_string();
    text.split('(').next().unwrap_or_default().to_owned()
}

/// Durations count in seconds, as series of durations do.
fn number(literal: &Literal) -> f64 {
    match literal {
        Literal::DurationNs(ns) => *ns as f64 / 1e9,
        other => other.to_value().number().unwrap_or(f64::NAN),
    }
}
