//! `tracewell repair` takes back what belongs here, and only that: it never
//! costs what the log holds, undoes nobody's decision, and has nothing to say
//! the second time.

use crate::embedded::{assert_traces, wait_until};
use crate::lost_files::{
    DIR, append, assert_quiet, block_names, check, filled, lazy, names, open, path, read, small,
    unmerged, write,
};
use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tracewell_model::TraceStore;
use tracewell_model::clock::{ManualClock, SystemClock};
use tracewell_store::embedded::{EmbeddedStore, Retention, StoreOptions};
use tracewell_store::files::faulty::FaultyFiles;
use tracewell_store::repair::{RepairError, Repaired, repair, set_aside, take_back};

fn repaired(disk: &FaultyFiles) -> Repaired {
    repair(disk, Path::new(DIR), &SystemClock).expect("the disk is well")
}

/// An older list, and no log: blocks go aside that speak of segments which the
/// new log must not number again.
#[test]
fn spans_acknowledged_after_a_loss_of_list_and_log_survive_a_repair() {
    let disk = FaultyFiles::new();
    let (store, _) = open(&disk, small(unmerged()));
    append(&store, 0..20);
    wait_until("blocks are sealed", || store.status().blocks > 1);
    drop(store);
    let old = read(&disk, "MANIFEST");
    let (store, _) = open(&disk, small(unmerged()));
    append(&store, 20..200);
    drop(store);
    write(&disk, "MANIFEST", &old);
    disk.take_away(&path("wal")).unwrap();
    let (store, report) = open(&disk, lazy());
    assert!(!report.warnings.is_empty());
    append(&store, 300..340);
    drop(store);
    assert!(!repaired(&disk).changes.is_empty());
    let (store, _) = open(&disk, lazy());
    assert_traces(&store, 300..340);
}

/// Retention took every block, and with them what says how far the log is
/// needed: segments that were released long ago are not called lost for ever.
#[test]
fn a_log_of_which_nobody_knows_the_beginning_is_settled_by_a_repair() {
    let disk = FaultyFiles::new();
    let clock = Arc::new(ManualClock::new(1_800_000_000_000_000_000));
    let open_for_an_hour = |options: StoreOptions| {
        let options = StoreOptions {
            retention: Retention {
                age: Some(Duration::from_secs(3_600)),
                ..Retention::default()
            },
            ..small(options)
        };
        let files = Arc::new(disk.clone());
        let opened = EmbeddedStore::open(files, Path::new(DIR), options, clock.clone());
        opened.expect("it opens").0
    };
    let store = open_for_an_hour(unmerged());
    let oldest = "00000000000000000001.seg".to_owned();
    // What comes last stays in the log until more comes.
    let next = Cell::new(1_000);
    wait_until("the log is released", || {
        append(&store, next.get()..next.get() + 1);
        next.set(next.get() + 1);
        !names(&disk, "wal").contains(&oldest)
    });
    drop(store);
    let store = open_for_an_hour(lazy());
    clock.advance_ns(3_601_000_000_000);
    wait_until("retention takes all blocks", || store.status().blocks == 0);
    drop(store);
    let (store, _) = open(&disk, small(lazy()));
    append(&store, 200..203);
    drop(store);
    disk.take_away(&path("MANIFEST")).unwrap();
    let changes = repaired(&disk).changes;
    let is_told = |what: &str| changes.iter().any(|told| told.contains(what));
    assert!(is_told("the log begins with"), "{changes:?}");
    assert_eq!(repaired(&disk).changes, [""; 0]);
    let (store, report) = open(&disk, lazy());
    assert_eq!(report.wal.warnings, [""; 0]);
    assert_traces(&store, 200..203);
}

#[test]
fn a_second_repair_has_nothing_to_say() {
    let disk = FaultyFiles::new();
    let (store, _) = open(&disk, unmerged());
    append(&store, 0..20);
    wait_until("blocks are sealed", || store.status().blocks > 2);
    drop(store);
    let parts = disk.copy();
    let (store, _) = open(&disk, lazy());
    store.compact_now().expect("the disk is well");
    drop(store);
    // The parts come back, and nothing says that they went.
    for name in names(&parts, "blocks") {
        let name = format!("blocks/{name}");
        write(&disk, &name, &read(&parts, &name));
    }
    disk.take_away(&path("MANIFEST")).unwrap();
    let (store, report) = open(&disk, lazy());
    assert!(report.warnings.len() > 1, "{:?}", report.warnings);
    drop(store);
    assert_eq!(repaired(&disk).changes, [""; 0]);
    assert_eq!(repaired(&disk).changes, [""; 0]);
    assert_quiet(&disk, 0..20);
}

#[test]
fn a_block_that_was_set_aside_stays_there_until_it_is_asked_for() {
    let disk = filled();
    let block = block_names(&disk).remove(0).replace(".parquet", "");
    let before = check(&disk).block_spans;
    set_aside(&disk, Path::new(DIR), &block).unwrap();
    let after = check(&disk);
    assert!(after.block_spans < before && after.damages == 0);
    assert_eq!(repaired(&disk).changes, [""; 0]);
    disk.take_away(&path("MANIFEST")).unwrap();
    drop(open(&disk, lazy()));
    assert_eq!(repaired(&disk).changes, [""; 0]);
    assert_eq!(check(&disk).block_spans, after.block_spans);
    let asked = take_back(&disk, Path::new(DIR), &block, &SystemClock).unwrap();
    assert_eq!(asked.spans, before, "{asked:?}");
    assert_quiet(&disk, 0..60);
    assert!(matches!(
        take_back(&disk, Path::new(DIR), &block, &SystemClock),
        Err(RepairError::NotAside(..))
    ));
}

