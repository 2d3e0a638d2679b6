//! Spans that look the same to a scan: one that was stored twice, or two?
//!
//! Their traces are fetched whole, which drops what was stored twice; what is
//! left of spans that look the same are spans of their own. **Traces whose
//! spans all look different are never fetched.**

use crate::search::{Fetcher, Pace};
use std::collections::HashSet;
use std::ops::ControlFlow;
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
        let (filter, range, spans) = (self.filter, self.range, &mut self.spans);
        let whole = &mut Pace::default();
        self.fetcher.each(traces, None, whole, &mut |trace| {
            *spans += further(filter, range, trace);
            Ok(ControlFlow::Continue(()))
        })
    }
}

/// Spans of a trace that match beyond the first of each outline.
fn further(filter: &SpanFilter, range: TimeRange, whole: &SpanBatch) -> u64 {
    let times = whole.spans();
    let matching = filter.matching(whole);
    let counted = matching
        .iter()
        .filter(|row| range.includes(times.start_ns[*row], times.duration_ns[*row]));
    let mut seen = HashSet::new();
    let further = counted.filter(|row| !seen.insert(whole.outline(*row)));
    further.count() as u64
}
