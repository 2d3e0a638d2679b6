//! Matching spans over time, and how many of them failed: the shape of the
//! traffic that a list of a few traces cannot show.
//!
//! A span counts where it starts, so that sums over ranges are sums (ADR-016);
//! one that was stored twice counts twice until its blocks are merged. Only
//! starts and verdicts are read beside what the filter needs, newest parts
//! first, so that the right end is final while the left is still counted.
//! **It holds two numbers a bucket**, whatever matches.

mod buckets;

use crate::search::{Detail, Search, SearchEvent, search};
use crate::spansets::TraceFilter;
pub use buckets::Buckets;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use tracewell_model::failure::failed_rows;
use tracewell_model::store::{ScanColumns, ScanReport, ScanRequest};
use tracewell_model::{RowSet, SpanBatch, SpanFilter, StoreError, TimeRange, TraceStore};

/// What to count.
#[derive(Debug, Clone)]
pub struct Counting {
    /// Which spans.
    pub filter: TraceFilter,
    /// Those that start in it.
    pub range: TimeRange,
    /// Over which buckets; they cover the range.
    pub buckets: Buckets,
}

/// Spans of one bucket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bucket {
    /// That match.
    pub spans: u64,
    /// Of these, that failed.
    pub failed: u64,
}

/// What is counted so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram {
    /// One for each bucket.
    pub counts: Vec<Bucket>,
    /// From this bucket on nothing changes any more.
    pub settled: usize,
    /// How much was looked at.
    pub report: ScanReport,
}

impl Histogram {
    /// All buckets together.
    #[must_use]
    pub fn total(&self) -> Bucket {
        self.counts
            .iter()
            .fold(Bucket::default(), |sum, of| Bucket {
                spans: sum.spans + of.spans,
                failed: sum.failed + of.failed,
            })
    }
}

/// A histogram, and why it may lack spans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// What was counted.
    pub histogram: Histogram,
    /// Why there may be more.
    pub partial: Option<String>,
}

/// Counts the matching spans that start in the range. `watch` sees the counts
/// as they grow; its `Break` ends the counting.
///
/// # Errors
/// What the store says: cancelled or damaged.
pub fn histogram(
    store: &dyn TraceStore,
    counting: &Counting,
    cancelled: &AtomicBool,
    watch: &mut dyn FnMut(&Histogram) -> ControlFlow<()>,
) -> Result<Counted, StoreError> {
    let count = counting.buckets.count;
    let mut counter = Counter {
        counting,
        so_far: Histogram {
            counts: vec![Bucket::default(); count],
            settled: count,
            report: ScanReport::default(),
        },
        watch,
        is_stopped: false,
    };
    let (report, lacking) = match counting.filter.as_span_filter() {
        Some(filter) => {
            let report = counter.scan(store, filter, cancelled)?;
            (report, report.lacking())
        }
        None => {
            let outcome = counter.search(store, cancelled)?;
            (outcome.report, outcome.partial)
        }
    };
    let stopped = counter
        .is_stopped
        .then(|| "the time was over: earlier buckets lack spans; narrow the time range".to_owned());
    let settled = if counter.is_stopped {
        counter.so_far.settled
    } else {
        0
    };
    Ok(Counted {
        histogram: Histogram {
            settled,
            report,
            ..counter.so_far
        },
        partial: stopped.or(lacking),
    })
}

struct Counter<'a> {
    counting: &'a Counting,
    so_far: Histogram,
    watch: &'a mut dyn FnMut(&Histogram) -> ControlFlow<()>,
    is_stopped: bool,
}

impl Counter<'_> {
    fn scan(
        &mut self,
        store: &dyn TraceStore,
        filter: &SpanFilter,
        cancelled: &AtomicBool,
    ) -> Result<ScanReport, StoreError> {
        let counting = self.counting;
        let request = ScanRequest {
            range: counting.range,
            filter,
            traces: None,
            columns: ScanColumns {
                starts_only: true,
                failures: true,
                ..ScanColumns::default()
            },
            cancelled,
        };
        store.scan(&request, &mut |chunk, report| {
            self.add(chunk.batch, chunk.rows);
            self.so_far.report = *report;
            self.tell(chunk.later_until_ns)
        })
    }

    /// A condition on whole traces has to judge them. They come by their newest
    /// span that may match, so no later one has a newer.
    fn search(
        &mut self,
        store: &dyn TraceStore,
        cancelled: &AtomicBool,
    ) -> Result<crate::search::SearchOutcome, StoreError> {
        let every = Search {
            filter: self.counting.filter.clone(),
            range: self.counting.range,
            limit: usize::MAX,
            after: None,
            detail: Detail::Columns(ScanColumns {
                failures: true,
                ..ScanColumns::default()
            }),
        };
        let mut newest_ns = None;
        search(store, &every, cancelled, &mut |event| {
            match event {
                SearchEvent::Trace(found) => {
                    self.add(found.batch, &found.matched);
                    newest_ns = Some(found.place.newest_match_ns);
                }
                SearchEvent::Progress(report) => self.so_far.report = report,
            }
            self.tell(newest_ns.or(Some(u64::MAX)))
        })
    }

    fn add(&mut self, batch: &SpanBatch, rows: &RowSet) {
        if rows.is_empty() {
            return;
        }
        let (starts, failed) = (&batch.spans().start_ns, failed_rows(batch));
        for row in rows.iter() {
            let start_ns = starts[row];
            if self.counting.range.contains(start_ns)
                && let Some(place) = self.counting.buckets.place(start_ns)
            {
                let bucket = &mut self.so_far.counts[place];
                bucket.spans += 1;
                bucket.failed += u64::from(failed.contains(row));
            }
        }
    }

    /// What comes later starts at `later_until_ns` at the latest; `None` when
    /// nothing comes.
    fn tell(&mut self, later_until_ns: Option<u64>) -> ControlFlow<()> {
        let settled = match later_until_ns {
            Some(ns) => self.counting.buckets.first_after(ns),
            None => 0,
        };
        // A part speaks for all that follow, so this only falls.
        self.so_far.settled = self.so_far.settled.min(settled);
        let flow = (self.watch)(&self.so_far);
        self.is_stopped |= flow.is_break();
        flow
    }
}
