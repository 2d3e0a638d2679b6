//! Traces that have what a query needs besides the spans it finds.
//!
//! `{ A } >> { B }` with a rare A and a frequent B would fetch every trace that
//! has a B. A condition is looked for at all times, because its span need not
//! run in the range. **This only leaves out what cannot be found**: a
//! condition that too many traces fulfil, or that takes too long to look for, is
//! left to the judge.

use foldhash::fast::RandomState;
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use tracewell_model::store::{ScanColumns, ScanReport, ScanRequest};
use tracewell_model::{
    Reservation, RowSet, SpanBatch, SpanFilter, StoreError, TimeRange, TraceId, TraceStore,
};

/// Traces that fulfil a condition, at most: with more of them it leaves out
/// too few to be worth looking for.
const MAX_TRACES: usize = 100_000;

/// Spans that are looked at for all conditions together, at most: all times may
/// be much more than the range, whose traces could be fetched in less.
const MAX_SEARCHED_SPANS: u64 = 10_000_000;

/// Bytes of one in a table that grows.
const TRACE_BYTES: usize = 48;

type Traces = HashSet<TraceId, RandomState>;

/// For each condition that is rare, the traces that fulfil it.
#[derive(Debug, Default)]
pub(super) struct Required {
    all_of: Vec<Traces>,
    /// What looking for them cost.
    pub(super) report: ScanReport,
    /// Has the caller heard enough?
    pub(super) is_stopped: bool,
    /// Held as long as they are.
    memory: Reservation,
}

impl Required {
    /// Looks for them, as far as they may fulfil `of_trace`, and says how far it is, until
    /// `progress` breaks off.
    ///
    /// # Errors
    /// What the store says.
    pub(super) fn look_for(
        (filters, of_trace): (&[SpanFilter], Option<&SpanFilter>),
        store: &dyn TraceStore,
        cancelled: &AtomicBool,
        progress: &mut dyn FnMut(ScanReport) -> ControlFlow<()>,
    ) -> Result<Self, StoreError> {
        let mut required = Self::default();
        if filters.is_empty() {
            return Ok(required);
        }
        required.memory = store.query_memory().reservation();
        for filter in filters {
            let is_spent = required.report.searched_spans > MAX_SEARCHED_SPANS;
            if is_spent || required.memory.grow(MAX_TRACES * TRACE_BYTES).is_err() {
                break;
            }
            let found = required.traces_with((filter, of_trace), store, cancelled, progress)?;
            required.all_of.extend(found);
            if required.is_empty() || required.is_stopped {
                break;
            }
        }
        Ok(required)
    }

    /// Is there a condition that no trace fulfils?
    pub(super) fn is_empty(&self) -> bool {
        self.all_of.iter().any(HashSet::is_empty)
    }

    /// The rows of traces that fulfil all conditions.
    pub(super) fn keep(&self, batch: &SpanBatch, rows: &RowSet) -> RowSet {
        let ids = &batch.spans().trace_id;
        let mut kept = rows.clone();
        // Spans of a trace mostly stand together.
        let mut last = None;
        for row in rows.iter() {
            let id = ids[row];
            let is_in = match last {
                Some((known, is_in)) if known == id => is_in,
                _ => self.all_of.iter().all(|traces| traces.contains(&id)),
            };
            last = Some((id, is_in));
            if !is_in {
                kept.remove(row);
            }
        }
        kept
    }

    /// Does it leave out anything?
    pub(super) fn is_decisive(&self) -> bool {
        !self.all_of.is_empty()
    }

    /// `None` when there are too many, or too much to look at.
    fn traces_with(
        &mut self,
        (filter, of_trace): (&SpanFilter, Option<&SpanFilter>),
        store: &dyn TraceStore,
        cancelled: &AtomicBool,
        progress: &mut dyn FnMut(ScanReport) -> ControlFlow<()>,
    ) -> Result<Option<Traces>, StoreError> {
        let request = ScanRequest {
            range: TimeRange::ALL,
            filter,
            traces: of_trace,
            columns: ScanColumns::default(),
            cancelled,
        };
        let before = self.report;
        let mut traces = Traces::default();
        let mut is_known = true;
        let report = store.scan(&request, &mut |chunk, report| {
            let ids = &chunk.batch.spans().trace_id;
            for row in chunk.rows.iter() {
                traces.insert(ids[row]);
                if traces.len() > MAX_TRACES {
                    is_known = false;
                    return ControlFlow::Break(());
                }
            }
            let so_far = after(before, report);
            let is_spent = so_far.searched_spans > MAX_SEARCHED_SPANS;
            if is_spent && chunk.later_until_ns.is_some() {
                is_known = false;
                return ControlFlow::Break(());
            }
            let flow = progress(ScanReport {
                total_blocks: report.total_blocks,
                ..so_far
            });
            self.is_stopped = flow.is_break();
            flow
        })?;
        self.report = after(before, &report);
        Ok((is_known && !self.is_stopped).then_some(traces))
    }
}

/// Both together; of blocks nothing, because the search has yet to open its own.
fn after(before: ScanReport, report: &ScanReport) -> ScanReport {
    let mut both = before;
    both.searched_bytes += report.searched_bytes;
    both.searched_spans += report.searched_spans;
    both.lacks_also(report);
    both
}
