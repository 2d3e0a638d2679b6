//! What every `TraceStore` must do, as checks that any implementation runs.
//!
//! A check gets a fresh, empty store. [`run`] names the check that failed.

mod checks;

pub use checks::{Asked, append_traces, ask_for_traces};

use crate::spans::{TestSpan, batch, flatten};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, mpsc};
use tracewell_model::store::{ScanChunk, ScanColumns, ScanReport, ScanRequest, UnorderedVisitor};
use tracewell_model::{SpanFilter, StoreError, TimeRange, TraceId, TraceStore};

/// Runs all checks; `make` makes a new empty store each time.
///
/// # Panics
/// At the first check that fails, naming it.
pub fn run(make: &dyn Fn() -> Arc<dyn TraceStore>) {
    for (name, check) in checks::ALL {
        let store = make();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(&*store))) {
            eprintln!("conformance: '{name}' failed");
            resume_unwind(panic);
        }
        store.shut_down();
    }
}

/// Filters of every shape over the data of [`crate::Random`].
#[must_use]
pub fn filters() -> Vec<SpanFilter> {
    checks::filters()
}

/// Appends and waits for the acknowledgement.
///
/// # Errors
/// What the store says.
///
/// # Panics
/// If the store never acknowledges.
pub fn append(store: &dyn TraceStore, spans: &[TestSpan]) -> Result<(), StoreError> {
    let (sender, receiver) = mpsc::channel();
    let ack = Box::new(move |fate| sender.send(fate).expect("the test waits for the fate"));
    store.append(Arc::new(batch(spans)), ack);
    receiver.recv().expect("the store must acknowledge")
}

/// The spans of a trace sorted by span id; empty when it is not there.
#[must_use]
pub fn trace(store: &dyn TraceStore, id: TraceId) -> Vec<TestSpan> {
    let found = store
        .traces(&[id], None, &AtomicBool::new(false))
        .expect("reading works")
        .traces;
    assert_eq!(found.len(), 1, "one answer per id");
    let mut spans = found[0].as_ref().map(flatten).unwrap_or_default();
    spans.sort_by_key(|span| (span.span_id, span.start_ns));
    spans
}

/// Trace id and span id.
pub type SpanKey = ([u8; 16], [u8; 8]);

/// (trace id, span id) of all spans a scan shows, sorted, and its report.
#[must_use]
pub fn scan(
    store: &dyn TraceStore,
    filter: &SpanFilter,
    range: TimeRange,
) -> (Vec<SpanKey>, ScanReport) {
    let cancelled = AtomicBool::new(false);
    let request = ScanRequest {
        range,
        filter,
        traces: None,
        columns: ScanColumns::default(),
        cancelled: &cancelled,
    };
    let mut shown = Vec::new();
    let mut unsettled_ns = Some(u64::MAX);
    let report = store
        .scan(&request, &mut |chunk, _| {
            let spans = chunk.batch.spans();
            for row in chunk.rows.iter() {
                assert!(
                    Some(spans.start_ns[row]) <= unsettled_ns,
                    "a span appears in a time that was said to be settled"
                );
                shown.push((spans.trace_id[row].0, spans.span_id[row].0));
            }
            unsettled_ns = unsettled_ns.min(chunk.later_until_ns);
            ControlFlow::Continue(())
        })
        .expect("scanning works");
    shown.sort_unstable();
    (shown, report)
}

/// The same by [`TraceStore::scan_unordered`] with so many visitors.
#[must_use]
pub fn scan_unordered(
    store: &dyn TraceStore,
    filter: &SpanFilter,
    range: TimeRange,
    visitors: usize,
) -> (Vec<SpanKey>, ScanReport) {
    let cancelled = AtomicBool::new(false);
    let request = ScanRequest {
        range,
        filter,
        traces: None,
        columns: ScanColumns::default(),
        cancelled: &cancelled,
    };
    let mut shown: Vec<Vec<SpanKey>> = vec![Vec::new(); visitors];
    let mut collect: Vec<_> = shown
        .iter_mut()
        .map(|shown| {
            |chunk: &ScanChunk<'_>, _: &ScanReport| {
                let spans = chunk.batch.spans();
                let rows = chunk.rows.iter();
                shown.extend(rows.map(|row| (spans.trace_id[row].0, spans.span_id[row].0)));
                ControlFlow::Continue(())
            }
        })
        .collect();
    let mut visitors: Vec<&mut UnorderedVisitor<'_>> = collect
        .iter_mut()
        .map(|collect| collect as &mut UnorderedVisitor<'_>)
        .collect();
    let report = store
        .scan_unordered(&request, &mut visitors)
        .expect("scanning works");
    let mut shown = shown.concat();
    shown.sort_unstable();
    (shown, report)
}
