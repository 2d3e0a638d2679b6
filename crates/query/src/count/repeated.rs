//! Spans that look the same to a scan: one that was stored twice, or two?
//!
//! Their traces are fetched whole, which drops what was stored twice; what is
//! left of spans that look the same are spans of their own. **Traces whose
//! spans all look different are never fetched.**

use crate::search::Fetcher;
use std::collections::HashSet;
use std::sync::atomic::AtomicBool;
use tracewell_model::{SpanBatch, SpanFilter, StoreError, TimeRange, TraceId, TraceStore};

/// Tells them apart.
pub(super) struct Repeated<'a> {
    filter: &'a SpanFilter,
    range: TimeRange,
    pub(super) fetcher: Fetcher<'a>,
    /// Spans that match beyond the first of each outline.
    pub(super) spans: u64,
}

impl<'a> Repeated<'a> {
    pub(super) fn new(
        store: &'a dyn TraceStore,
        filter: &'a SpanFilter,
        range: TimeRange,
        cancelled: &'a AtomicBool,
    ) -> Self {
        Self {
            filter,
            range,
            fetcher: Fetcher::new(store, cancelled),
            spans: 0,
        }
    }

    /// Counts those of these traces.
    ///
    /// # Errors
    /// What the store says.
    pub(super) fn tell_apart(&mut self, traces: &[TraceId]) -> Result<(), StoreError> {
        let mut rest = traces;
        while !rest.is_empty() {
            let (some, later) = rest.split_at(self.fetcher.at_a_time().min(rest.len()));
            match self.fetcher.fetch(some, None) {
                Ok((batches, _held)) => {
                    batches.iter().for_each(|batch| self.add(batch));
                    rest = later;
                }
                // Fewer at a time may fit.
                Err(StoreError::OverBudget(_)) if some.len() > 1 => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn add(&mut self, whole: &SpanBatch) {
        let times = whole.spans();
        let matching = self.filter.matching(whole);
        let counted = matching.iter().filter(|row| {
            self.range
                .includes(times.start_ns[*row], times.duration_ns[*row])
        });
        let mut seen = HashSet::new();
        let further = counted.filter(|row| !seen.insert(whole.outline(*row)));
        self.spans += further.count() as u64;
    }
}
