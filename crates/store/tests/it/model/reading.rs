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
    /// The answers say that they lack something, and what.
    pub(super) lacks: Option<String>,
}

impl Reading {
    /// Reads everything.
    pub(super) fn of(store: &dyn TraceStore, ids: &[TraceId]) -> Result<Reading, StoreError> {
        let counted_spans = store.status().spans;
        let found = store.traces(ids, None, &AtomicBool::new(false))?;
        let traces = found.traces.iter().flatten().flat_map(flatten).collect();
        let operations = store.operations(&OperationQuery::all(TimeRange::ALL))?;
        let (scanned, report) = scan(store)?;
        let lacks = found.report.lacking().or_else(|| report.lacking());
        let lacks = lacks.or_else(|| operations.report.lacking());
        Ok(Reading {
            traces,
            scanned,
            lacks,
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
fn scan(store: &dyn TraceStore) -> Result<(Vec<(TraceId, SpanId)>, ScanReport), StoreError> {
    let request = ScanRequest {
        range: TimeRange::ALL,
        filter: &SpanFilter::All,
        traces: None,
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
    Ok((shown, report))
}
