//! One answer from what is stored and what waits.

use super::WithWaiting;
use crate::memory::MemoryStore;
use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use tracewell_model::spool::SpoolPlace;
use tracewell_model::store::{Ack, ScanColumns};
use tracewell_model::waiting::{BatchTimes, Waiting, WaitingBatch};
use tracewell_model::{
    QueryMemory, RowSet, SpanBatch, SpanFilter, StoreError, TimeRange, TraceId, TraceStore,
};
use tracewell_testkit::spans::trace_id;
use tracewell_testkit::{Random, TestSpan, batch, conformance};

const START_NS: u64 = 1_700_000_000_000_000_000;

/// Spans that wait in memory.
#[derive(Default)]
struct Shelf {
    batches: Mutex<Vec<(Arc<SpanBatch>, RowSet)>>,
    is_damaged: AtomicBool,
}

impl Shelf {
    fn put(&self, batch: Arc<SpanBatch>, rows: RowSet) {
        self.batches.lock().unwrap().push((batch, rows));
    }

    fn listed(&self, is_wanted: impl Fn(&SpanBatch, &RowSet) -> bool) -> Vec<WaitingBatch> {
        let batches = self.batches.lock().unwrap();
        let numbered = (0..).zip(batches.iter());
        let wanted = numbered.filter(|(_, (batch, rows))| is_wanted(batch, rows));
        let listed = wanted.map(|(number, (batch, _))| WaitingBatch {
            number,
            place: SpoolPlace(u64::from(number), 0),
            spans: batch.len() as u32,
            times: BatchTimes::of(batch),
        });
        listed.collect()
    }
}

impl Waiting for Shelf {
    fn batches(&self, range: TimeRange) -> Vec<WaitingBatch> {
        self.listed(|batch, _| BatchTimes::of(batch).reach(range))
    }

    fn batches_of(&self, traces: &[TraceId]) -> Vec<WaitingBatch> {
        let ids = |batch: &SpanBatch, row: usize| batch.spans().trace_id[row];
        self.listed(|batch, rows| rows.iter().any(|row| traces.contains(&ids(batch, row))))
    }

    fn read(&self, batch: &WaitingBatch) -> Result<Option<(Arc<SpanBatch>, RowSet)>, StoreError> {
        if self.is_damaged.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(StoreError::Damaged("a test".to_owned()));
        }
        let batches = self.batches.lock().unwrap();
        Ok(batches.get(batch.number as usize).cloned())
    }

    fn start_range_ns(&self) -> Option<(u64, u64)> {
        let batches = self.listed(|_, _| true).into_iter();
        let ranges = batches.map(|of| (of.times.first_start_ns, of.times.last_start_ns));
        ranges.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    fn spans_of(&self, trace: TraceId) -> u64 {
        let batches = self.batches.lock().unwrap();
        let of = |(batch, rows): &(Arc<SpanBatch>, RowSet)| {
            let ids = &batch.spans().trace_id;
            rows.iter().filter(|row| ids[*row] == trace).count() as u64
        };
        batches.iter().map(of).sum()
    }
}

fn with(store: Arc<dyn TraceStore>, shelf: &Arc<Shelf>) -> WithWaiting {
    let shelf = Arc::clone(shelf);
    let who = move || vec![Arc::clone(&shelf) as Arc<dyn Waiting>];
    WithWaiting::new(store, Box::new(who))
}

fn memory() -> Arc<dyn TraceStore> {
    Arc::new(MemoryStore::new(1 << 30))
}

fn span(trace: u64, id: u64) -> TestSpan {
    TestSpan::new(trace, id, "cart", "add", START_NS + id)
}

/// Everything is stored and waits still: what a kill leaves between the two.
struct Twice {
    joined: WithWaiting,
    shelf: Arc<Shelf>,
}

impl TraceStore for Twice {
    fn append(&self, batch: Arc<SpanBatch>, ack: Ack) {
        let shelf = Arc::clone(&self.shelf);
        let waits = Arc::clone(&batch);
        let stored: Ack = Box::new(move |fate| {
            if fate.is_ok() && !waits.is_empty() {
                shelf.put(Arc::clone(&waits), RowSet::all(waits.len()));
            }
            ack(fate);
        });
        self.joined.append(batch, stored);
    }

    fn traces(
        &self,
        ids: &[TraceId],
        columns: Option<&ScanColumns>,
        cancelled: &AtomicBool,
    ) -> Result<tracewell_model::store::FoundTraces, StoreError> {
        self.joined.traces(ids, columns, cancelled)
    }

    /// The store's: of spans that are in both places it MAY show each twice, and the
    /// checks count them.
    fn scan(
        &self,
        request: &tracewell_model::store::ScanRequest<'_>,
        visit: &mut tracewell_model::store::ScanVisitor<'_>,
    ) -> Result<tracewell_model::store::ScanReport, StoreError> {
        self.joined.store.scan(request, visit)
    }

    fn services(
        &self,
        range: TimeRange,
    ) -> Result<tracewell_model::store::Listed<tracewell_model::store::ServiceCount>, StoreError>
    {
        self.joined.services(range)
    }

    fn operations(
        &self,
        query: &tracewell_model::store::OperationQuery<'_>,
    ) -> Result<tracewell_model::store::Listed<tracewell_model::store::Operation>, StoreError> {
        self.joined.operations(query)
    }

