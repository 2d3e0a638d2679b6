//! Which fields a query names, wherever it does.

use super::{Expr, Field, Pipeline, ScalarExpr, SpansetExpr, Stage, ValueExpr};

type Visit<'a> = dyn FnMut(&Field) + 'a;

impl Pipeline {
    /// Shows every field, from left to right, as often as it is named.
    pub fn for_each_field(&self, visit: &mut Visit<'_>) {
        for stage in &self.stages {
            match stage {
                Stage::Spansets(spansets) => of_spansets(spansets, visit),
                Stage::ScalarFilter { left, right, .. } => {
                    of_scalar(left, visit);
                    of_scalar(right, visit);
                }
                Stage::By(value) => of_value(value, visit),
                Stage::Coalesce => {}
                Stage::Select(fields) => fields.iter().for_each(&mut *visit),
            }
        }
    }
}

fn of_spansets(spansets: &SpansetExpr, visit: &mut Visit<'_>) {
    match spansets {
        SpansetExpr::Filter(filter) => of_condition(filter, visit),
        SpansetExpr::Combine { left, right, .. } => {
            of_spansets(left, visit);
            of_spansets(right, visit);
        }
        SpansetExpr::Pipeline(pipeline) => pipeline.for_each_field(visit),
    }
}

fn of_condition(condition: &Expr, visit: &mut Visit<'_>) {
    match condition {
        Expr::And(parts) | Expr::Or(parts) => {
            parts.iter().for_each(|part| of_condition(part, visit));
        }
        Expr::Not(part) => of_condition(part, visit),
        Expr::Compare { field, .. } | Expr::Exists { field, .. } | Expr::Missing { field, .. } => {
            visit(field);
        }
        Expr::CompareValues { left, right, .. } => {
            of_value(left, visit);
            of_value(right, visit);
        }
        Expr::True | Expr::False => {}
    }
}

fn of_value(value: &ValueExpr, visit: &mut Visit<'_>) {
    match value {
        ValueExpr::Literal(_) => {}
        ValueExpr::Field(field) => visit(field),
        ValueExpr::Negated(of) => of_value(of, visit),
        ValueExpr::Calculated { left, right, .. } => {
            of_value(left, visit);
            of_value(right, visit);
        }
        ValueExpr::Condition(condition) => of_condition(condition, visit),
    }
}

fn of_scalar(scalar: &ScalarExpr, visit: &mut Visit<'_>) {
    match scalar {
        ScalarExpr::Literal(_) => {}
        ScalarExpr::Aggregate { of, .. } => of.iter().for_each(|of| of_value(of, visit)),
        ScalarExpr::Calculated { left, right, .. } => {
            of_scalar(left, visit);
            of_scalar(right, visit);
        }
        ScalarExpr::OfPipeline { spans, scalar, .. } => {
            spans.for_each_field(visit);
            of_scalar(scalar, visit);
        }
    }
}
