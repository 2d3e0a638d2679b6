//! How many spans match: for people who want a number and not a list.
//!
//! A condition on spans alone is counted while scanning. Where two spans look
//! the same in that, the traces they belong to are fetched, because only whole
//! spans can tell whether they are one (ADR-011). A condition on whole traces
//! has to judge them, as a search does. All of it counts each span once as
//! long as the matches can be remembered; past that the answer says that it is
//! not exact. **It never estimates.**

use crate::outlines::{Memory, Outlines, Seen};
use crate::parallel::add_up;
use crate::repeated::Repeated;
use crate::search::{Detail, Search, SearchEvent, search};
use crate::spansets::TraceFilter;
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use tracewell_model::store::{ScanChunk, ScanColumns, ScanReport, ScanRequest, Sums};
use tracewell_model::{SpanFilter, StoreError, TimeRange, TraceId, TraceStore};

/// Spans, and traces, that are remembered to count each once: 16 bytes each, of
/// both.
pub(crate) const MAX_REMEMBERED: usize = 2_000_000;

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
        traces: None,
        columns: ScanColumns {
            parted_apart: true,
            whole_traces: true,
            sums: Sums::OfAll,
            ..ScanColumns::default()
        },
        cancelled,
    };
    let memory = Memory::new(most);
    let added = add_up(
        store,
        &request,
        || Counted {
            outlines: memory.outlines(),
            spans: 0,
            parted: 0,
            whole_traces: 0,
        },
        Counted::add,
    )?;
    let mut outlines = memory.outlines();
    let (mut spans, mut parted, mut whole_traces) = (0, 0, 0);
    for counted in added.accumulators {
        spans += counted.spans;
        parted += counted.parted;
        whole_traces += counted.whole_traces;
        outlines.merge(counted.outlines);
    }
    let seen = outlines.finish();
    let is_cut_short = added.is_cut_short.then(|| TIME_OVER.to_owned());
    let mut matches = Matches {
        spans: spans - parted + seen.spans,
        traces: seen.traces.map(|traces| traces + whole_traces),
        is_exact: seen.is_exact,
        report: added.report,
        partial: is_cut_short.or_else(|| added.report.lacking()),
    };
    if matches.is_exact && matches.partial.is_none() && !seen.are_all_different() {
        count_repeated(store, &request, &seen, &mut matches)?;
    }
    Ok(matches)
}

/// What one thread counts.
struct Counted<'m> {
    /// Of spans that may be stored twice.
    outlines: Outlines<'m>,
    spans: u64,
    /// Those of them.
    parted: u64,
    /// Traces of the others.
    whole_traces: u64,
}

impl Counted<'_> {
    fn add(&mut self, chunk: &ScanChunk<'_>) {
        let parted = chunk.parted_rows();
        self.outlines.add(chunk.batch, parted);
        self.spans += chunk.spans();
        self.parted += parted.count() as u64;
        self.whole_traces += chunk.whole_traces;
    }
}

/// Adds spans beyond the first of each outline that are spans of their own.
fn count_repeated(
    store: &dyn TraceStore,
    request: &ScanRequest<'_>,
    seen: &Seen,
    matches: &mut Matches,
) -> Result<(), StoreError> {
    let of = (request.filter, request.range);
    let mut repeated = Repeated::new(store, of, ScanColumns::default(), request.cancelled);
    let mut further = 0;
    let told = traces_of(store, request, seen).and_then(|traces| {
        repeated.tell_apart(&traces, seen, &mut |trace, rows| {
            let outlines: HashSet<_> = rows.iter().map(|row| trace.outline(row)).collect();
            further += (rows.count() - outlines.len()) as u64;
        })
    });
    matches.spans += further;
    matches.report = repeated.fetcher.with_fetched(matches.report);
    match told {
        Ok(()) => matches.is_exact = repeated.fetcher.lacking().is_none(),
        Err(StoreError::Cancelled) => {
            matches.is_exact = false;
            matches.partial = Some(TIME_OVER.to_owned());
        }
        Err(StoreError::OverBudget(_)) => matches.is_exact = false,
        Err(error) => return Err(error),
    }
    Ok(())
}

/// The traces of spans that look like another, in the order of a scan, so that
/// neighbours are read together.
fn traces_of(
    store: &dyn TraceStore,
    request: &ScanRequest<'_>,
    seen: &Seen,
) -> Result<Vec<TraceId>, StoreError> {
    let (mut traces, mut known) = (Vec::new(), HashSet::new());
    store.scan(request, &mut |chunk, _| {
        let alike = seen.alike(chunk.batch, chunk.rows);
        let ids = &chunk.batch.spans().trace_id;
        let new = alike.iter().map(|row| ids[row]);
        traces.extend(new.filter(|id| known.insert(*id)));
        ControlFlow::Continue(())
    })?;
    Ok(traces)
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
        assert_eq!(counted(120), (100, Some(100), true));
        assert_eq!(counted(40), (200, None, false));
    }
}
