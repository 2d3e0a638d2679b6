//! What a store shows, asked in every way it can be asked.

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use tracewell_model::store::{OperationQuery, ScanColumns, ScanReport, ScanRequest};
use tracewell_model::{SpanFilter, SpanId, StoreError, TimeRange, TraceId, TraceStore};
use tracewell_testkit::{TestSpan, flatten};

/// What was read from a store at one moment.
#[derive(Debug)]
pub(super) struct Reading {
    /// Spans of all traces, as shown by id.
    pub(super) traces: Vec<TestSpan>,
    /// What a scan of everything showed.
    pub(super) scanned: Vec<(TraceId, SpanId)>,
    /// Spans by the store's own count.
    pub(super) counted_spans: u64,
    /// Spans by the counts of operations.
    pub(super) operations_spans: u64,
}

impl Reading {
    /// Reads everything.
    pub(super) fn of(store: &dyn TraceStore, ids: &[TraceId]) -> Result<Reading, StoreError> {
        let counted_spans = store.status().spans;
        let found = store.traces(ids, None, &AtomicBool::new(false))?;
        all_of(&found.report)?;
        let traces = found.traces.iter().flatten().flat_map(flatten).collect();
        let operations = store.operations(&OperationQuery::all(TimeRange::ALL))?;
        all_of(&operations.report)?;
        Ok(Reading {
            traces,
            scanned: scan(store)?,
            counted_spans,
            operations_spans: operations.entries.iter().map(|o| o.spans).sum(),
        })
    }

    /// Whether all ways of counting give the same.
    pub(super) fn agrees_with_itself(&self) -> bool {
        self.counted_spans == self.scanned.len() as u64
            && self.counted_spans == self.operations_spans
    }
}

/// What a scan of everything shows.
fn scan(store: &dyn TraceStore) -> Result<Vec<(TraceId, SpanId)>, StoreError> {
    let request = ScanRequest {
        range: TimeRange::ALL,
        filter: &SpanFilter::All,
        columns: ScanColumns::default(),
        cancelled: &AtomicBool::new(false),
    };
    let mut shown = Vec::new();
    let report = store.scan(&request, &mut |chunk, _| {
        let spans = chunk.batch.spans();
        let keys = chunk.rows.iter();
        shown.extend(keys.map(|row| (spans.trace_id[row], spans.span_id[row])));
        ControlFlow::Continue(())
    })?;
    all_of(&report)?;
    Ok(shown)
}

/// An answer that says that it lacks something is as good as a refusal.
fn all_of(report: &ScanReport) -> Result<(), StoreError> {
    report
        .lacking()
        .map_or(Ok(()), |why| Err(StoreError::Damaged(why)))
}
