//! A calculation over the fields of a span, and a comparison of two of them.
//!
//! Stores decide nothing about these from their indexes: **they are judged
//! from the spans alone.**

use super::{Arithmetic, Value, compares, field_values};
use crate::batch::SpanBatch;
use crate::filter::{CompareOp, Condition, Field, SpanFilter, TraceFacts};
use crate::rows::RowSet;

/// What is calculated of each span.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// The same for all.
    Constant(Value<'static>),
    /// The value of a field.
    Field(Field),
    /// `-of`
    Negated(Box<Expression>),
    /// `left op right`
    Calculated(Arithmetic, Box<Expression>, Box<Expression>),
    /// Is it one of these spans?
    Holds(Box<SpanFilter>),
}

/// `left op right`, false where a side has no value.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The left side.
    pub left: Expression,
    /// The operator.
    pub op: CompareOp,
    /// The right side.
    pub right: Expression,
}

impl Expression {
    /// The value of each span, by row.
    #[must_use]
    pub fn values<'b>(
        &self,
        batch: &'b SpanBatch,
        facts: Option<&'b TraceFacts>,
    ) -> Vec<Option<Value<'b>>> {
        match self {
            Self::Constant(value) => vec![Some(value.clone()); batch.len()],
            Self::Field(field) => field_values(batch, field, facts),
            Self::Negated(of) => {
                let values = of.values(batch, facts).into_iter();
                values.map(|value| value?.negated()).collect()
            }
            Self::Calculated(op, left, right) => {
                let right = right.values(batch, facts).into_iter();
                let both = left.values(batch, facts).into_iter().zip(right);
                both.map(|(left, right)| op.of(&left?, &right?)).collect()
            }
            Self::Holds(filter) => {
                let rows = filter.matching_as_far(batch, facts);
                let holds = |row| Some(Value::Bool(rows.contains(row)));
                (0..batch.len()).map(holds).collect()
            }
        }
    }

    /// Calls `visit` for every field, with the condition on it if there is one.
    pub fn for_each_field<'a>(&'a self, visit: &mut dyn FnMut(&'a Field, Option<&'a Condition>)) {
        match self {
            Self::Constant(_) => {}
            Self::Field(field) => visit(field, None),
            Self::Negated(of) => of.for_each_field(visit),
            Self::Calculated(_, left, right) => {
                left.for_each_field(visit);
                right.for_each_field(visit);
            }
            Self::Holds(filter) => filter.for_each_field(visit),
        }
    }
}

impl Comparison {
    /// Rows of the spans for which it holds.
    #[must_use]
    pub fn matching(&self, batch: &SpanBatch, facts: Option<&TraceFacts>) -> RowSet {
        let left = self.left.values(batch, facts);
        let right = self.right.values(batch, facts);
        RowSet::from_fn(batch.len(), |row| match (&left[row], &right[row]) {
            (Some(left), Some(right)) => compares(self.op, left, right),
            _ => false,
        })
    }

    /// Calls `visit` for every field of either side.
    pub fn for_each_field<'a>(&'a self, visit: &mut dyn FnMut(&'a Field, Option<&'a Condition>)) {
        self.left.for_each_field(visit);
        self.right.for_each_field(visit);
    }
}
