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
