//! From the rows of one table to those of another: events belong to spans,
//! spans to a resource and a scope.

use std::borrow::Cow;

use tracewell_model::{RowSet, SpanBatch};

use super::{Decided, Failures};
use crate::context::Context;

/// For each row of `of` the row of `to` that it belongs to.
pub(crate) fn owners(batch: &SpanBatch, of: Context, to: Context) -> Cow<'_, [u32]> {
    let of_span = match to {
        Context::Resource => &batch.spans().resource,
        Context::Scope => &batch.spans().scope,
        Context::Span | Context::SpanEvent => return Cow::Borrowed(&batch.events().span_row),
    };
    match of {
        Context::SpanEvent => {
            let spans = batch.events().span_row.iter();
            spans.map(|span| of_span[*span as usize]).collect()
        }
        _ => Cow::Borrowed(of_span),
    }
}

/// The rows that these belong to.
pub(crate) fn projected(rows: &RowSet, owners: &[u32], len: usize) -> RowSet {
    let mut projected = RowSet::none(len);
    rows.iter()
        .for_each(|row| projected.insert(owners[row] as usize));
    projected
}

/// Those of the rows that belong to some.
pub(crate) fn spread(upper: &RowSet, owners: &[u32], rows: &RowSet) -> RowSet {
    let mut spread = RowSet::none(rows.table_len());
    rows.iter()
        .filter(|row| upper.contains(owners[*row] as usize))
        .for_each(|row| spread.insert(row));
    spread
}

impl Decided {
    /// For rows that belong to those it was decided for.
    pub(super) fn spread(self, owners: &[u32], rows: &RowSet) -> Self {
        Self {
            rows: spread(&self.rows, owners, rows),
            failures: Failures {
                rows: spread(&self.failures.rows, owners, rows),
                first: self.failures.first,
            },
        }
    }
}
