//! What a range without a beginning or an end covers: the time of which spans
//! are stored, not everything since 1970.

use tracewell_model::{TimeRange, TraceStore};

/// The range, between the first and the last start where it is open.
pub(super) fn narrowed(store: &dyn TraceStore, range: TimeRange) -> TimeRange {
    let (is_begun, is_ended) = (range.start_ns > 0, range.end_ns < u64::MAX);
    if is_begun && is_ended {
        return range;
    }
    let Some((first_ns, last_ns)) = store.status().start_range_ns else {
        let end_ns = range.start_ns;
        return TimeRange { end_ns, ..range };
    };
    TimeRange {
        start_ns: range.start_ns.max(if is_begun { 0 } else { first_ns }),
        end_ns: range.end_ns.min(if is_ended {
            u64::MAX
        } else {
            last_ns.saturating_add(1)
        }),
    }
}
