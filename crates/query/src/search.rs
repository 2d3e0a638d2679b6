//! Search: which traces match, newest first.
//!
//! Stage one scans the store for spans that may match, as far as a span alone
//! can tell; stage two fetches the traces they belong to and judges them
//! whole. A trace's place in the order is the start of its newest span that
//! may match, within the range: the scan knows it before any trace is fetched,
//! and a cursor that named another time would skip traces. Traces are handed
//! out as soon as the store says that nothing newer can come, so the first
//! results do not wait for the last block, and a search stops reading when it
//! has enough.

use crate::summary::TraceSummary;
use crate::tree::TraceTree;
use std::collections::{BinaryHeap, HashMap};
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use tracewell_model::store::{ScanColumns, ScanReport, ScanRequest};
use tracewell_model::{RowSet, SpanBatch, SpanFilter, StoreError, TimeRange, TraceId, TraceStore};

/// Candidate traces kept in memory at a time. Past it the oldest are given up
/// and the answer says that it is partial.
const MAX_CANDIDATES: usize = 200_000;

/// Traces fetched from the store at a time.
const FETCH_TRACES: usize = 32;

/// Where a search goes on: everything at or before this place was handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// Start of the newest span of the last trace that may match, ns.
    pub newest_match_ns: u64,
    /// The last trace.
    pub trace_id: TraceId,
}

/// What to look for.
#[derive(Debug, Clone)]
pub struct Search {
    /// A trace matches if one of its spans does, within the range.
    pub filter: SpanFilter,
    /// Starts of matching spans.
    pub range: TimeRange,
    /// Traces wanted, at most.
    pub limit: usize,
    /// Go on after this place.
    pub after: Option<Cursor>,
}

/// What a search has to say while it runs.
#[derive(Debug)]
pub enum SearchEvent<'a> {
    /// A trace that matches, whole.
    Trace {
        /// In short.
        summary: Box<TraceSummary>,
        /// All its spans.
        batch: &'a SpanBatch,
    },
    /// How far it is.
    Progress(ScanReport),
}

/// How a search ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchOutcome {
    /// How much was looked at.
    pub report: ScanReport,
    /// Where to go on, if the limit ended it.
    pub cursor: Option<Cursor>,
    /// Why the answer may lack traces that match.
    pub partial: Option<&'static str>,
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
    let candidate_filter = search.filter.span_local();
    let mut range = search.range;
    if let Some(after) = search.after {
        range.end_ns = range.end_ns.min(after.newest_match_ns.saturating_add(1));
    }
    let request = ScanRequest {
        range,
        filter: &candidate_filter,
        columns: ScanColumns::default(),
        cancelled,
    };
    let mut run = Run {
        store,
        search,
        candidate_filter: &candidate_filter,
        cancelled,
        emit,
        candidates: Candidates::default(),
        emitted: 0,
        last: None,
        failed: None,
        is_stopped: false,
    };
    let mut settled_ns = u64::MAX;
    let report = store.scan(&request, &mut |chunk, report| {
        run.candidates.add(chunk.batch, chunk.rows);
        settled_ns = settled_ns.min(chunk.settled_from_ns);
        let flow = run.hand_out(settled_ns);
        if flow.is_continue() && run.candidates.waiting() == 0 {
            return run.tell(SearchEvent::Progress(*report));
        }
        flow
    })?;
    // The scan is over: everything that is left is final.
    if !run.is_over() {
        let _ended_by_caller = run.hand_out(0).is_break();
    }
    if let Some(error) = run.failed {
        return Err(error);
    }
    let is_full = run.emitted >= search.limit;
    let cursor = if is_full { run.last } else { None };
    // A full page is whole all the same: what was given up is older, and the
    // next page begins before it.
    let partial = (run.candidates.gave_up && !is_full)
        .then_some("more traces match than can be held; narrow the search");
    Ok(SearchOutcome {
        report,
        cursor,
        partial,
    })
}

/// Traces that may match, by the newest span of theirs that may.
#[derive(Default)]
struct Candidates {
    newest: HashMap<TraceId, u64>,
    /// May hold entries that a newer one has overtaken.
    order: BinaryHeap<(u64, TraceId)>,
    gave_up: bool,
}