#[test]
fn a_block_in_quarantine_whose_index_is_lost_comes_back_once() {
    let disk = filled();
    let block = block_names(&disk).remove(0).replace(".parquet", "");
    let files = disk.copy();
    set_aside(&disk, Path::new(DIR), &block).unwrap();
    // As a start puts it aside: nobody asked for it.
    disk.take_away(&path("quarantine")).unwrap();
    write(
        &disk,
        &format!("blocks/{block}.parquet"),
        &read(&files, &format!("blocks/{block}.parquet")),
    );
    drop(open(&disk, lazy()));
    assert_eq!(names(&disk, "quarantine"), [block]);
    let changes = repaired(&disk).changes;
    assert!(!changes.is_empty());
    assert_quiet(&disk, 0..60);
    assert_eq!(repaired(&disk).changes, [""; 0]);
}

#[test]
fn a_block_whose_parquet_file_is_gone_keeps_no_other_from_repair() {
    let disk = filled();
    let block = block_names(&disk).remove(0);
    disk.take_away(&path(&format!("blocks/{block}"))).unwrap();
    let index = block_names(&disk).remove(0).replace("parquet", "index");
    disk.take_away(&path(&format!("blocks/{index}"))).unwrap();
    let blocks = block_names(&disk).len() as u64;
    assert_eq!(repaired(&disk).blocks, blocks);
    assert_eq!(repaired(&disk).changes, [""; 0]);
}

/// The list from before a merge names blocks that the merge removed.
#[test]
fn a_list_from_before_a_merge_costs_nothing() {
    let disk = FaultyFiles::new();
    let (store, _) = open(&disk, unmerged());
    append(&store, 0..20);
    wait_until("blocks are sealed", || store.status().blocks > 2);
    drop(store);
    let old = read(&disk, "MANIFEST");
    let (store, _) = open(&disk, lazy());
    store.compact_now().expect("the disk is well");
    drop(store);
    write(&disk, "MANIFEST", &old);
    let (_, report) = open(&disk, lazy());
    assert!(!report.warnings.is_empty());
    repaired(&disk);
    assert_quiet(&disk, 0..20);
}

/// An older list reads the log again, and takes a block for a leftover whose
/// entries are there; behind a gap in the log are blocks that come back.
#[test]
fn what_only_the_log_holds_is_there_after_a_repair() {
    let disk = FaultyFiles::new();
    let (store, _) = open(&disk, small(lazy()));
    append(&store, 0..20);
    drop(store);
    let old = read(&disk, "MANIFEST");
    let log = disk.copy();
    let (store, _) = open(&disk, small(unmerged()));
    append(&store, 20..100);
    wait_until("blocks are sealed", || store.status().blocks > 0);
    drop(store);
    write(&disk, "MANIFEST", &old);
    // The first segments are there, as if nothing had used them again.
    for name in names(&log, "wal") {
        let name = format!("wal/{name}");
        write(&disk, &name, &read(&log, &name));
    }
    drop(open(&disk, small(lazy())));
    repaired(&disk);
    let (store, _) = open(&disk, small(lazy()));
    assert_traces(&store, 0..100);
}

/// The list from before a repair names the block whose index was lost.
#[test]
fn a_block_that_was_written_again_survives_an_older_list() {
    let disk = FaultyFiles::new();
    let (store, _) = open(&disk, unmerged());
    append(&store, 0..20);
    wait_until("blocks are sealed", || store.status().blocks > 2);
    drop(store);
    let (store, _) = open(&disk, lazy());
    store.compact_now().expect("the disk is well");
    drop(store);
    let old = read(&disk, "MANIFEST");
    let merged = block_names(&disk).remove(0).replace("parquet", "index");
    disk.take_away(&path(&format!("blocks/{merged}"))).unwrap();
    repaired(&disk);
    write(&disk, "MANIFEST", &old);
    drop(open(&disk, lazy()));
    repaired(&disk);
    assert_quiet(&disk, 0..20);
}

/// Segments that were used again leave no trace in the log: that its newest
/// entries are there does not prove that a block may go.
#[test]
fn a_block_whose_part_of_the_log_was_used_again_is_kept_under_an_older_list() {
    let disk = FaultyFiles::new();
    let (store, _) = open(&disk, small(unmerged()));
    append(&store, 0..20);
    wait_until("blocks are sealed", || store.status().blocks > 1);
    drop(store);
    let old = read(&disk, "MANIFEST");
    for traces in [20..60, 60..100, 100..140] {
        let (store, _) = open(&disk, small(unmerged()));
        append(&store, traces);
        drop(store);
        let (store, _) = open(&disk, small(lazy()));
        append(&store, 200..201);
        drop(store);
        let copy = disk.copy();
        write(&copy, "MANIFEST", &old);
        drop(open(&copy, lazy()));
        repaired(&copy);
        let (store, _) = open(&copy, lazy());
        assert_traces(&store, 0..20);
        assert_traces(&store, 20..60);
    }
}
