//! Compaction of the embedded store as its users see it: the same answers from
//! fewer blocks, whatever fails meanwhile.

use crate::conformance::open;
use crate::embedded::{assert_traces, eager, spans, wait_until};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tracewell_model::batch::identity::Outline;
use tracewell_model::clock::{ManualClock, SystemClock};
use tracewell_model::store::{
    AttributeKey, FoundTraces, Listed, Operation, OperationQuery, ScanColumns, ScanReport,
    ScanRequest, ScanVisitor, ServiceCount, StoreStatus, UnorderedVisitor,
};
use tracewell_model::{Ack, SpanBatch, SpanFilter, StoreError, TimeRange, TraceId, TraceStore};
use tracewell_store::embedded::{
    Compaction, EmbeddedStore, FreeSpace, Pace, Retention, StoreOptions,
};
use tracewell_store::files::faulty::{self, EIO, Fault, FaultyFiles, Survival};
use tracewell_store::files::{Access, Files, write_all_at};
use tracewell_testkit::random::Random;
use tracewell_testkit::spans::trace_id;
use tracewell_testkit::{TestSpan, conformance};

/// A store that merges all it can before every answer.
struct Compacting(EmbeddedStore);

impl Compacting {
    fn compacted(&self) -> &EmbeddedStore {
        match self.0.compact_now() {
            Ok(()) | Err(StoreError::ShuttingDown) => &self.0,
            Err(error) => panic!("compaction failed: {error}"),
        }
    }
}

impl TraceStore for Compacting {
    fn append(&self, batch: Arc<SpanBatch>, ack: Ack) {
        self.0.append(batch, ack);
    }
    fn traces(
        &self,
        ids: &[TraceId],
        columns: Option<&ScanColumns>,
        cancelled: &AtomicBool,
    ) -> Result<FoundTraces, StoreError> {
        self.compacted().traces(ids, columns, cancelled)
    }
    fn spans(
        &self,
        trace: TraceId,
        wanted: &[Outline],
        cancelled: &AtomicBool,
    ) -> Result<FoundTraces, StoreError> {
        self.compacted().spans(trace, wanted, cancelled)
    }
    fn scan(
        &self,
        request: &ScanRequest<'_>,
        visit: &mut ScanVisitor<'_>,
    ) -> Result<ScanReport, StoreError> {
        self.compacted().scan(request, visit)
    }
    fn scan_unordered(
        &self,
        request: &ScanRequest<'_>,
        visitors: &mut [&mut UnorderedVisitor<'_>],
    ) -> Result<ScanReport, StoreError> {
        self.compacted().scan_unordered(request, visitors)
    }
    fn services(&self, range: TimeRange) -> Result<Listed<ServiceCount>, StoreError> {
        self.compacted().services(range)
    }
    fn operations(&self, query: &OperationQuery<'_>) -> Result<Listed<Operation>, StoreError> {
        self.compacted().operations(query)
    }
    fn attribute_keys(&self, range: TimeRange) -> Result<Listed<AttributeKey>, StoreError> {
        self.compacted().attribute_keys(range)
    }
    fn status(&self) -> StoreStatus {
        self.compacted().status()
    }
    fn shut_down(&self) {
        self.0.shut_down();
    }
}

#[test]
fn embedded_store_conforms_while_it_compacts() {
    let directories = Mutex::new(Vec::new());
    conformance::run(&|| {
        let directory = tempfile::tempdir().unwrap();
        let options = StoreOptions {
            seal_bytes: 2_000,
            ..StoreOptions::default()
        };
        let store = Compacting(open(directory.path(), options));
        directories.lock().unwrap().push(directory);
        Arc::new(store)
    });
}

/// Appends each trace as a block of its own; too few blocks for the store to
/// merge them unasked.
fn blocks_of(store: &EmbeddedStore, traces: std::ops::Range<u64>) {
    for trace in traces {
        let blocks = store.status().blocks;
        assert!(blocks < 7, "the store would begin to merge");
        conformance::append(store, &spans(trace)).expect("the store takes spans");
        wait_until("the spans are sealed", || store.status().blocks > blocks);
    }
}

fn open_on(disk: &FaultyFiles, options: StoreOptions) -> EmbeddedStore {
    let (files, clock) = (Arc::new(disk.clone()), Arc::new(SystemClock));
    EmbeddedStore::open(files, Path::new("/data"), options, clock)
        .expect("the directory can be opened")
        .0
}

fn everything(store: &dyn TraceStore) -> Vec<conformance::SpanKey> {
    let mut shown = conformance::scan(store, &SpanFilter::All, TimeRange::ALL).0;
    shown.dedup();
    shown
}

#[test]
fn answers_are_the_same_before_and_after_and_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), eager());
    let all = Random::new(77).spans(400, 1_700_000_000_000_000_000);
    for part in all.chunks(23) {
        conformance::append(&store, part).unwrap();
    }
    wait_until("everything is sealed", || store.status().blocks >= 3);
    let mut ids: Vec<TraceId> = all.iter().map(|span| span.trace_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let answers = |store: &EmbeddedStore| {
        let traces: Vec<_> = ids
            .iter()
            .map(|id| conformance::trace(store, *id))
            .collect();
        let mut operations = store
            .operations(&OperationQuery::all(TimeRange::ALL))
            .unwrap()
            .entries;
        operations.sort_by_cached_key(|operation| format!("{operation:?}"));
        let keys = store.attribute_keys(TimeRange::ALL).unwrap();
        (traces, operations, keys, everything(store))
    };
    let before = answers(&store);
    store.compact_now().unwrap();
    assert!(store.status().compaction.merges > 0);
    assert!(answers(&store) == before, "compaction changed an answer");
    drop(store);
    let store = open(directory.path(), eager());
    assert!(answers(&store) == before, "the restart changed an answer");
}

