//! A disk that is full, or that refuses what a seal needs: what is there can be
//! read, and the attempts to go on do not make it worse.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracewell_model::clock::SystemClock;
use tracewell_model::{StoreError, TraceStore};
use tracewell_store::embedded::{EmbeddedStore, StoreOptions};
use tracewell_store::files::Files;
use tracewell_store::files::faulty::{EIO, ENOSPC, Fault, FaultyFiles, Operation};
use tracewell_store::wal::WalOptions;
use tracewell_testkit::spans::trace_id;
use tracewell_testkit::{TestSpan, conformance};

/// Real time is never this much; a condition that takes longer never comes.
const PATIENCE: Duration = Duration::from_secs(60);

const DIR: &str = "/data";

fn open(disk: &FaultyFiles) -> EmbeddedStore {
    open_patient(disk, Duration::from_millis(1))
}

fn open_patient(disk: &FaultyFiles, retry_after: Duration) -> EmbeddedStore {
    let options = StoreOptions {
        wal: WalOptions {
            segment_bytes: 16 << 10,
            ..WalOptions::default()
        },
        seal_bytes: 1_000,
        retry_after,
        ..StoreOptions::default()
    };
    let (files, clock) = (Arc::new(disk.clone()), Arc::new(SystemClock));
    let opened = EmbeddedStore::open(files, Path::new(DIR), options, clock);
    opened.expect("it opens").0
}

fn spans(trace: u64) -> Vec<TestSpan> {
    let span = |id| TestSpan::new(trace, id, "cart", "add", 1_000_000 + id);
    (1..=5).map(span).collect()
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < PATIENCE, "never: {what}");
        std::thread::yield_now();
    }
}

#[test]
fn a_store_on_a_full_disk_opens_and_shows_what_it_has() {
    let disk = FaultyFiles::new();
    let store = open(&disk);
    (0..20).for_each(|trace| conformance::append(&store, &spans(trace)).unwrap());
    drop(store);
    disk.set_capacity_bytes(Some(0));
    let store = open(&disk);
    for trace in 0..20 {
        assert_eq!(conformance::trace(&store, trace_id(trace)), spans(trace));
    }
    // What the log has in reserve is used up first.
    let refusal = (20..).find_map(|trace| conformance::append(&store, &spans(trace)).err());
    let refusal = refusal.expect("a full disk refuses");
    assert!(matches!(refusal, StoreError::Unavailable(_)), "{refusal}");
    assert!(refusal.to_string().contains("disk is full"), "{refusal}");
}

#[test]
fn room_that_somebody_makes_ends_the_wait_for_the_next_attempt() {
    let disk = FaultyFiles::new();
    let store = open_patient(&disk, Duration::from_secs(3_600));
    conformance::append(&store, &spans(0)).unwrap();
    wait_until("a first block", || store.status().blocks == 1);
    disk.set_capacity_bytes(Some(0));
    conformance::append(&store, &spans(1)).unwrap();
    wait_until("the seal fails", || store.status().unhealthy.is_some());
    disk.set_capacity_bytes(Some(64 << 20));
    wait_until("the block is sealed", || store.status().blocks == 2);
    wait_until("it is healthy", || store.status().unhealthy.is_none());
}

#[test]
fn a_seal_that_fails_again_and_again_takes_no_space() {
    for (operation, name, errno) in [
        (Operation::Write, ".parquet", ENOSPC),
        (Operation::Sync, ".parquet", EIO),
        (Operation::Write, ".index", ENOSPC),
        (Operation::Rename, ".index", EIO),
        (Operation::SyncDir, "blocks", EIO),
        (Operation::Create, "MANIFEST", EIO),
        (Operation::Write, "MANIFEST", ENOSPC),
        (Operation::Rename, "MANIFEST", EIO),
    ] {
        let disk = FaultyFiles::new();
        let store = open(&disk);
        disk.fail(Fault {
            operation,
            name,
            skip: 0,
            times: u64::MAX,
            errno,
        });
        conformance::append(&store, &spans(1)).unwrap();
        wait_until("ten attempts", || disk.failures() >= 10);
        let files = disk.list(&Path::new(DIR).join("blocks")).unwrap();
        assert!(
            files.len() <= 4,
            "{operation:?} of {name} fails: the last attempts left {files:?}"
        );
        disk.heal();
        wait_until("the block is sealed", || store.status().blocks == 1);
        assert_eq!(conformance::trace(&store, trace_id(1)), spans(1));
    }
}
