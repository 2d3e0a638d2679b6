//! From the TraceQL tree to the filter that stores evaluate.
//!
//! Here the query language meets the data: keys gain their aliases of older
//! and newer semantic conventions, patterns are compiled, enums become model
//! types. **No meaning is added**: what a condition means is said in
//! `docs/traceql.md` and done in `model::filter`. What the language has and
//! nothing can answer yet is refused here, with its place.

mod metrics;
mod pipeline;

pub use metrics::metrics;
pub use pipeline::{search, search_showing_fields};

use crate::traceql::{self, AttributeScope, CompareOp, Expr, Field, Intrinsic, Literal, ValueExpr};
use tracewell_model::batch::view::ValueRef;
use tracewell_model::filter::{self, Condition, Place};
use tracewell_model::values::{Comparison, Expression};
use tracewell_model::{SpanFilter, semconv};

/// The filter of a checked condition.
#[must_use]
pub fn lower(expr: &Expr) -> SpanFilter {
    match expr {
        Expr::True => SpanFilter::All,
        Expr::False => SpanFilter::None,
        Expr::And(parts) => SpanFilter::And(parts.iter().map(lower).collect()),
        Expr::Or(parts) => SpanFilter::Or(parts.iter().map(lower).collect()),
        Expr::Not(part) => SpanFilter::Not(Box::new(lower(part))),
        Expr::Exists { field, .. } => test(field, Condition::Exists),
        Expr::Missing { field, .. } => test(field, Condition::Absent),
        Expr::Compare {
            field, op, value, ..
        } => match condition(*op, value) {
            Some(condition) => test(field, condition),
            None => SpanFilter::None,
        },
        Expr::CompareValues {
            left, op, right, ..
        } => match op.on_values() {
            Some(op) => SpanFilter::Compare(Box::new(Comparison {
                left: lower_value(left),
                op,
                right: lower_value(right),
            })),
            None => SpanFilter::None,
        },
    }
}

fn test(field: &Field, condition: Condition) -> SpanFilter {
    let holds = |number| condition.holds(ValueRef::Int(number));
    let finds_roots = *field == Field::Intrinsic(Intrinsic::NestedSetParent)
        && holds(-1)
        && !holds(0)
        && !holds(1);
    let test = SpanFilter::Test(lower_field(field), condition);
    if !finds_roots {
        return test;
    }
    // Roots name no parent, which can be told from the span alone.
    let parent = filter::Field::Intrinsic(filter::Intrinsic::ParentSpanId);
    SpanFilter::And(vec![SpanFilter::Test(parent, Condition::Absent), test])
}

/// What is calculated of each span.
fn lower_value(value: &ValueExpr) -> Expression {
    let boxed = |value: &ValueExpr| Box::new(lower_value(value));
    match value {
        ValueExpr::Literal(literal) => Expression::Constant(literal.to_value()),
        ValueExpr::Field(field) => Expression::Field(lower_field(field)),
        ValueExpr::Negated(of) => Expression::Negated(boxed(of)),
        ValueExpr::Calculated { op, left, right } => {
            Expression::Calculated(*op, boxed(left), boxed(right))
        }
        ValueExpr::Condition(condition) => Expression::Holds(Box::new(lower(condition))),
    }
}

/// The attribute that names a service.
pub(crate) fn service_name() -> Field {
    Field::Attribute {
        scope: AttributeScope::Resource,
        key: "service.name".to_owned(),
    }
}

pub(crate) fn lower_field(field: &Field) -> filter::Field {
    let aliases = |key: &str| semconv::aliases(key).into_iter().map(Into::into).collect();
    match field {
        Field::Intrinsic(intrinsic) => filter::Field::Intrinsic(lower_intrinsic(*intrinsic)),
        Field::Attribute { scope, key } => {
            filter::Field::Attribute(lower_scope(*scope), aliases(key))
        }
        Field::ParentAttribute { scope, key } => {
            filter::Field::ParentAttribute(lower_scope(*scope), aliases(key))
        }
    }
}

fn lower_scope(scope: AttributeScope) -> Place {
    match scope {
        AttributeScope::Any => Place::Any,
        AttributeScope::Span => Place::Span,
        AttributeScope::Resource => Place::Resource,
        AttributeScope::Event => Place::Event,
        AttributeScope::Link => Place::Link,
        AttributeScope::Instrumentation => Place::Scope,
    }
}

fn lower_intrinsic(intrinsic: Intrinsic) -> filter::Intrinsic {
    use filter::Intrinsic as Model;
    match intrinsic {
        Intrinsic::Duration => Model::Duration,
        Intrinsic::Name => Model::Name,
        Intrinsic::Status => Model::Status,
        Intrinsic::StatusMessage => Model::StatusMessage,
        Intrinsic::Kind => Model::Kind,
        Intrinsic::Error => Model::Failed,
        Intrinsic::SpanId => Model::SpanId,
        Intrinsic::ParentId => Model::ParentSpanId,
        Intrinsic::ChildCount => Model::ChildCount,
        Intrinsic::TraceDuration => Model::TraceDuration,
        Intrinsic::RootName => Model::RootName,
        Intrinsic::RootService => Model::RootService,
        Intrinsic::TraceId => Model::TraceId,
        Intrinsic::EventName => Model::EventName,
        Intrinsic::EventTimeSinceStart => Model::EventTimeSinceStart,
        Intrinsic::LinkTraceId => Model::LinkTraceId,
        Intrinsic::LinkSpanId => Model::LinkSpanId,
        Intrinsic::InstrumentationName => Model::ScopeName,
        Intrinsic::InstrumentationVersion => Model::ScopeVersion,
        Intrinsic::NestedSetLeft => Model::NestedSetLeft,
        Intrinsic::NestedSetRight => Model::NestedSetRight,
        Intrinsic::NestedSetParent => Model::NestedSetParent,
    }
}

/// `None` only for a pattern that the parser would have refused.
fn condition(op: CompareOp, value: &Literal) -> Option<Condition> {
    let compare = |op| Some(Condition::Compare(op, lower_literal(value)));
    let pattern = || match value {
        Literal::Text(text) => traceql::compile_pattern(text).ok(),
        _ => None,
    };
    match op {
        CompareOp::Equal => compare(filter::CompareOp::Equal),
        CompareOp::NotEqual => compare(filter::CompareOp::NotEqual),
        CompareOp::Less => compare(filter::CompareOp::Less),
        CompareOp::LessOrEqual => compare(filter::CompareOp::LessOrEqual),
        CompareOp::Greater => compare(filter::CompareOp::Greater),
        CompareOp::GreaterOrEqual => compare(filter::CompareOp::GreaterOrEqual),
        CompareOp::Matches => pattern().map(Condition::Matches),
        CompareOp::NotMatches => pattern().map(Condition::MatchesNot),
    }
}

fn lower_literal(value: &Literal) -> filter::Literal {
    match value {
        Literal::Text(text) => filter::Literal::Str(text.clone()),
        Literal::Int(value) | Literal::DurationNs(value) => filter::Literal::Int(*value),
        Literal::Float(value) => filter::Literal::Double(*value),
        Literal::Bool(value) => filter::Literal::Bool(*value),
        Literal::Status(status) => filter::Literal::Status(*status),
        Literal::Kind(kind) => filter::Literal::Kind(*kind),
    }
}
