//! Reads batches that wait, one at a time, the newest spans first.
//!
//! Memory for a batch is reserved before it is read. **What cannot be read is left
//! out, counted and said, and never stops the others.**

use crate::gather::decoded_bytes;
use crate::live::check_cancelled;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tracewell_model::store::ScanReport;
use tracewell_model::waiting::{Waiting, WaitingBatch};
use tracewell_model::{
    QueryMemory, Reservation, RowSet, SpanBatch, StoreError, TimeRange, TraceId,
};

/// See the module's text.
pub(super) struct Reading {
    who: Vec<Arc<dyn Waiting>>,
    /// With who keeps it, by its place in `who`; the next to be read comes last.
    left: Vec<(usize, WaitingBatch)>,
    report: ScanReport,
    /// Of the list, and of the batch that was read last.
    memory: Reservation,
    listed_bytes: usize,
}

impl Reading {
    /// All that may have spans in the range, the latest starts first.
    ///
    /// # Errors
    /// Not even the list of them fits the memory of queries.
    pub(super) fn of_range(
        who: Vec<Arc<dyn Waiting>>,
        range: TimeRange,
        memory: &QueryMemory,
    ) -> Result<Self, StoreError> {
        Self::new(who, memory, &|of| of.batches(range))
    }

    /// All that may have spans of these traces.
    ///
    /// # Errors
    /// As [`Reading::of_range`].
    pub(super) fn of_traces(
        who: Vec<Arc<dyn Waiting>>,
        ids: &[TraceId],
        memory: &QueryMemory,
    ) -> Result<Self, StoreError> {
        Self::new(who, memory, &|of| of.batches_of(ids))
    }

    fn new(
        who: Vec<Arc<dyn Waiting>>,
        memory: &QueryMemory,
        batches: &dyn Fn(&dyn Waiting) -> Vec<WaitingBatch>,
    ) -> Result<Self, StoreError> {
        let mut memory = memory.reservation();
        let mut left = Vec::new();
        for (index, of) in who.iter().enumerate() {
            left.extend(batches(&**of).into_iter().map(|batch| (index, batch)));
        }
        let listed_bytes = left.capacity() * size_of::<(usize, WaitingBatch)>();
        memory.grow(listed_bytes)?;
        left.sort_by_key(|(_, batch)| batch.times.last_start_ns);
        Ok(Self {
            report: ScanReport {
                total_blocks: u64::from(!left.is_empty()),
                ..ScanReport::default()
            },
            who,
            left,
            memory,
            listed_bytes,
        })
    }

    /// Is there nothing left?
    pub(super) fn is_over(&self) -> bool {
        self.left.is_empty()
    }

    /// The latest start of what is left.
    pub(super) fn later_until_ns(&self) -> Option<u64> {
        let next = self.left.last();
        next.map(|(_, batch)| batch.times.last_start_ns)
    }

    /// How much was looked at. All that waits counts as one block.
    pub(super) fn report(&self) -> ScanReport {
        self.report
    }

    /// The next batch, and its rows that wait. To be dropped before the one after.
    ///
    /// # Errors
    /// [`StoreError::Cancelled`], or there is no memory for it.
    pub(super) fn next(
        &mut self,
        cancelled: &AtomicBool,
    ) -> Result<Option<(Arc<SpanBatch>, RowSet)>, StoreError> {
        while let Some((of, batch)) = self.left.pop() {
            check_cancelled(cancelled)?;
            let bytes = self.listed_bytes + decoded_bytes(batch.spans as usize);
            self.memory.resize(bytes)?;
            self.report.searched_blocks = 1;
            match self.who[of].read(&batch) {
                Ok(Some(read)) => {
                    self.report.searched_spans += read.0.len() as u64;
                    return Ok(Some(read));
                }
                // It was decided meanwhile.
                Ok(None) => {}
                Err(error) => {
                    tracing::error!("{} spans that wait are left out: {error}", batch.spans);
                    self.report.unread_blocks = 1;
                    self.report.unread_spans += u64::from(batch.spans);
                }
            }
        }
        Ok(None)
    }
}

/// What was looked at of both.
pub(super) fn sum(waiting: &ScanReport, stored: &ScanReport) -> ScanReport {
    let mut sum = *waiting;
    sum.add(stored);
    sum
}
