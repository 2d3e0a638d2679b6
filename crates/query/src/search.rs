//! Search: which traces match, newest first.
//!
//! Stage one scans the store for spans that may match, as far as a span alone
//! can tell; stage two fetches the traces they belong to and judges them
//! whole. A trace's place in the order is the start of its newest span that
//! may match, within the range: the scan knows it before any trace is fetched,
//! and a cursor that named another time would skip traces. Traces are handed
//! out as soon as the store says that nothing newer can come, so the first
//! results do not wait for the last block, and a search stops reading when it
//! has enough. Only the columns that judging and summing up look at are
//! fetched; whole traces only for those that match, and only if asked for.

mod candidates;
mod fetch;

use crate::summary::TraceSummary;
use candidates::Candidates;
pub(crate) use fetch::Fetcher;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use tracewell_model::store::{ScanColumns, ScanReport, ScanRequest};
use tracewell_model::{
    RowSet, SpanBatch, SpanFilter, StoreError, TimeRange, TraceId, TraceStore, TraceTree,
};

/// Where a search goes on: everything at or before this place was handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// Start of the newest span of the last trace that may match, ns.
    pub newest_match_ns: u64,
    /// The last trace.
    pub trace_id: TraceId,
}

/// How much of a trace that matches is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The summary, and the columns that it and the filter were made from.
    Summary,
    /// All its spans with all they have.
    Whole,
}

/// What to look for.
#[derive(Debug, Clone)]
pub struct Search {
    /// A trace matches if one of its spans does, within the range.
    pub filter: SpanFilter,
    /// When matching spans run.
    pub range: TimeRange,
    /// Traces wanted, at most.
    pub limit: usize,
    /// Go on after this place.
    pub after: Option<Cursor>,
    /// What of them.
    pub detail: Detail,
}

/// What a search has to say while it runs.
#[derive(Debug)]
pub enum SearchEvent<'a> {
    /// A trace that matches.
    Trace {
        /// In short.
        summary: Box<TraceSummary>,
        /// Its spans, as far as [`Search::detail`] says.
        batch: &'a SpanBatch,
        /// The rows of the spans that match, also those outside the range.
        matched: &'a RowSet,
    },
    /// How far it is.
    Progress(ScanReport),
}

/// How a search ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchOutcome {
    /// How much was looked at, fetched traces included.
    pub report: ScanReport,
    /// Where to go on, if the limit ended it.
    pub cursor: Option<Cursor>,
    /// Why the answer may lack traces that match.
    pub partial: Option<String>,
}

/// Runs a search; `emit` may end it with `Break`.
///
/// # Errors
/// What the store says: cancelled or damaged.
pub fn search(
    store: &dyn TraceStore,
    search: &Search,
    cancelled: &AtomicBool,
    emit: &mut dyn FnMut(SearchEvent<'_>) -> ControlFlow<()>,
) -> Result<SearchOutcome, StoreError> {
    let is_local = search.filter.is_span_local();
    let candidate_filter = search.filter.span_local();
    let mut range = search.range;
    if let Some(after) = search.after {
        // From the last ns on, and from the one before it, the range has no end:
        // what was handed out is known by its place.
        range.end_ns = range.end_ns.min(after.newest_match_ns.saturating_add(1));
    }
    let request = ScanRequest {
        range,
        filter: &candidate_filter,
        columns: ScanColumns::default(),
        cancelled,
    };
    let mut run = Run {
        search,
        candidate_filter: (!is_local).then_some(&candidate_filter),
        columns: TraceSummary::columns().and(ScanColumns::of_filter(&search.filter)),
        fetcher: Fetcher::new(store, cancelled),
        emit,
        candidates: Candidates::within(&store.query_memory()),
        emitted: 0,
        last: None,
        failed: None,
        is_stopped: false,
    };
    let mut later_until_ns = Some(u64::MAX);
    let scanned = store.scan(&request, &mut |chunk, report| {
        run.candidates.add(chunk.batch, chunk.rows);
        later_until_ns = later_until_ns.min(chunk.later_until_ns);
        run.hand_out(later_until_ns)?;
        if run.candidates.is_full() || run.candidates.is_over_budget() {
            return ControlFlow::Break(());
        }
        if run.candidates.is_waiting() {
            return ControlFlow::Continue(());
        }
        run.tell(SearchEvent::Progress(run.fetcher.with_fetched(*report)))
    })?;
    // The scan is over: everything that is left is final.
    if !run.is_over() {
        let _ended_by_caller = run.hand_out(None).is_break();
    }
    if let Some(error) = run.failed {
        return Err(error);
    }
    let is_full = run.emitted >= search.limit;
    let report = run.fetcher.with_fetched(scanned);
    Ok(SearchOutcome {
        cursor: if is_full { run.last } else { None },
        // A full page is whole all the same: what was given up is older, and
        // the next page begins before it.
        // What cannot be read is missing from any page.
        partial: run
            .lacking()
            .filter(|_| !is_full)
            .map(str::to_owned)
            .or_else(|| report.lacking()),
        report,
    })
}

struct Run<'a> {
    search: &'a Search,
    /// What made candidates, where that is less than the whole filter.
    candidate_filter: Option<&'a SpanFilter>,
    columns: ScanColumns,
    fetcher: Fetcher<'a>,
    emit: &'a mut dyn FnMut(SearchEvent<'_>) -> ControlFlow<()>,
    candidates: Candidates,
    emitted: usize,
    last: Option<Cursor>,
    failed: Option<StoreError>,
    is_stopped: bool,
}