#[test]
fn duplicates_are_counted_once_after_compaction() {
    let disk = FaultyFiles::new();
    let store = open_on(&disk, eager());
    for _ in 0..3 {
        blocks_of(&store, 1..2);
    }
    assert_eq!(store.status().spans, 15);
    store.compact_now().unwrap();
    let status = store.status();
    assert_eq!((status.spans, status.blocks), (5, 1));
    let compaction = status.compaction;
    assert_eq!((compaction.spans, compaction.duplicates), (5, 10));
    let counted: u64 = store
        .operations(&OperationQuery::all(TimeRange::ALL))
        .unwrap()
        .entries
        .iter()
        .map(|operation| operation.spans)
        .sum();
    assert_eq!(counted, 5);
    assert_traces(&store, 1..2);
}

#[test]
fn late_spans_of_a_compacted_trace_are_found_with_the_others() {
    let disk = FaultyFiles::new();
    let store = open_on(&disk, eager());
    blocks_of(&store, 1..4);
    store.compact_now().unwrap();
    assert_eq!(store.status().blocks, 1);
    let mut expected = spans(2);
    for late in 6..8 {
        let late = TestSpan::new(2, late, "cart", "late", 1_000_000 + late).child_of(1);
        conformance::append(&store, std::slice::from_ref(&late)).unwrap();
        expected.push(late);
        assert_eq!(conformance::trace(&store, trace_id(2)), expected);
        wait_until("late spans are sealed", || store.status().blocks == 2);
        assert_eq!(conformance::trace(&store, trace_id(2)), expected);
        store.compact_now().unwrap();
        assert_eq!(conformance::trace(&store, trace_id(2)), expected);
    }
}

#[test]
fn blocks_are_merged_without_being_asked() {
    let disk = FaultyFiles::new();
    let store = open_on(&disk, eager());
    blocks_of(&store, 0..7);
    for trace in 7..9 {
        conformance::append(&store, &spans(trace)).unwrap();
    }
    wait_until("blocks are merged", || store.status().compaction.merges > 0);
    assert!(store.status().blocks <= 2);
    assert_traces(&store, 0..9);
}

