//! Damage and disks that refuse: what lies in the damaged part is missing, all
//! else is answered, and the answer and the status say so.

use crate::embedded::{eager, spans, wait_until};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tracewell_model::clock::SystemClock;
use tracewell_model::store::{OperationQuery, ScanColumns, ScanReport, ScanRequest};
use tracewell_model::{SpanFilter, StoreError, TimeRange, TraceStore};
use tracewell_store::embedded::{Compaction, EmbeddedStore, StoreOptions};
use tracewell_store::files::faulty::{EIO, Fault, FaultyFiles, Operation};
use tracewell_store::files::{Access, Files, write_all_at};
use tracewell_testkit::conformance;
use tracewell_testkit::spans::trace_id;

const DIR: &str = "/data";

fn open(disk: &FaultyFiles) -> EmbeddedStore {
    let options = StoreOptions {
        // Nothing is merged: damage stays where it was made.
        compaction: Compaction {
            max_spans: 1,
            ..eager().compaction
        },
        ..eager()
    };
    let (files, clock) = (Arc::new(disk.clone()), Arc::new(SystemClock));
    EmbeddedStore::open(files, Path::new(DIR), options, clock)
        .expect("the disk works")
        .0
}

/// Three blocks with a trace each.
fn three_blocks() -> (FaultyFiles, EmbeddedStore) {
    let disk = FaultyFiles::new();
    let store = open(&disk);
    for trace in 0..3 {
        conformance::append(&store, &spans(trace)).expect("the disk works");
        wait_until("it is sealed", || store.status().blocks == trace + 1);
    }
    (disk, store)
}

fn block_files(disk: &FaultyFiles, ending: &str) -> Vec<PathBuf> {
    let dir = Path::new(DIR).join("blocks");
    let mut names: Vec<_> = disk
        .list(&dir)
        .expect("the disk works")
        .into_iter()
        .map(|e| e.name)
        .collect();
    names.retain(|name| name.ends_with(ending));
    names.sort();
    names.into_iter().map(|name| dir.join(name)).collect()
}

fn flip(disk: &FaultyFiles, path: &Path, from_end: u64) {
    let file = disk.open(path, Access::Write).expect("the disk works");
    let at = file.size().expect("the disk works") - from_end;
    let mut byte = [0];
    file.read_at(&mut byte, at).expect("the disk works");
    write_all_at(&*file, &[byte[0] ^ 4], at).expect("the disk works");
}

fn scan(store: &EmbeddedStore) -> (usize, ScanReport) {
    let never = AtomicBool::new(false);
    let request = ScanRequest {
        range: TimeRange::ALL,
        filter: &SpanFilter::All,
        traces: None,
        columns: ScanColumns::default(),
        cancelled: &never,
    };
    let mut rows = 0;
    let report = store.scan(&request, &mut |chunk, _| {
        rows += chunk.rows.count();
        ControlFlow::Continue(())
    });
    (rows, report.expect("the disk works"))
}

#[test]
fn one_damaged_block_leaves_the_others_alone_and_is_told_everywhere() {
    let (disk, store) = three_blocks();
    let parquet = block_files(&disk, ".parquet");
    let file = disk.open(&parquet[1], Access::Write).unwrap();
    // Behind the magic number lie the pages, trace ids first.
    write_all_at(&*file, &[0xff; 40], 8).unwrap();
    let (rows, report) = scan(&store);
    assert_eq!(
        (rows, report.unread_blocks, report.unread_spans),
        (10, 1, 5)
    );
    let lacking = report.lacking().unwrap();
    assert!(
        lacking.starts_with("1 block could not be read in full"),
        "{lacking}"
    );
    for trace in [0, 2] {
        assert_eq!(conformance::trace(&store, trace_id(trace)), spans(trace));
    }
    let status = store.status();
    assert_eq!((status.damaged.len(), status.damaged[0].spans), (1, 5));
    assert!(status.damaged[0].is_lasting && status.unhealthy.is_none());
    assert!(
        status.degraded().unwrap().contains("checksum"),
        "{status:?}"
    );
    let never = AtomicBool::new(false);
    let lost = store.traces(&[trace_id(1)], None, &never).unwrap();
    assert!(matches!(
        lost.only(trace_id(1)),
        Err(StoreError::Damaged(_))
    ));
    assert!(store.status().incomplete_reads > 0);
}

