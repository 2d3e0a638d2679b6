//! Spans that match and lie beyond the end of a search: clocks that run ahead.
//!
//! A search until now does not show what is dated in 2100, and should not hide
//! that it is there. **This is a note and worth little**: it looks at no more
//! spans than [`MAX_SEARCHED_SPANS`].

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use tracewell_model::store::{ScanColumns, ScanRequest};
use tracewell_model::{SpanFilter, StoreError, TimeRange, TraceStore};

/// Spans that are looked at.
const MAX_SEARCHED_SPANS: u64 = 1_000_000;

/// The start of the newest span that may match, as far as a span alone can
/// tell, at `from_ns` or later.
///
/// # Errors
/// What the store says: cancelled or damaged.
pub fn newest_match(
    store: &dyn TraceStore,
    filter: &SpanFilter,
    from_ns: u64,
    cancelled: &AtomicBool,
) -> Result<Option<u64>, StoreError> {
    let request = ScanRequest {
        range: TimeRange {
            start_ns: from_ns,
            end_ns: u64::MAX,
        },
        filter,
        traces: None,
        columns: ScanColumns::default(),
        cancelled,
    };
    let mut newest_ns = None;
    store.scan(&request, &mut |chunk, report| {
        let starts = &chunk.batch.spans().start_ns;
        // What began before and still runs is no clock that runs ahead.
        let starts = chunk.rows.iter().map(|row| starts[row]);
        newest_ns = newest_ns.max(starts.filter(|start_ns| *start_ns >= from_ns).max());
        let is_found = newest_ns.is_some() && newest_ns >= chunk.later_until_ns;
        if is_found || report.searched_spans > MAX_SEARCHED_SPANS {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    Ok(newest_ns)
}