#[test]
fn a_reader_goes_on_while_its_blocks_are_merged_away() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), eager());
    blocks_of(&store, 0..4);
    let cancelled = AtomicBool::new(false);
    let request = ScanRequest {
        range: TimeRange::ALL,
        filter: &SpanFilter::All,
        traces: None,
        columns: ScanColumns::default(),
        cancelled: &cancelled,
    };
    let (mut shown, mut is_first) = (0, true);
    let report = store.scan(&request, &mut |chunk, _| {
        if std::mem::take(&mut is_first) {
            store.compact_now().unwrap();
            assert_eq!(store.status().blocks, 1);
        }
        shown += chunk.rows.count();
        std::ops::ControlFlow::Continue(())
    });
    report.unwrap();
    assert_eq!(shown, 20);
    let files = std::fs::read_dir(directory.path().join("blocks")).unwrap();
    assert_eq!(files.count(), 2, "files of merged blocks are gone");
}

#[test]
fn a_merge_that_fails_is_said_tried_again_and_harms_nobody() {
    for (operation, name) in [
        (faulty::Operation::Create, ".parquet"),
        (faulty::Operation::Sync, ".index"),
        (faulty::Operation::Rename, "MANIFEST"),
        (faulty::Operation::SyncDir, "data"),
    ] {
        let disk = FaultyFiles::new();
        let store = open_on(&disk, eager());
        blocks_of(&store, 0..7);
        disk.fail(Fault {
            operation,
            name,
            skip: 0,
            times: 1,
            errno: EIO,
        });
        let error = store.compact_now().unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        assert_traces(&store, 0..7);
        assert_eq!(store.status().unhealthy, None, "it still takes spans");
        store.compact_now().unwrap();
        assert_eq!(store.status().blocks, 1);
        assert_traces(&store, 0..7);
        let files = disk.list(Path::new("/data/blocks")).unwrap();
        assert_eq!(files.len(), 2, "{operation:?} left {files:?}");
        drop(store);
        assert_traces(&open_on(&disk, eager()), 0..7);
    }
}

#[test]
fn a_damaged_block_is_left_out_and_named_for_as_long_as_it_is_there() {
    let disk = FaultyFiles::new();
    let retention = Retention {
        free_space: FreeSpace::Bytes(1 << 20),
        ..Retention::default()
    };
    let options = StoreOptions {
        retention,
        ..eager()
    };
    let store = open_on(&disk, options);
    blocks_of(&store, 0..3);
    let damaged = Path::new("/data/blocks/0000000002.parquet");
    let file = disk.open(damaged, Access::Write).unwrap();
    write_all_at(&*file, &[0xff; 64], 40).unwrap();
    store.compact_now().unwrap();
    let status = store.status();
    assert_eq!(status.blocks, 2, "the others are merged");
    let trouble = status.compaction.trouble.unwrap();
    assert!(trouble.contains("0000000002"), "{trouble}");
    assert_traces(&store, 0..1);
    assert_traces(&store, 2..3);
    assert!(
        disk.open(damaged, Access::Read).is_ok(),
        "nothing is removed"
    );
    let space = disk.space(Path::new("/data")).unwrap();
    let used = space.total_bytes - space.free_bytes;
    disk.set_capacity_bytes(Some(used + (64 << 10)));
    wait_until("retention takes it, too", || {
        let status = store.status();
        status.blocks == 0 && status.compaction.trouble.is_none()
    });
}

