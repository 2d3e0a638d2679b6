//! Clocks that are wrong: spans dated in 1970 or 2100 slow no search for the
//! newest, wherever the spans lie, and are found where they say they are.

use crate::conformance::open;
use crate::embedded::{eager, wait_until};
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use tracewell_model::store::{OperationQuery, ScanColumns, ScanReport, ScanRequest};
use tracewell_model::{SpanFilter, TimeRange, TraceStore};
use tracewell_store::embedded::{EmbeddedStore, StoreOptions};
use tracewell_store::memory::MemoryStore;
use tracewell_testkit::{TestSpan, conformance};

const NOW_NS: u64 = 1_800_000_000_000_000_000;
const YEAR_2100_NS: u64 = 4_102_444_800_000_000_000;
const DAY_NS: u64 = 86_400_000_000_000;

/// Spans of a batch, and batches.
const BATCH: u64 = 400;
const BATCHES: u64 = 24;

/// All spans are older than this.
const UNTIL_NOW: TimeRange = TimeRange {
    start_ns: 0,
    end_ns: NOW_NS + DAY_NS,
};

/// What is wrong in each batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clocks {
    Right,
    /// A trace of its own in 1970, and one in 2100.
    Elsewhere,
    /// The same, but as parts of traces that began and ended now.
    ElsewhereInTraces,
}

/// Traces of four spans; batch follows batch, a second apart.
fn batch_of(number: u64, clocks: Clocks) -> Vec<TestSpan> {
    let start_ns = NOW_NS + number * 1_000_000_000;
    let mut spans: Vec<TestSpan> = (0..BATCH)
        .map(|n| {
            let trace = number * 1_000 + n / 4;
            TestSpan::new(trace, n + 1, "shop", "GET /", start_ns + n * 1_000_000)
        })
        .collect();
    let odd_trace = match clocks {
        Clocks::Right => return spans,
        Clocks::Elsewhere => number * 1_000 + 500,
        Clocks::ElsewhereInTraces => number * 1_000,
    };
    let odd = |trace, start_ns| TestSpan::new(trace, 9_000, "pi", "boot", start_ns);
    spans.push(odd(odd_trace, number));
    spans.push(odd(odd_trace + 1, YEAR_2100_NS + number));
    spans
}