/// A trace that matches.
struct Match {
    tree: TraceTree,
    matched: RowSet,
    place: Cursor,
}

impl Run<'_> {
    fn is_over(&self) -> bool {
        self.is_stopped || self.failed.is_some() || self.emitted >= self.search.limit
    }

    /// Why traces that match may be missing.
    fn lacking(&self) -> Option<&'static str> {
        if self.candidates.gave_up() {
            Some("more traces match than can be held; narrow the search")
        } else if self.candidates.is_full() {
            Some("more traces may match than one search can look at; narrow the search")
        } else if self.candidates.is_over_budget() {
            Some("more traces may match than memory_limit leaves room for; narrow the search")
        } else {
            self.fetcher
                .is_one_too_large()
                .then_some("a trace that may match is too large to be looked at")
        }
    }

    /// Tells the caller, and remembers whether he wants to hear more.
    fn tell(&mut self, event: SearchEvent<'_>) -> ControlFlow<()> {
        let flow = (self.emit)(event);
        self.is_stopped |= flow.is_break();
        flow
    }

    /// Fetches and judges every candidate that is final.
    fn hand_out(&mut self, later_until_ns: Option<u64>) -> ControlFlow<()> {
        loop {
            let want = self.search.limit - self.emitted;
            let popped = std::iter::from_fn(|| self.candidates.pop(later_until_ns));
            let ids: Vec<TraceId> = popped.take(self.fetcher.at_a_time().min(want)).collect();
            if ids.is_empty() {
                return ControlFlow::Continue(());
            }
            if let Err(error) = self.judge_in_parts(&ids) {
                self.failed = Some(error);
            }
            if self.is_over() {
                return ControlFlow::Break(());
            }
        }
    }

    /// Judges all of them, fewer at a time where they do not fit together.
    fn judge_in_parts(&mut self, ids: &[TraceId]) -> Result<(), StoreError> {
        match self.judge_all(ids) {
            Err(StoreError::OverBudget(_)) if ids.len() > 1 => {
                let (newer, older) = ids.split_at(ids.len() / 2);
                self.judge_in_parts(newer)?;
                if self.is_over() {
                    return Ok(());
                }
                self.judge_in_parts(older)
            }
            other => other,
        }
    }

    /// Nothing was handed out when it fails.
    fn judge_all(&mut self, ids: &[TraceId]) -> Result<(), StoreError> {
        let is_whole = self.search.detail == Detail::Whole;
        // A span-local filter has judged already: nearly all will be shown.
        let is_certain = self.candidate_filter.is_none();
        let columns = (!is_whole || !is_certain).then_some(&self.columns);
        let (mut traces, mut held) = self.fetcher.fetch(ids, columns)?;
        if is_whole && !is_certain {
            let spans_of = |batch: &SpanBatch| batch.spans().trace_id[0];
            let matching = traces.iter().filter(|batch| self.judge(batch).is_some());
            let ids: Vec<TraceId> = matching.map(spans_of).collect();
            drop((traces, held));
            (traces, held) = self.fetcher.fetch(&ids, None)?;
        }
        for batch in &traces {
            let Some(found) = self.judge(batch) else {
                continue;
            };
            self.emitted += 1;
            self.last = Some(found.place);
            let Match { tree, matched, .. } = found;
            let summary = Box::new(TraceSummary::new(batch, &tree, &matched));
            let event = SearchEvent::Trace {
                summary,
                batch,
                matched: &matched,
            };
            if self.tell(event).is_break() {
                break;
            }
        }
        drop((traces, held));
        Ok(())
    }

    /// Does the trace match as a whole, and was it not on an earlier page?
    fn judge(&self, batch: &SpanBatch) -> Option<Match> {
        let tree = TraceTree::new(batch);
        let filter = &self.search.filter;
        let matched = filter.matching_in_trace(batch, &tree.facts(batch));
        let spans = batch.spans();
        let newest_in_range = |rows: &RowSet| {
            let times = rows
                .iter()
                .map(|row| (spans.start_ns[row], spans.duration_ns[row]));
            let range = &self.search.range;
            times
                .filter(|(start_ns, duration_ns)| range.includes(*start_ns, *duration_ns))
                .map(|(start_ns, _)| start_ns)
                .max()
        };
        let newest_match_ns = newest_in_range(&matched)?;
        let newest_match_ns = match self.candidate_filter {
            Some(filter) => newest_in_range(&filter.matching(batch))?,
            None => newest_match_ns,
        };
        let place = Cursor {
            newest_match_ns,
            trace_id: spans.trace_id[0],
        };
        let is_earlier = self.search.after.is_some_and(|after| place >= after);
        (!is_earlier).then_some(Match {
            tree,
            matched,
            place,
        })
    }
}
