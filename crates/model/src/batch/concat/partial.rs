//! What joining owes to partial batches.
//!
//! A partial batch lacks columns, so it states which spans failed; that must
//! survive joining, also with whole batches, which are asked themselves.
//! **Nothing here guesses.**

use crate::batch::SpanBatch;
use crate::failure::failed_rows;
use crate::rows::RowSet;
use std::ops::Range;

/// Rows whose batch said which of them failed, because it lacks the columns
/// that would tell. Both ascend.
#[derive(Debug, Default)]
pub(super) struct StatedFailures {
    rows: Vec<Range<usize>>,
    failed: Vec<usize>,
}

impl StatedFailures {
    /// Notes what `batch` says of the rows that become `first` and following.
    pub(super) fn note(&mut self, batch: &SpanBatch, chosen: &[u32], first: usize) {
        let Some(failed) = &batch.failed else {
            return;
        };
        self.rows.push(first..first + chosen.len());
        let rows = (first..).zip(chosen);
        self.failed.extend(
            rows.filter(|(_, row)| failed.contains(**row as usize))
                .map(|(place, _)| place),
        );
    }

    /// What is known of all rows of the joined batch.
    pub(super) fn into_rows(self, joined: &SpanBatch) -> Option<RowSet> {
        if self.rows.is_empty() {
            return None;
        }
        // Rows of whole batches brought what tells; of the others it is wrong.
        let mut failed = failed_rows(joined);
        let mut told = RowSet::all(joined.len());
        let stated = self.rows.into_iter().flatten();
        stated.for_each(|row| told.remove(row));
        failed.intersect(&told);
        self.failed.into_iter().for_each(|row| failed.insert(row));
        Some(failed)
    }
}