impl Candidates {
    fn add(&mut self, batch: &SpanBatch, rows: &RowSet) {
        let spans = batch.spans();
        for row in rows.iter() {
            let (id, start_ns) = (spans.trace_id[row], spans.start_ns[row]);
            let newest = self.newest.entry(id).or_insert(0);
            if start_ns > *newest || *newest == 0 {
                *newest = start_ns;
                self.order.push((start_ns, id));
            }
        }
        if self.order.len() > MAX_CANDIDATES {
            self.give_up_oldest();
        }
    }

    fn give_up_oldest(&mut self) {
        let mut order = std::mem::take(&mut self.order).into_sorted_vec();
        order.retain(|(start_ns, id)| self.newest.get(id) == Some(start_ns));
        let keep_from = order.len().saturating_sub(MAX_CANDIDATES / 2);
        for (_, id) in order.drain(..keep_from) {
            self.newest.remove(&id);
            self.gave_up = true;
        }
        self.order = order.into();
    }

    fn waiting(&self) -> usize {
        self.order.len()
    }

    /// The newest candidate, if it is final.
    fn pop(&mut self, settled_from_ns: u64) -> Option<TraceId> {
        while let Some((start_ns, _)) = self.order.peek() {
            if *start_ns < settled_from_ns {
                return None;
            }
            let (start_ns, id) = self.order.pop()?;
            // Zero marks a trace that was handed out: it never comes again.
            if self.newest.get(&id) == Some(&start_ns) {
                self.newest.insert(id, u64::MAX);
                return Some(id);
            }
        }
        None
    }
}

struct Run<'a> {
    store: &'a dyn TraceStore,
    search: &'a Search,
    candidate_filter: &'a SpanFilter,
    cancelled: &'a AtomicBool,
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

    /// Tells the caller, and remembers whether he wants to hear more.
    fn tell(&mut self, event: SearchEvent<'_>) -> ControlFlow<()> {
        let flow = (self.emit)(event);
        self.is_stopped |= flow.is_break();
        flow
    }

    /// Fetches and judges every candidate that is final.
    fn hand_out(&mut self, settled_from_ns: u64) -> ControlFlow<()> {
        loop {
            let want = FETCH_TRACES.min(self.search.limit - self.emitted);
            let popped = std::iter::from_fn(|| self.candidates.pop(settled_from_ns));
            let ids: Vec<TraceId> = popped.take(want).collect();
            if ids.is_empty() {
                return ControlFlow::Continue(());
            }
            let traces = match self.store.traces(&ids, None, self.cancelled) {
                Ok(found) => found.traces,
                Err(error) => {
                    self.failed = Some(error);
                    return ControlFlow::Break(());
                }
            };
            for batch in traces.iter().flatten() {
                self.judge(batch)?;
            }
            if self.is_over() {
                return ControlFlow::Break(());
            }
        }
    }

    /// Emits the trace if it matches as a whole.
    fn judge(&mut self, batch: &SpanBatch) -> ControlFlow<()> {
        let tree = TraceTree::new(batch);
        let matched = self
            .search
            .filter
            .matching_in_trace(batch, &tree.facts(batch));
        let spans = batch.spans();
        let newest_in_range = |rows: &RowSet| {
            let starts = rows.iter().map(|row| spans.start_ns[row]);
            starts
                .filter(|start_ns| self.search.range.contains(*start_ns))
                .max()
        };
        if newest_in_range(&matched).is_none() {
            return ControlFlow::Continue(());
        }
        let may_match = self.candidate_filter.matching(batch);
        let Some(newest_match_ns) = newest_in_range(&may_match) else {
            return ControlFlow::Continue(());
        };
        let place = Cursor {
            newest_match_ns,
            trace_id: spans.trace_id[0],
        };
        // An earlier page has it already.
        if self.search.after.is_some_and(|after| place >= after) {
            return ControlFlow::Continue(());
        }
        self.emitted += 1;
        self.last = Some(place);
        let summary = Box::new(TraceSummary::new(batch, &tree, &matched));
        self.tell(SearchEvent::Trace { summary, batch })
    }
}