#[test]
fn a_bit_anywhere_in_an_index_harms_no_other_block_and_nothing_is_missing_silently() {
    let (disk, store) = three_blocks();
    let index = block_files(&disk, ".index");
    let never = AtomicBool::new(false);
    let size = disk.open(&index[0], Access::Read).unwrap().size().unwrap();
    for from_end in 1..=size {
        flip(&disk, &index[0], from_end);
        for trace in [1, 2] {
            assert_eq!(conformance::trace(&store, trace_id(trace)), spans(trace));
        }
        let found = store.traces(&[trace_id(0)], None, &never).unwrap();
        let is_told = found.report.unread_spans == 5;
        let is_whole = found.into_only().is_some_and(|(batch, _)| batch.len() == 5);
        assert!(is_whole || is_told, "{from_end} from the end");
        flip(&disk, &index[0], from_end);
    }
    let damaged = store.status().damaged;
    assert_eq!(damaged.len(), 1);
}

#[test]
fn a_block_that_is_gone_at_the_start_is_missed_in_every_answer() {
    let (disk, store) = three_blocks();
    drop(store);
    disk.remove(&block_files(&disk, ".parquet")[1]).unwrap();
    let store = open(&disk);
    let (rows, report) = scan(&store);
    assert_eq!(
        (rows, report.unread_blocks, report.unread_spans),
        (10, 1, 5)
    );
    assert_eq!(conformance::trace(&store, trace_id(2)), spans(2));
    let damaged = store.status().damaged;
    assert!(damaged[0].reason.contains(".parquet"), "{damaged:?}");
    assert!(damaged[0].is_lasting);
    let operations = store
        .operations(&OperationQuery::all(TimeRange::ALL))
        .unwrap();
    assert_eq!(operations.entries[0].spans, 10);
    let keys = store.attribute_keys(TimeRange::ALL).unwrap();
    for report in [operations.report, keys.report] {
        assert_eq!((report.unread_blocks, report.unread_spans), (1, 5));
    }
}

#[test]
fn a_disk_that_refuses_once_is_no_damage() {
    let (disk, store) = three_blocks();
    let refuse = |times| {
        disk.fail(Fault {
            operation: Operation::Read,
            name: ".parquet",
            skip: 0,
            times,
            errno: EIO,
        });
    };
    refuse(1);
    assert_eq!(scan(&store).0, 15);
    assert!(store.status().damaged.is_empty());
    refuse(1_000);
    let (rows, report) = scan(&store);
    assert_eq!((rows, report.unread_blocks), (0, 3));
    assert!(store.status().damaged.iter().all(|block| !block.is_lasting));
    disk.heal();
    let (rows, report) = scan(&store);
    assert_eq!((rows, report.lacking()), (15, None));
    assert!(store.status().damaged.is_empty());
}

#[test]
fn a_block_that_could_not_be_opened_for_a_while_comes_back() {
    let (disk, store) = three_blocks();
    drop(store);
    disk.fail(Fault {
        operation: Operation::Read,
        name: ".index",
        skip: 0,
        times: 1_000,
        errno: EIO,
    });
    let store = open(&disk);
    assert_eq!(store.status().damaged.len(), 3);
    disk.heal();
    wait_until("they are open again", || store.status().blocks == 3);
    assert!(store.status().damaged.is_empty());
    for trace in 0..3 {
        assert_eq!(conformance::trace(&store, trace_id(trace)), spans(trace));
    }
}
