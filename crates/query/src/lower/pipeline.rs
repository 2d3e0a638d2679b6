//! A query that searches, lowered whole.
//!
//! **Refuses what it cannot answer**, so that no part of a query is ignored;
//! hints are wishes and may be.

use crate::spansets::{Scalar, Spansets, Stage, TraceFilter};
use crate::traceql::{
    self, Intrinsic, MetricsExpr, Pipeline, Query, Root, ScalarExpr, SpansetExpr, TraceQlError,
};
use tracewell_model::filter;

use super::{lower, lower_field, lower_value};

/// What finds the traces of a query.
///
/// # Errors
/// With the place of what cannot be answered: metrics, and numbers of pipelines
/// of their own.
pub fn search(query: &Query) -> Result<TraceFilter, TraceQlError> {
    match &query.root {
        Root::Search(pipeline) => Ok(TraceFilter::new(stages(pipeline)?)),
        Root::Metrics(metrics) => Err(not_a_search(metrics)),
    }
}

/// What finds the traces of a query, or of metrics the spans that they are made
/// of; it shows every field that was named, of up to `spans_per_set` spans of
/// each spanset.
///
/// # Errors
/// With the place of what cannot be answered: numbers of pipelines of their own.
pub fn search_showing_fields(
    query: &Query,
    spans_per_set: usize,
) -> Result<TraceFilter, TraceQlError> {
    let Some(pipeline) = query.spans() else {
        return search(query);
    };
    let mut shown: Vec<(String, filter::Field)> = Vec::new();
    pipeline.for_each_field(&mut |field| {
        if let Some(name) = shown_name(field) {
            let entry = (name, lower_field(field));
            if !shown.contains(&entry) {
                shown.push(entry);
            }
        }
    });
    let mut stages = stages(pipeline)?;
    stages.retain(|stage| !matches!(stage, Stage::Select(_)));
    stages.push(Stage::Select(shown));
    Ok(TraceFilter::showing(stages, spans_per_set))
}

/// What a field is called beside a span; `None` of what stands there anyway.
fn shown_name(field: &traceql::Field) -> Option<String> {
    match field {
        traceql::Field::Intrinsic(
            Intrinsic::Name
            | Intrinsic::Duration
            | Intrinsic::SpanId
            | Intrinsic::TraceId
            | Intrinsic::TraceDuration
            | Intrinsic::RootName
            | Intrinsic::RootService,
        ) => None,
        traceql::Field::Intrinsic(_) => Some(field.to_string()),
        traceql::Field::Attribute { key, .. } | traceql::Field::ParentAttribute { key, .. } => {
            Some(key.clone())
        }
    }
}

fn not_a_search(metrics: &MetricsExpr) -> TraceQlError {
    match metrics {
        MetricsExpr::Series {
            function, source, ..
        } => {
            let name = function.to_string();
            let name = name.split('(').next().unwrap_or_default();
            TraceQlError::new(
                (*source).into(),
                format!("metrics (`{name}`) are no search: a search shows traces"),
            )
            .hint("leave out the last stage to see the traces themselves")
        }
        MetricsExpr::Best { of, .. } | MetricsExpr::Filtered { of, .. } => not_a_search(of),
        MetricsExpr::Calculated { left, right, .. } => match **left {
            MetricsExpr::Number(_) => not_a_search(right),
            _ => not_a_search(left),
        },
        MetricsExpr::Number(_) => TraceQlError::new(0..0, "a number alone finds nothing"),
    }
}

pub(super) fn stages(pipeline: &Pipeline) -> Result<Vec<Stage>, TraceQlError> {
    pipeline.stages.iter().map(stage).collect()
}

fn stage(stage: &traceql::Stage) -> Result<Stage, TraceQlError> {
    Ok(match stage {
        traceql::Stage::Spansets(spansets) => Stage::Spansets(lower_spansets(spansets)?),
        traceql::Stage::ScalarFilter { left, op, right } => Stage::Scalars {
            left: scalar(left)?,
            // The parser lets no pattern come here.
            op: op.on_values().unwrap_or(filter::CompareOp::Equal),
            right: scalar(right)?,
        },
        traceql::Stage::By(value) => Stage::By {
            name: stage.to_string(),
            of: lower_value(value),
        },
        traceql::Stage::Coalesce => Stage::Coalesce,
        traceql::Stage::Select(fields) => {
            let named = |field: &traceql::Field| (field.to_string(), lower_field(field));
            Stage::Select(fields.iter().map(named).collect())
        }
    })
}

fn lower_spansets(spansets: &SpansetExpr) -> Result<Spansets, TraceQlError> {
    Ok(match spansets {
        SpansetExpr::Filter(filter) => Spansets::Filter(lower(filter)),
        SpansetExpr::Combine {
            relation,
            mode,
            left,
            right,
        } => Spansets::Combine {
            relation: *relation,
            mode: *mode,
            left: Box::new(lower_spansets(left)?),
            right: Box::new(lower_spansets(right)?),
        },
        SpansetExpr::Pipeline(pipeline) => Spansets::Pipeline(stages(pipeline)?),
    })
}

fn scalar(of: &ScalarExpr) -> Result<Scalar, TraceQlError> {
    Ok(match of {
        ScalarExpr::Literal(literal) => Scalar::Constant(literal.to_value()),
        ScalarExpr::Aggregate {
            function,
            of: value,
        } => Scalar::Aggregate {
            name: of.to_string(),
            function: *function,
            of: value.as_ref().map(lower_value),
        },
        ScalarExpr::Calculated { op, left, right } => {
            Scalar::Calculated(*op, Box::new(scalar(left)?), Box::new(scalar(right)?))
        }
        ScalarExpr::OfPipeline { source, .. } => {
            return Err(TraceQlError::new(
                (*source).into(),
                "numbers of a pipeline of their own cannot be compared",
            )
            .hint("compare within one pipeline: `{ … } | count() > 2`"));
        }
    })
}