/// The power goes at every operation in turn: spans are there, and once.
#[test]
fn after_a_power_cut_at_any_moment_of_compaction_spans_are_there_once() {
    let dir = Path::new("/data");
    for cut_at in 0.. {
        let disk = FaultyFiles::new();
        disk.cut_power_at(cut_at);
        let (mut acknowledged, mut sent) = (0, 0);
        let (files, clock) = (Arc::new(disk.clone()), Arc::new(SystemClock));
        if let Ok((store, _)) = EmbeddedStore::open(files, dir, eager(), clock) {
            while acknowledged < 5 && conformance::append(&store, &spans(acknowledged)).is_ok() {
                acknowledged += 1;
                sent = acknowledged;
                let blocks = || store.status().blocks >= acknowledged || disk.is_off();
                wait_until("a seal", blocks);
            }
            sent += u64::from(acknowledged < 5);
            let compacted = store.compact_now();
            assert!(compacted.is_ok() || disk.is_off(), "{compacted:?}");
        }
        for survival in [Survival::SyncedOnly, Survival::Torn { seed: cut_at }] {
            let after = disk.after_power_cut(survival);
            let files = Arc::new(after);
            let (store, report) = EmbeddedStore::open(files, dir, eager(), Arc::new(SystemClock))
                .unwrap_or_else(|error| panic!("cut at {cut_at}: {error}"));
            assert_eq!(report.warnings, Vec::<String>::new(), "cut at {cut_at}");
            for trace in 0..acknowledged {
                let found = conformance::trace(&store, trace_id(trace));
                assert_eq!(found, spans(trace), "cut at {cut_at}, trace {trace}");
            }
            let stored = store.status().spans;
            let range = 5 * acknowledged..=5 * sent.max(acknowledged);
            assert!(range.contains(&stored), "cut at {cut_at}: {stored} spans");
        }
        if !disk.is_off() {
            assert!(cut_at > 50, "only {cut_at} operations: that proves little");
            break;
        }
    }
}

#[test]
fn retention_takes_a_merged_block_when_its_youngest_part_is_due() {
    let disk = FaultyFiles::new();
    let clock = Arc::new(ManualClock::new(8_000_000_000_000));
    let options = StoreOptions {
        retention: Retention {
            age: Some(Duration::from_secs(8_000)),
            ..Retention::default()
        },
        ..eager()
    };
    let files = Arc::new(disk.clone());
    let (store, _) =
        EmbeddedStore::open(files, Path::new("/data"), options, clock.clone()).unwrap();
    blocks_of(&store, 1..2);
    clock.advance_ns(500_000_000_000);
    blocks_of(&store, 2..3);
    clock.advance_ns(600_000_000_000);
    blocks_of(&store, 3..4);
    store.compact_now().unwrap();
    assert_eq!(
        store.status().blocks,
        2,
        "an eighth of the age divides them"
    );
    clock.advance_ns(7_000_000_000_000);
    store.compact_now().unwrap();
    assert_traces(&store, 1..4);
    clock.advance_ns(500_000_000_000);
    wait_until("the older block goes", || store.status().blocks == 1);
    assert_traces(&store, 3..4);
}

#[test]
fn the_oldest_blocks_make_room_when_the_disk_is_nearly_full() {
    let disk = FaultyFiles::new();
    let options = StoreOptions {
        retention: Retention {
            free_space: FreeSpace::Bytes(1 << 20),
            ..Retention::default()
        },
        compaction: Compaction {
            max_spans: 1,
            pace: Pace {
                cpu_percent: 100,
                bytes_per_second: u64::MAX,
            },
            ..Compaction::default()
        },
        ..eager()
    };
    let store = open_on(&disk, options);
    blocks_of(&store, 0..6);
    // The log makes and lets go of segments meanwhile, so that more than one
    // block may have to go; never a newer one before an older one.
    let leave = |free_bytes: u64| {
        let space = disk.space(Path::new("/data")).unwrap();
        let used = space.total_bytes - space.free_bytes;
        disk.set_capacity_bytes(Some(used + free_bytes));
    };
    leave((1 << 20) - 1);
    wait_until("a block goes", || store.status().blocks < 6);
    let is_there = |trace: &u64| !conformance::trace(&store, trace_id(*trace)).is_empty();
    let oldest = (0..6).find(is_there).expect("the newest is there");
    assert_traces(&store, oldest..6);
    // What the log or somebody else takes costs the newest one only where it is
    // needed to go on.
    leave(3 << 18);
    wait_until("all go but the newest", || store.status().blocks == 1);
    assert_traces(&store, 5..6);
    // The list of blocks still has to be written.
    leave(64 << 10);
    wait_until("all go, and no more", || store.status().blocks == 0);
    assert_eq!(store.status().removed_spans, 30);
}
