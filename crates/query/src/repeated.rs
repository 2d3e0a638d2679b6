//! Spans that look the same to a scan: one that was stored twice, or two?
//!
//! Their traces are fetched whole, which drops what was stored twice; what is
//! left of spans that look the same are spans of their own. **Traces whose
//! spans all look different are never fetched.**

use crate::outlines::Seen;
use crate::search::{Fetcher, Pace};
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use tracewell_model::store::ScanColumns;
use tracewell_model::{RowSet, SpanBatch, SpanFilter, StoreError, TimeRange, TraceId, TraceStore};

/// Tells them apart.
pub(crate) struct Repeated<'a> {
    filter: &'a SpanFilter,
    range: TimeRange,
    columns: ScanColumns,
    pub(crate) fetcher: Fetcher<'a>,
}

impl<'a> Repeated<'a> {
    /// Of spans that match and belong to the range. `columns` are what is looked at
    /// besides.
    pub(crate) fn new(
        store: &'a dyn TraceStore,
        (filter, range): (&'a SpanFilter, TimeRange),
        columns: ScanColumns,
        cancelled: &'a AtomicBool,
    ) -> Self {
        Self {
            filter,
            range,
            columns: columns.and(ScanColumns::of_filter(filter)),
            fetcher: Fetcher::new(store, cancelled),
        }
    }

    /// Shows the spans of these traces that look the same, trace by trace, each as
    /// often as it is a span of its own.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) fn tell_apart(
        &mut self,
        traces: &[TraceId],
        seen: &Seen,
        show: &mut dyn FnMut(&SpanBatch, &RowSet),
    ) -> Result<(), StoreError> {
        let (filter, range) = (self.filter, self.range);
        let (columns, pace) = (Some(&self.columns), &mut Pace::default());
        self.fetcher.each(traces, columns, pace, &mut |trace| {
            let times = trace.spans();
            let mut rows = seen.alike(trace, &filter.matching(trace));
            rows.intersect(&RowSet::from_fn(trace.len(), |row| {
                range.includes(times.start_ns[row], times.duration_ns[row])
            }));
            show(trace, &rows);
            Ok(ControlFlow::Continue(()))
        })
    }
}
