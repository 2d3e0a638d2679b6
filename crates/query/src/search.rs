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
mod judge;
mod required;

use crate::spansets::TraceFilter;
use crate::summary::TraceSummary;
use candidates::Candidates;
pub(crate) use fetch::{Fetcher, Pace};
pub use judge::FoundTrace;
use judge::Judge;
use required::Required;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use tracewell_model::store::{ScanColumns, ScanReport, ScanRequest};
use tracewell_model::{StoreError, TimeRange, TraceId, TraceStore};

/// Where a search goes on: everything at or before this place was handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// Start of the newest span of the last trace that may match, ns.
    pub newest_match_ns: u64,
    /// The last trace.
    pub trace_id: TraceId,
}

/// How much of a trace that matches is handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detail {
    /// These columns of all its spans, and those of the filter.
    Columns(ScanColumns),
    /// What [`FoundTrace::summary`] looks at, and the columns of the filter.
    Summary,
    /// All its spans with all they have.
    Whole,
}

/// What to look for.
#[derive(Debug, Clone)]
pub struct Search {
    /// A trace matches if one of the spans that are found in it runs in the
    /// range.
    pub filter: TraceFilter,
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
    Trace(&'a FoundTrace<'a>),
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
    let is_local = search.filter.as_span_filter().is_some();
    let candidate_filter = search.filter.candidates();
    let of = (search.filter.required(), search.filter.of_trace());
    let required = Required::look_for(of, store, cancelled, &mut |report| {
        emit(SearchEvent::Progress(report))
    })?;
    if required.is_empty() || required.is_stopped {
        return Ok(SearchOutcome {
            report: required.report,
            cursor: None,
            partial: required.report.lacking(),
        });
    }
    let mut range = search.range;
    if let Some(after) = search.after {
        // From the last ns on, and from the one before it, the range has no end:
        // what was handed out is known by its place.
        range.end_ns = range.end_ns.min(after.newest_match_ns.saturating_add(1));
    }
    let request = ScanRequest {
        range,
        filter: candidate_filter,
        traces: search.filter.of_trace(),
        columns: ScanColumns::default(),
        cancelled,
    };
    let of_filter = search.filter.columns().clone();
    let mut run = Run {
        search,
        judge: Judge {
            search,
            candidate_filter: (!is_local).then_some(candidate_filter),
            cancelled,
        },
        columns: match &search.detail {
            Detail::Columns(columns) => columns.clone().and(of_filter),
            Detail::Summary | Detail::Whole => TraceSummary::columns().and(of_filter),
        },
        fetcher: Fetcher::after(store, cancelled, required.report),
        judging: Pace::default(),
        showing: Pace::default(),
        scanned: ScanReport::default(),
        emit,
        candidates: Candidates::within(&store.query_memory()),
        emitted: 0,
        last: None,
        failed: None,
        is_stopped: false,
    };
    let mut later_until_ns = Some(u64::MAX);
    let scanned = store.scan(&request, &mut |chunk, report| {
        run.scanned = *report;
        if required.is_decisive() {
            let rows = required.keep(chunk.batch, chunk.rows);
            run.candidates.add(chunk.batch, &rows);
        } else {
            run.candidates.add(chunk.batch, chunk.rows);
        }
        later_until_ns = later_until_ns.min(chunk.later_until_ns);
        run.hand_out(later_until_ns)?;
        if run.candidates.is_full() || run.candidates.is_over_budget() {
            return ControlFlow::Break(());
        }
        if run.candidates.is_waiting() {
            return ControlFlow::Continue(());
        }
        run.tell_progress()
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
    judge: Judge<'a>,
    columns: ScanColumns,
    fetcher: Fetcher<'a>,
    /// Of traces with what judging needs.
    judging: Pace,
    /// Of those with all that is shown.
    showing: Pace,
    scanned: ScanReport,
    emit: &'a mut dyn FnMut(SearchEvent<'_>) -> ControlFlow<()>,
    candidates: Candidates,
    emitted: usize,
    last: Option<Cursor>,
    failed: Option<StoreError>,
    is_stopped: bool,
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
            self.fetcher.lacking()
        }
    }

    /// Tells the caller, and remembers whether he wants to hear more.
    fn tell_progress(&mut self) -> ControlFlow<()> {
        let report = self.fetcher.with_fetched(self.scanned);
        let flow = (self.emit)(SearchEvent::Progress(report));
        self.is_stopped |= flow.is_break();
        flow
    }

    /// Fetches and judges every candidate that is final.
    fn hand_out(&mut self, later_until_ns: Option<u64>) -> ControlFlow<()> {
        loop {
            let want = self.search.limit - self.emitted;
            let pace = if self.judges_first() {
                &self.judging
            } else {
                &self.showing
            };
            let at_a_time = pace.at_a_time().min(want);
            let popped = std::iter::from_fn(|| self.candidates.pop(later_until_ns));
            let ids: Vec<TraceId> = popped.take(at_a_time).collect();
            if ids.is_empty() {
                return ControlFlow::Continue(());
            }
            if let Err(error) = self.judge_all(&ids) {
                self.failed = Some(error);
            }
            if self.is_over() {
                return ControlFlow::Break(());
            }
            // Judging may find nothing for a long time.
            self.tell_progress()?;
        }
    }

    /// Most may not match, and need not be fetched with all that is shown.
    fn judges_first(&self) -> bool {
        let shows_what_it_judges = matches!(self.search.detail, Detail::Columns(_));
        !shows_what_it_judges && !self.judge.is_certain()
    }

    /// Fetches these traces and hands out those that match.
    fn judge_all(&mut self, ids: &[TraceId]) -> Result<(), StoreError> {
        let shown = match self.search.detail {
            Detail::Whole => None,
            Detail::Summary | Detail::Columns(_) => Some(&self.columns),
        };
        let shown = shown.cloned();
        if !self.judges_first() {
            return self.emit_matching(ids, shown.as_ref());
        }
        let (mut matching, judge) = (Vec::new(), &self.judge);
        let judged = Some(self.search.filter.columns());
        let pace = &mut self.judging;
        self.fetcher.each(ids, judged, pace, &mut |batch| {
            let found = judge.judge(batch)?;
            matching.extend(found.map(|found| found.place.trace_id));
            Ok(ControlFlow::Continue(()))
        })?;
        self.emit_matching(&matching, shown.as_ref())
    }

    fn emit_matching(
        &mut self,
        ids: &[TraceId],
        columns: Option<&ScanColumns>,
    ) -> Result<(), StoreError> {
        let pace = &mut self.showing;
        self.fetcher.each(ids, columns, pace, &mut |batch| {
            let Some(found) = self.judge.judge(batch)? else {
                return Ok(ControlFlow::Continue(()));
            };
            self.emitted += 1;
            self.last = Some(found.place);
            let flow = (self.emit)(SearchEvent::Trace(&found));
            self.is_stopped |= flow.is_break();
            Ok(flow)
        })
    }
}
