//! Plans over columns.
//!
//! An expression gives a [`Column`]: values, and for each row which of them. So
//! what depends on one text is calculated once per distinct text, and what
//! reads resources alone once per resource. **Only rows that are asked for are
//! ever calculated**: a failure of another row is none.

mod column;
mod comparison;
mod expression;
mod fields;
mod tables;
mod test;

use tracewell_model::{RowSet, SpanBatch};

pub(crate) use column::Column;
pub(crate) use fields::{attributes_of, trace_state_entries};
pub(crate) use tables::{owners, projected};

use crate::cache::Cache;
use crate::context::Context;
use crate::plan::Expression;
use crate::value::{Fault, Value};

/// What expressions are evaluated against.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scene<'b> {
    pub(crate) batch: &'b SpanBatch,
    pub(crate) cache: &'b Cache,
    pub(crate) now_ns: u64,
}

/// Rows that are found, and rows that failed.
#[derive(Debug)]
pub(crate) struct Decided {
    pub(crate) rows: RowSet,
    pub(crate) failures: Failures,
}

/// Rows that have no answer, and why the first of them has none.
#[derive(Debug)]
pub(crate) struct Failures {
    pub(crate) rows: RowSet,
    pub(crate) first: Option<Fault>,
}

impl Failures {
    pub(crate) fn none(len: usize) -> Self {
        Self {
            rows: RowSet::none(len),
            first: None,
        }
    }

    pub(crate) fn add(&mut self, row: usize, fault: &Fault) {
        self.rows.insert(row);
        if self.first.is_none() {
            self.first = Some(fault.clone());
        }
    }

    pub(crate) fn unite(&mut self, other: Self) {
        self.rows.unite(&other.rows);
        self.first = self.first.take().or(other.first);
    }
}

/// The rows of one set that are not in another.
pub(crate) fn without(rows: &RowSet, others: &RowSet) -> RowSet {
    let mut rest = others.clone();
    rest.invert();
    rest.intersect(rows);
    rest
}

/// The value of an expression that reads nothing.
pub(crate) fn constant(expression: &Expression) -> Result<Value<'static>, Fault> {
    let (batch, cache) = (SpanBatch::default(), Cache::default());
    let scene = Scene {
        batch: &batch,
        cache: &cache,
        now_ns: 0,
    };
    let column = scene.column(expression, Context::Span, &RowSet::all(1));
    column
        .of(0)
        .as_ref()
        .map(|value| value.clone().into_owned())
        .map_err(Fault::clone)
}
