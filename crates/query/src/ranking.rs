//! The traces that lead: longest, most errors, most spans, among everything
//! that matches.
//!
//! A search hands out all that matches, newest first; of each trace only what
//! it ranks by is looked at, and **only the place of the best is remembered**,
//! however many match. The best are fetched again to be summed up. Whoever
//! has waited long enough stops the looking and gets the best of what was seen.

use crate::search::{Cursor, Detail, Fetcher, Pace, Search, SearchEvent, search};
use crate::spansets::TraceFilter;
use crate::summary::TraceSummary;
use std::cell::OnceCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use tracewell_model::failure::failed_rows;
use tracewell_model::store::{ScanColumns, ScanReport};
use tracewell_model::{SpanBatch, StoreError, TimeRange, TraceId, TraceStore};

/// What traces are ranked by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Latest end minus earliest start, the longest first.
    Longest,
    /// The same, the shortest first.
    Shortest,
    /// Spans that failed, most first.
    Errors,
    /// Spans, most first.
    Spans,
}

/// How a trace stands: the greater comes first, of equals the newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Standing {
    /// What it is ranked by: the greater the better.
    pub value: u64,
    /// Where a search by time finds it.
    pub place: Cursor,
}

/// What to rank.
#[derive(Debug, Clone)]
pub struct Ranking {
    /// A trace matches if one of its spans does, within the range.
    pub filter: TraceFilter,
    /// When matching spans run.
    pub range: TimeRange,
    /// By what.
    pub measure: Measure,
    /// Traces wanted, at most.
    pub limit: usize,
    /// Only those behind this one.
    pub after: Option<Standing>,
}

/// What a ranking has to say while it runs.
#[derive(Debug)]
pub enum RankingEvent {
    /// How far looking is, and how many traces matched so far. `Break` ends
    /// the looking: then come the best of what was seen.
    Progress(ScanReport, u64),
    /// The next of the best; `Break` when nobody wants more.
    Trace(Box<TraceSummary>),
}

/// How a ranking ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranked {
    /// How much was looked at.
    pub report: ScanReport,
    /// Traces that match and were looked at, those on earlier pages included.
    pub traces: u64,
    /// Where to go on, if more match than were wanted.
    pub cursor: Option<Standing>,
    /// Why traces that rank higher may be missing.
    pub partial: Option<String>,
}

/// Ranks everything that matches and hands out the best.
///
/// # Errors
/// What the store says: cancelled or damaged.
pub fn rank(
    store: &dyn TraceStore,
    ranking: &Ranking,
    cancelled: &AtomicBool,
    emit: &mut dyn FnMut(RankingEvent) -> ControlFlow<()>,
) -> Result<Ranked, StoreError> {
    let measure = ranking.measure;
    let every = Search {
        filter: ranking.filter.clone(),
        range: ranking.range,
        limit: usize::MAX,
        after: None,
        detail: Detail::Columns(measure.columns()),
    };
    let mut best = Best::new(ranking);
    let (mut traces, mut so_far, mut is_stopped) = (0, ScanReport::default(), false);
    let outcome = search(store, &every, cancelled, &mut |event| {
        match event {
            SearchEvent::Trace(found) => {
                traces += 1;
                best.add(Standing {
                    value: measure.of(found.batch),
                    place: found.place,
                });
            }
            SearchEvent::Progress(report) => so_far = report,
        }
        let flow = emit(RankingEvent::Progress(so_far, traces));
        is_stopped |= flow.is_break();
        flow
    })?;
    let (best, cursor) = best.finish();
    let mut fetcher = Fetcher::new(store, cancelled);
    let ids: Vec<TraceId> = best.iter().map(|of| of.place.trace_id).collect();
    let columns = TraceSummary::columns().and(ranking.filter.columns().clone());
    fetcher.each(&ids, Some(&columns), &mut Pace::default(), &mut |batch| {
        let (filter, tree) = (&ranking.filter, OnceCell::new());
        let spansets = filter.spansets(batch, &tree, cancelled)?;
        let summary = TraceSummary::of_found(filter, batch, &tree, &spansets);
        Ok(emit(RankingEvent::Trace(Box::new(summary))))
    })?;
    let stopped = is_stopped.then(|| {
        format!("the time was over: these are the first of the newest {traces} traces that match; narrow the time range")
    });
    let report = fetcher.with_fetched(outcome.report);
    let too_large = fetcher.lacking().map(str::to_owned);
    Ok(Ranked {
        traces,
        cursor,
        partial: stopped
            .or(outcome.partial)
            .or(too_large)
            .or_else(|| report.lacking()),
        report,
    })
}

impl Measure {
    fn columns(self) -> ScanColumns {
        ScanColumns {
            failures: self == Self::Errors,
            ..ScanColumns::default()
        }
    }

    fn of(self, trace: &SpanBatch) -> u64 {
        match self {
            Self::Longest => duration_ns(trace),
            Self::Shortest => u64::MAX - duration_ns(trace),
            Self::Errors => failed_rows(trace).count() as u64,
            Self::Spans => trace.len() as u64,
        }
    }
}

/// As [`TraceTree::duration_ns`], without a tree.
fn duration_ns(trace: &SpanBatch) -> u64 {
    let spans = trace.spans();
    let times = spans.start_ns.iter().zip(&spans.duration_ns);
    let ends = times.map(|(start_ns, ns)| start_ns.saturating_add((*ns).max(0) as u64));
    let start_ns = spans.start_ns.iter().min().copied().unwrap_or(0);
    ends.max().map_or(0, |end_ns| end_ns - start_ns)
}

/// The best so far.
struct Best {
    limit: usize,
    after: Option<Standing>,
    /// The worst on top.
    heap: BinaryHeap<Reverse<Standing>>,
    has_left_out: bool,
}

impl Best {
    fn new(ranking: &Ranking) -> Self {
        Self {
            limit: ranking.limit,
            after: ranking.after,
            heap: BinaryHeap::new(),
            has_left_out: false,
        }
    }

    fn add(&mut self, standing: Standing) {
        if self.after.is_some_and(|after| standing >= after) {
            return;
        }
        self.heap.push(Reverse(standing));
        if self.heap.len() > self.limit {
            self.heap.pop();
            self.has_left_out = true;
        }
    }

    /// The best first, and the last of them if there are more.
    fn finish(self) -> (Vec<Standing>, Option<Standing>) {
        let best = self.heap.into_sorted_vec();
        let best: Vec<Standing> = best.into_iter().map(|Reverse(standing)| standing).collect();
        let last = best.last().copied().filter(|_| self.has_left_out);
        (best, last)
    }
}
