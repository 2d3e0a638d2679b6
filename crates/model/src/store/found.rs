//! Whole traces that were asked for by id.
//!
//! **They travel with the memory they were charged for**, so that it is held as
//! long as they are.

use super::{ScanReport, StoreError};
use crate::batch::SpanBatch;
use crate::batch::concat::BatchJoiner;
use crate::batch::identity::Outline;
use crate::budget::Reservation;
use crate::ids::TraceId;
use crate::rows::RowSet;
use std::collections::HashSet;

/// Traces that were asked for, and what it cost.
#[derive(Debug, Default, PartialEq)]
pub struct FoundTraces {
    /// In the order asked; `None` for a trace that is not there.
    pub traces: Vec<Option<SpanBatch>>,
    /// How much was looked at. Blocks that were ruled out without reading them
    /// count in `total_blocks` only.
    pub report: ScanReport,
    /// The memory of the traces: to be kept as long as they are.
    pub memory: Reservation,
}

impl FoundTraces {
    /// The trace, where only one was asked for, and the memory it holds.
    #[must_use]
    pub fn into_only(mut self) -> Option<(SpanBatch, Reservation)> {
        let batch = self.traces.pop().flatten()?;
        Some((batch, self.memory))
    }

    /// Of each trace the spans that have one of these outlines; `None` where
    /// none has.
    #[must_use]
    pub fn only_spans(mut self, wanted: &[Outline]) -> Self {
        let wanted: HashSet<&Outline> = wanted.iter().collect();
        for trace in &mut self.traces {
            *trace = trace.take().and_then(|batch| {
                let is_wanted = |row| wanted.contains(&batch.outline(row));
                let rows = RowSet::from_fn(batch.len(), is_wanted);
                let mut joiner = BatchJoiner::new();
                let joined = joiner.append_rows(&batch, &rows);
                joined.expect("a part is no larger than the whole");
                (!joiner.is_empty()).then(|| joiner.finish())
            });
        }
        self
    }

    /// The trace `id`, which alone was asked for, and the memory it holds.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when it was not found and may lie in what could
    /// not be read: nobody can say that it is not stored.
    pub fn only(self, id: TraceId) -> Result<Option<(SpanBatch, Reservation)>, StoreError> {
        let lacking = self.report.lacking();
        match (
            self.into_only().filter(|(batch, _)| !batch.is_empty()),
            lacking,
        ) {
            (None, Some(lacking)) => Err(StoreError::Damaged(format!(
                "trace {id} was not found, but it may lie in what is damaged: {lacking}"
            ))),
            (found, _) => Ok(found),
        }
    }
}
