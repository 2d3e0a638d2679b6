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

/// Spans that are looked at for a condition, at most: all times may be much
/// more than the range, whose traces could be fetched in less.
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
    /// Held as long as they are.
    memory: Reservation,
}

impl Required {
    /// Looks for them.
    ///
    /// # Errors
    /// What the store says.
    pub(super) fn look_for(
        filters: &[SpanFilter],
        store: &dyn TraceStore,
        cancelled: &AtomicBool,
    ) -> Result<Self, StoreError> {
        let mut required = Self::default();
        if filters.is_empty() {
            return Ok(required);
        }
        required.memory = store.query_memory().reservation();
        for filter in filters {
            if required.memory.grow(MAX_TRACES * TRACE_BYTES).is_err() {
                break;
            }
            let found = required.traces_with(filter, store, cancelled)?;
            required.all_of.extend(found);
            if required.is_empty() {
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
        filter: &SpanFilter,
        store: &dyn TraceStore,
        cancelled: &AtomicBool,
    ) -> Result<Option<Traces>, StoreError> {
        let request = ScanRequest {
            range: TimeRange::ALL,
            filter,
            columns: ScanColumns::default(),
            cancelled,
        };
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
            if report.searched_spans > MAX_SEARCHED_SPANS && chunk.later_until_ns.is_some() {
                is_known = false;
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        self.report.searched_bytes += report.searched_bytes;
        self.report.searched_spans += report.searched_spans;
        self.report.lacks_also(&report);
        Ok(is_known.then_some(traces))
    }
}
