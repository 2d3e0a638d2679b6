//! How many spans match: for people who want a number and not a list.
//!
//! A condition on spans alone is counted while scanning. Where two spans look
//! the same in that, the traces they belong to are fetched, because only whole
//! spans can tell whether they are one (ADR-011). A condition on whole traces
//! has to judge them, as a search does. All of it counts each span once as
//! long as the matches can be remembered; past that the answer says that it is
//! not exact. **It never estimates.**

mod repeated;

use crate::search::{Detail, Search, SearchEvent, search};
use crate::spansets::TraceFilter;
use repeated::Repeated;
use std::collections::HashSet;
use std::hash::BuildHasher;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use tracewell_model::store::{ScanColumns, ScanReport, ScanRequest};
use tracewell_model::{RowSet, SpanBatch, SpanFilter, StoreError, TimeRange, TraceId, TraceStore};

/// Spans, and traces, that are remembered to count each once: 36 MB each.
const MAX_REMEMBERED: usize = 2_000_000;

const TIME_OVER: &str = "the time was over; narrow the time range";

/// How much matches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matches {
    /// Spans that match and belong to the range, each once as far as `is_exact`.
    pub spans: u64,
    /// Traces they belong to; `None` for more than can be remembered.
    pub traces: Option<u64>,
    /// False when spans that were stored twice may have been counted twice.
    pub is_exact: bool,
    /// How much was looked at.
    pub report: ScanReport,
    /// Why there may be more.
    pub partial: Option<String>,
}

/// Counts the spans that match and belong to the range. When `cancelled` is set
/// on the way, what was counted so far is a partial answer.
///
/// # Errors
/// What the store says: cancelled before anything was counted, or damaged.
pub fn count(
    store: &dyn TraceStore,
    filter: &TraceFilter,
    range: TimeRange,
    cancelled: &AtomicBool,
) -> Result<Matches, StoreError> {
    match filter.as_span_filter() {
        Some(filter) => count_spans(store, filter, range, cancelled, MAX_REMEMBERED),
        None => count_in_traces(store, filter, range, cancelled),
    }
}

fn count_spans(
    store: &dyn TraceStore,
    filter: &SpanFilter,
    range: TimeRange,
    cancelled: &AtomicBool,
    most: usize,
) -> Result<Matches, StoreError> {
    let request = ScanRequest {
        range,
        filter,
        columns: ScanColumns::default(),
        cancelled,
    };
    let mut counter = Counter::new(most);
    let mut so_far = None;
    let scanned = store.scan(&request, &mut |chunk, report| {
        counter.add(chunk.batch, chunk.rows);
        so_far = Some(*report);
        ControlFlow::Continue(())
    });
    let (mut report, mut partial) = match (scanned, so_far) {
        (Ok(report), _) => (report, report.lacking()),
        (Err(StoreError::Cancelled), Some(report)) => (report, Some(TIME_OVER.to_owned())),
        (Err(error), _) => return Err(error),
    };
    let mut matches = counter.matches();
    if matches.is_exact && partial.is_none() && !counter.repeating.is_empty() {
        let mut repeated = Repeated::new(store, filter, range, cancelled);
        let told = repeated.tell_apart(&counter.repeating);
        matches.spans += repeated.spans;
        report = repeated.fetcher.with_fetched(report);
        match told {
            Ok(()) => matches.is_exact = repeated.fetcher.lacking().is_none(),
            Err(StoreError::Cancelled) => {
                matches.is_exact = false;
                partial = Some(TIME_OVER.to_owned());
            }
            Err(StoreError::OverBudget(_)) => matches.is_exact = false,
            Err(error) => return Err(error),
        }
    }
    Ok(Matches {
        report,
        partial,
        ..matches
    })
}

