//! A scan that adds up, with an accumulator for each thread.
//!
//! **Accumulators meet only when the scan is over**, so whoever adds needs no lock.

use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};
use tracewell_model::store::{ScanChunk, ScanReport, ScanRequest, UnorderedVisitor};
use tracewell_model::{StoreError, TraceStore};

/// Accumulators of one scan, at most.
const MAX_ACCUMULATORS: usize = 4;

/// What a scan added up.
pub(crate) struct Added<A> {
    /// At least one; several are to be merged.
    pub(crate) accumulators: Vec<A>,
    /// How much was looked at.
    pub(crate) report: ScanReport,
    /// Was it cancelled on the way?
    pub(crate) is_cut_short: bool,
}

/// How many accumulators there will be.
pub(crate) fn accumulators() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    cores.min(MAX_ACCUMULATORS)
}

/// Scans, with accumulators that `make` makes and `add` fills. One that is
/// cancelled after the first chunk is only cut short.
///
/// # Errors
/// What the store says.
pub(crate) fn add_up<A: Send>(
    store: &dyn TraceStore,
    request: &ScanRequest<'_>,
    make: impl Fn() -> A,
    add: impl Fn(&mut A, &ScanChunk<'_>) + Sync,
) -> Result<Added<A>, StoreError> {
    let so_far: Mutex<Option<ScanReport>> = Mutex::new(None);
    let tell = |report: &ScanReport| {
        let mut so_far = so_far.lock().unwrap_or_else(PoisonError::into_inner);
        let is_further = so_far.is_none_or(|known| report.searched_spans >= known.searched_spans);
        if is_further {
            *so_far = Some(*report);
        }
    };
    let mut accumulators: Vec<A> = (0..accumulators()).map(|_| make()).collect();
    let mut visit: Vec<_> = accumulators
        .iter_mut()
        .map(|accumulator| {
            |chunk: &ScanChunk<'_>, report: &ScanReport| {
                add(accumulator, chunk);
                tell(report);
                ControlFlow::Continue(())
            }
        })
        .collect();
    let mut visitors: Vec<&mut UnorderedVisitor<'_>> = visit
        .iter_mut()
        .map(|visit| visit as &mut UnorderedVisitor<'_>)
        .collect();
    let scanned = store.scan_unordered(request, &mut visitors);
    drop(visitors);
    drop(visit);
    let so_far = so_far.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (report, is_cut_short) = match (scanned, so_far) {
        (Ok(report), _) => (report, false),
        (Err(StoreError::Cancelled), Some(report)) => (report, true),
        (Err(error), _) => return Err(error),
    };
    Ok(Added {
        accumulators,
        report,
        is_cut_short,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use tracewell_model::store::ScanColumns;
    use tracewell_model::{SpanFilter, TimeRange};
    use tracewell_store::memory::MemoryStore;
    use tracewell_testkit::{TestSpan, batch};

    #[test]
    fn what_was_added_before_the_time_was_over_is_there() {
        let store = MemoryStore::new(1 << 30);
        for number in 1..=2 {
            let span = TestSpan::new(number, 1, "shop", "op", number);
            store.append(Arc::new(batch(&[span])), Box::new(drop));
        }
        let cancelled = AtomicBool::new(false);
        let request = ScanRequest {
            range: TimeRange::ALL,
            filter: &SpanFilter::All,
            traces: None,
            columns: ScanColumns::default(),
            cancelled: &cancelled,
        };
        let count = |is_over: bool| {
            let add = |spans: &mut usize, chunk: &ScanChunk<'_>| {
                *spans += chunk.rows.count();
                cancelled.store(is_over, Ordering::Relaxed);
            };
            add_up(&store, &request, || 0, add)
        };
        let whole = count(false).unwrap();
        assert_eq!(whole.accumulators.iter().sum::<usize>(), 2);
        assert!(!whole.is_cut_short);
        let cut = count(true).unwrap();
        assert_eq!(cut.accumulators.iter().sum::<usize>(), 1);
        assert!(cut.is_cut_short && cut.report.searched_spans == 1);
        assert!(matches!(count(true), Err(StoreError::Cancelled)));
    }
}
