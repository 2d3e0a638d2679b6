//! Fetching of candidate traces, a few at a time.
//!
//! How many depends on how large the last ones were ([`Pace`]), so that a search
//! over giant traces needs no more memory than one over small ones, up to a
//! single trace. A trace that is too large even alone is passed over and remembered:
//! **no search fails because of one trace.**

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use tracewell_model::store::{ScanColumns, ScanReport};
use tracewell_model::{Reservation, SpanBatch, StoreError, TraceId, TraceStore};

/// Traces fetched at a time: at first, and at most. Each fetch looks through
/// all live batches once.
const FIRST_TRACES: usize = 8;
const MAX_TRACES: usize = 512;

/// Bytes that the traces of one fetch should not exceed.
const WANTED_BYTES: usize = 32 << 20;

/// How many traces are fetched at a time. It is learnt from what the last ones
/// took: **whoever fetches with other columns has a pace of his own**, because a
/// thousand narrow traces may take what a single whole one does.
#[derive(Debug)]
pub(crate) struct Pace {
    at_a_time: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            at_a_time: FIRST_TRACES,
        }
    }
}

impl Pace {
    /// How many traces the next fetch should ask for.
    pub(crate) fn at_a_time(&self) -> usize {
        self.at_a_time
    }

    /// So many did not fit.
    fn halve(&mut self) {
        self.at_a_time = (self.at_a_time / 2).max(1);
    }

    /// The last ones took so much.
    fn adapt(&mut self, bytes: usize) {
        self.at_a_time = if bytes > WANTED_BYTES {
            (self.at_a_time / 4).max(1)
        } else if bytes > WANTED_BYTES / 2 {
            self.at_a_time
        } else {
            (self.at_a_time * 2).min(MAX_TRACES)
        };
    }
}

/// Fetches traces and keeps the account.
pub(crate) struct Fetcher<'a> {
    store: &'a dyn TraceStore,
    cancelled: &'a AtomicBool,
    fetched_bytes: u64,
    /// Spans that were looked at before anything was fetched.
    searched_spans: u64,
    lacking: ScanReport,
    is_one_too_large: bool,
}

impl<'a> Fetcher<'a> {
    pub(crate) fn new(store: &'a dyn TraceStore, cancelled: &'a AtomicBool) -> Self {
        Self {
            store,
            cancelled,
            fetched_bytes: 0,
            searched_spans: 0,
            lacking: ScanReport::default(),
            is_one_too_large: false,
        }
    }

    /// The same, with what was looked at before in its account.
    pub(crate) fn after(
        store: &'a dyn TraceStore,
        cancelled: &'a AtomicBool,
        before: ScanReport,
    ) -> Self {
        Self {
            fetched_bytes: before.searched_bytes,
            searched_spans: before.searched_spans,
            lacking: before,
            ..Self::new(store, cancelled)
        }
    }

    /// Which traces were passed over.
    pub(crate) fn lacking(&self) -> Option<&'static str> {
        self.is_one_too_large
            .then_some("a trace that may match is too large to be looked at")
    }

    /// The report of the scan with what fetching read.
    pub(crate) fn with_fetched(&self, scan: ScanReport) -> ScanReport {
        let mut report = scan;
        report.searched_bytes += self.fetched_bytes;
        report.searched_spans += self.searched_spans;
        report.lacks_also(&self.lacking);
        report
    }

    /// Shows the traces that are there to `each`, in the order asked, until it
    /// breaks off; no more of them are in memory at a time than fit.
    ///
    /// # Errors
    /// What the store and `each` say; [`StoreError::OverBudget`] when not even
    /// one fits beside what other queries hold.
    pub(crate) fn each(
        &mut self,
        ids: &[TraceId],
        columns: Option<&ScanColumns>,
        pace: &mut Pace,
        each: &mut dyn FnMut(&SpanBatch) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        let mut rest = ids;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(pace.at_a_time().min(rest.len()));
            match self.fetch(now, columns, pace) {
                Err(StoreError::OverBudget(_)) if now.len() > 1 => continue,
                fetched => {
                    let (traces, _held) = fetched?;
                    for trace in &traces {
                        if each(trace)?.is_break() {
                            return Ok(());
                        }
                    }
                }
            }
            rest = later;
        }
        Ok(())
    }

    /// The traces that are there, in the order asked, and the memory they hold.
    /// A trace that never fits is passed over.
    ///
    /// # Errors
    /// What the store says; [`StoreError::OverBudget`] when fewer at a time may
    /// fit, or none while other queries run.
    fn fetch(
        &mut self,
        ids: &[TraceId],
        columns: Option<&ScanColumns>,
        pace: &mut Pace,
    ) -> Result<(Vec<SpanBatch>, Reservation), StoreError> {
        let mut ids = ids.to_vec();
        let found = loop {
            if ids.is_empty() {
                return Ok((Vec::new(), Reservation::default()));
            }
            match self.store.traces(&ids, columns, self.cancelled) {
                Err(StoreError::TooLarge(id)) if ids.contains(&id) => {
                    self.is_one_too_large = true;
                    ids.retain(|other| *other != id);
                }
                Err(StoreError::OverBudget(over)) if ids.len() == 1 && !over.may_pass() => {
                    self.is_one_too_large = true;
                    ids.clear();
                }
                Err(error @ StoreError::OverBudget(_)) => {
                    pace.halve();
                    return Err(error);
                }
                other => break other?,
            }
        };
        self.fetched_bytes += found.report.searched_bytes;
        self.lacking.lacks_also(&found.report);
        let traces: Vec<SpanBatch> = found.traces.into_iter().flatten().collect();
        pace.adapt(traces.iter().map(SpanBatch::memory_bytes).sum());
        Ok((traces, found.memory))
    }
}