fn count_in_traces(
    store: &dyn TraceStore,
    filter: &TraceFilter,
    range: TimeRange,
    cancelled: &AtomicBool,
) -> Result<Matches, StoreError> {
    let every = Search {
        filter: filter.clone(),
        range,
        limit: usize::MAX,
        after: None,
        detail: Detail::Columns(ScanColumns::default()),
    };
    let (mut spans, mut traces, mut so_far) = (0, 0, None);
    let searched = search(store, &every, cancelled, &mut |event| {
        match event {
            SearchEvent::Trace(found) => {
                let times = found.batch.spans();
                let in_range = found
                    .matched
                    .iter()
                    .filter(|row| range.includes(times.start_ns[*row], times.duration_ns[*row]));
                spans += in_range.count() as u64;
                traces += 1;
                so_far.get_or_insert_default();
            }
            SearchEvent::Progress(report) => so_far = Some(report),
        }
        ControlFlow::Continue(())
    });
    let (report, partial) = match (searched, so_far) {
        (Ok(outcome), _) => (outcome.report, outcome.partial),
        (Err(StoreError::Cancelled), Some(report)) => (report, Some(TIME_OVER.to_owned())),
        (Err(error), _) => return Err(error),
    };
    Ok(Matches {
        spans,
        traces: Some(traces),
        is_exact: true,
        report,
        partial,
    })
}

/// Hashes stand for spans and traces: 64 bits meet by chance once in ten
/// million such counts.
type Seen = HashSet<u64, foldhash::fast::RandomState>;

struct Counter {
    hasher: foldhash::quality::RandomState,
    most: usize,
    spans: u64,
    seen_spans: Seen,
    seen_traces: Option<Seen>,
    /// Traces with spans of equal outlines, which counted as one so far; in the
    /// order of the scan, so that neighbours are read together.
    repeating: Vec<TraceId>,
    is_repeating: Seen,
}

impl Counter {
    fn new(most: usize) -> Self {
        Self {
            hasher: foldhash::quality::RandomState::default(),
            most,
            spans: 0,
            seen_spans: Seen::default(),
            seen_traces: Some(Seen::default()),
            repeating: Vec::new(),
            is_repeating: Seen::default(),
        }
    }

    fn add(&mut self, batch: &SpanBatch, rows: &RowSet) {
        let spans = batch.spans();
        let mut last = None;
        for row in rows.iter() {
            let trace = spans.trace_id[row];
            // Spans of a trace mostly stand together.
            if last != Some(trace) {
                last = Some(trace);
                let hash = self.hasher.hash_one(trace);
                if let Some(seen) = &mut self.seen_traces {
                    seen.insert(hash);
                }
                let seen = self.seen_traces.as_ref().map_or(0, HashSet::len);
                if seen > self.most {
                    self.seen_traces = None;
                }
            }
            if self.seen_spans.len() >= self.most {
                self.spans += 1;
                continue;
            }
            let hash = self.hasher.hash_one((trace, batch.outline(row)));
            if self.seen_spans.insert(hash) {
                self.spans += 1;
            } else if self.is_repeating.insert(self.hasher.hash_one(trace)) {
                self.repeating.push(trace);
            }
        }
    }

    fn matches(&self) -> Matches {
        Matches {
            spans: self.spans,
            traces: self.seen_traces.as_ref().map(|seen| seen.len() as u64),
            is_exact: self.seen_spans.len() < self.most,
            ..Matches::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tracewell_store::memory::MemoryStore;
    use tracewell_testkit::{TestSpan, batch};

    #[test]
    fn past_what_can_be_remembered_it_says_so() {
        let store = MemoryStore::new(1 << 30);
        let spans: Vec<_> = (1..=100)
            .map(|n| TestSpan::new(n, 1, "shop", "op", n))
            .collect();
        for _ in 0..2 {
            store.append(Arc::new(batch(&spans)), Box::new(drop));
        }
        let counted = |most| {
            let never = AtomicBool::new(false);
            let all = count_spans(&store, &SpanFilter::All, TimeRange::ALL, &never, most).unwrap();
            (all.spans, all.traces, all.is_exact)
        };
        assert_eq!(counted(1_000), (100, Some(100), true));
        assert_eq!(counted(100), (200, Some(100), false));
        assert_eq!(counted(40), (200, None, false));
    }
}