    fn attribute_keys(
        &self,
        range: TimeRange,
    ) -> Result<tracewell_model::store::Listed<tracewell_model::store::AttributeKey>, StoreError>
    {
        self.joined.attribute_keys(range)
    }

    fn query_memory(&self) -> QueryMemory {
        self.joined.query_memory()
    }

    fn status(&self) -> tracewell_model::store::StoreStatus {
        self.joined.status()
    }

    fn shut_down(&self) {
        self.joined.shut_down();
    }
}

#[test]
fn it_is_a_store_when_nothing_waits() {
    conformance::run(&|| Arc::new(with(memory(), &Arc::default())));
}

#[test]
fn it_is_a_store_when_everything_is_handed_on_and_waits_still() {
    conformance::run(&|| {
        let shelf = Arc::<Shelf>::default();
        let joined = with(memory(), &shelf);
        Arc::new(Twice { joined, shelf })
    });
}

#[test]
fn wherever_spans_are_the_answers_are_the_same() {
    let spans = Random::new(41).spans(1_200, START_NS);
    let (whole, stored, shelf) = (memory(), memory(), Arc::<Shelf>::default());
    for (number, part) in spans.chunks(113).enumerate() {
        conformance::append(&*whole, part).unwrap();
        // Of some traces all is stored, of some nothing, of most a part; and what
        // does not wait lies in batches that are kept for others.
        let waits = |span: &TestSpan| (number + usize::from(span.span_id.0[7])) % 3 > 0;
        let all = Arc::new(batch(part));
        let rows = RowSet::from_fn(part.len(), |row| waits(&part[row]));
        let rest: Vec<TestSpan> = part.iter().filter(|span| !waits(span)).cloned().collect();
        shelf.put(all, rows);
        conformance::append(&*stored, &rest).unwrap();
    }
    let joined = with(stored, &shelf);
    let ids: BTreeSet<TraceId> = spans.iter().map(|span| span.trace_id).collect();
    for id in &ids {
        assert_eq!(
            conformance::trace(&joined, *id),
            conformance::trace(&*whole, *id)
        );
    }
    let middle = TimeRange {
        start_ns: START_NS + 10_000_000_000,
        end_ns: START_NS + 50_000_000_000,
    };
    let never = AtomicBool::new(false);
    for filter in conformance::filters() {
        for range in [TimeRange::ALL, middle] {
            let wanted = conformance::scan(&*whole, &filter, range).0;
            assert_eq!(conformance::scan(&joined, &filter, range).0, wanted);
            let unordered = conformance::scan_unordered(&joined, &filter, range, 3).0;
            assert_eq!(unordered, wanted);
        }
        let ids: Vec<TraceId> = ids.iter().copied().collect();
        let columns = ScanColumns::of_filter(&filter);
        let matching = |store: &dyn TraceStore| {
            let found = store.traces(&ids, Some(&columns), &never).unwrap();
            let traces = found.traces.iter().flatten();
            traces
                .map(|trace| filter.matching(trace).count())
                .collect::<Vec<_>>()
        };
        assert_eq!(matching(&joined), matching(&*whole), "{filter:?}");
    }
}

#[test]
fn of_what_is_in_both_the_stored_one_is_shown() {
    let (stored, shelf) = (memory(), Arc::<Shelf>::default());
    let waits = [span(7, 1), span(7, 2)];
    let kept = TestSpan {
        trace_state: "ot=th:8".to_owned(),
        ..span(7, 1)
    };
    conformance::append(&*stored, std::slice::from_ref(&kept)).unwrap();
    shelf.put(Arc::new(batch(&waits)), RowSet::all(2));
    let joined = with(stored, &shelf);
    let shown = conformance::trace(&joined, trace_id(7));
    assert_eq!(shown, [kept.clone(), span(7, 2)]);
    let never = AtomicBool::new(false);
    let outlines = [batch(&waits).outline(0)];
    let one = joined.spans(trace_id(7), &outlines, &never).unwrap();
    let (one, _held) = one.into_only().unwrap();
    assert_eq!(tracewell_testkit::flatten(&one), [kept]);
    assert_eq!(joined.waiting_spans(trace_id(7)), 2);
    assert_eq!(joined.waiting_spans(trace_id(8)), 0);
}

#[test]
fn what_cannot_be_read_is_said_and_what_does_not_fit_is_refused() {
    let (stored, shelf) = (memory(), Arc::<Shelf>::default());
    conformance::append(&*stored, &[span(1, 1)]).unwrap();
    shelf.put(Arc::new(batch(&[span(2, 2)])), RowSet::all(1));
    shelf
        .is_damaged
        .store(true, std::sync::atomic::Ordering::Relaxed);
    let joined = with(stored, &shelf);
    let (shown, report) = conformance::scan(&joined, &SpanFilter::All, TimeRange::ALL);
    assert_eq!(shown.len(), 1);
    assert_eq!((report.unread_blocks, report.unread_spans), (1, 1));

    let narrow = MemoryStore::new(1 << 30).with_query_memory(QueryMemory::new(4_096, 4_096));
    let shelf = Arc::<Shelf>::default();
    let many: Vec<TestSpan> = (0..100).map(|id| span(2, id)).collect();
    shelf.put(Arc::new(batch(&many)), RowSet::all(100));
    let joined = with(Arc::new(narrow), &shelf);
    let never = AtomicBool::new(false);
    let refused = joined.traces(&[trace_id(2)], None, &never);
    assert!(matches!(refused, Err(StoreError::OverBudget(_))));
}