/// The starts of the newest twenty spans, read as a search reads: until what
/// was found can only be followed by older spans.
fn newest(store: &dyn TraceStore, range: TimeRange) -> (Vec<u64>, ScanReport) {
    let request = ScanRequest {
        range,
        filter: &SpanFilter::All,
        traces: None,
        columns: ScanColumns::default(),
        cancelled: &AtomicBool::new(false),
    };
    let mut starts: Vec<u64> = Vec::new();
    let report = store.scan(&request, &mut |chunk, _| {
        let spans = chunk.batch.spans();
        starts.extend(chunk.rows.iter().map(|row| spans.start_ns[row]));
        starts.sort_unstable_by(|a, b| b.cmp(a));
        match starts.get(19) {
            Some(last) if Some(*last) > chunk.later_until_ns => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    });
    starts.truncate(20);
    (starts, report.expect("reads"))
}

/// Most spans that a search reads for the sake of traces that reach from one
/// time to another: they lie in row groups of their own.
fn most_more(clocks: Clocks) -> u64 {
    match clocks {
        Clocks::ElsewhereInTraces => 5 * BATCHES,
        _ => 0,
    }
}

/// A search reads no more for the clocks that are wrong, and finds the same.
fn assert_nothing_is_slowed(
    stage: &str,
    right: &dyn TraceStore,
    (wrong, clocks): (&dyn TraceStore, Clocks),
) {
    let (expected, without) = newest(right, UNTIL_NOW);
    let (found, with) = newest(wrong, UNTIL_NOW);
    assert_eq!(found, expected, "{stage}");
    let few = without.searched_spans + most_more(clocks);
    assert!(
        with.searched_spans <= few,
        "{stage}, {clocks:?}: {with:?}\n{without:?}"
    );
    // Of all time the newest are those of 2100, and lie by themselves.
    let (found, report) = newest(wrong, TimeRange::ALL);
    let future = (0..BATCHES).rev().map(|number| YEAR_2100_NS + number);
    assert_eq!(found, future.take(20).collect::<Vec<_>>(), "{stage}");
    assert!(report.searched_spans <= few, "{stage}: {report:?}");
    let (past, report) = newest(
        wrong,
        TimeRange {
            end_ns: DAY_NS,
            ..UNTIL_NOW
        },
    );
    assert_eq!(past.len(), 20, "{stage}");
    assert!(report.searched_spans <= 10 * BATCHES, "{stage}: {report:?}");
    assert_eq!(report.lacking(), None);
}

#[test]
fn in_memory() {
    for clocks in [Clocks::Elsewhere, Clocks::ElsewhereInTraces] {
        let stores = [Clocks::Right, clocks].map(|clocks| {
            let store = MemoryStore::new(1 << 30);
            for number in 0..BATCHES {
                conformance::append(&store, &batch_of(number, clocks)).expect("stored");
            }
            store
        });
        assert_nothing_is_slowed("memory", &stores[0], (&stores[1], clocks));
        let (_, report) = newest(&stores[1], UNTIL_NOW);
        assert_eq!(report.searched_spans, BATCH, "{clocks:?}");
    }
}

/// Four batches become a block.
fn fill(store: &EmbeddedStore, clocks: Clocks) {
    for block in 0..BATCHES / 4 {
        let spans: Vec<TestSpan> = (block * 4..block * 4 + 4)
            .flat_map(|number| batch_of(number, clocks))
            .collect();
        conformance::append(store, &spans).expect("stored");
        wait_until("spans are sealed", || store.status().blocks > block);
    }
}

#[test]
fn live_sealed_and_compacted() {
    for clocks in [Clocks::Elsewhere, Clocks::ElsewhereInTraces] {
        let directories = [(); 4].map(|()| tempfile::tempdir().unwrap());
        let live = [(0, Clocks::Right), (1, clocks)].map(|(place, clocks)| {
            let store = open(directories[place].path(), StoreOptions::default());
            for number in 0..BATCHES {
                conformance::append(&store, &batch_of(number, clocks)).unwrap();
            }
            store
        });
        assert_nothing_is_slowed("live", &live[0], (&live[1], clocks));
        let blocks = [(2, Clocks::Right), (3, clocks)].map(|(place, clocks)| {
            let store = open(directories[place].path(), eager());
            fill(&store, clocks);
            store
        });
        assert_nothing_is_slowed("sealed", &blocks[0], (&blocks[1], clocks));
        for store in &blocks {
            store.compact_now().unwrap();
            assert_eq!(store.status().blocks, 1);
        }
        assert_nothing_is_slowed("compacted", &blocks[0], (&blocks[1], clocks));
    }
}

#[test]
fn a_block_counts_once_however_many_parts_of_it_are_read() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), eager());
    fill(&store, Clocks::Elsewhere);
    conformance::append(&store, &batch_of(90, Clocks::Elsewhere)[..1]).unwrap();
    wait_until("all is sealed", || store.status().blocks > BATCHES / 4);
    let (shown, report) = conformance::scan(&store, &SpanFilter::All, TimeRange::ALL);
    let (blocks, spans) = (BATCHES / 4 + 1, BATCHES * (BATCH + 2) + 1);
    assert_eq!(shown.len() as u64, spans);
    let counted = (
        report.total_blocks,
        report.searched_blocks,
        report.searched_spans,
    );
    assert_eq!(counted, (blocks, blocks, spans));
    // A time of which no block has spans, though all reach over it.
    let between = TimeRange {
        start_ns: NOW_NS + 400 * DAY_NS,
        end_ns: NOW_NS + 500 * DAY_NS,
    };
    let (shown, report) = conformance::scan(&store, &SpanFilter::All, between);
    assert_eq!((shown, report), (Vec::new(), ScanReport::default()));
    assert_eq!(
        store
            .operations(&OperationQuery::all(between))
            .unwrap()
            .entries,
        []
    );
    assert_eq!(store.attribute_keys(between).unwrap().entries, []);
}
