//! The embedded store over restarts, crashes and faults of the disk.

use crate::conformance::open;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracewell_model::clock::{ManualClock, SystemClock};
use tracewell_model::{StoreError, TraceStore};
use tracewell_store::embedded::{EmbeddedStore, OpenError, Retention, StoreOptions};
use tracewell_store::files::DiskFiles;
use tracewell_store::files::faulty::{EIO, ENOSPC, Fault, FaultyFiles, Operation, Survival};
use tracewell_store::wal::WalOptions;
use tracewell_testkit::random::Random;
use tracewell_testkit::spans::trace_id;
use tracewell_testkit::{TestSpan, conformance};

/// Real time is never this much; a condition that takes longer never comes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A block after every batch or two.
pub(crate) fn eager() -> StoreOptions {
    StoreOptions {
        wal: WalOptions {
            segment_bytes: 64 << 10,
            ..WalOptions::default()
        },
        seal_bytes: 1_000,
        retry_after: Duration::from_millis(5),
        ..StoreOptions::default()
    }
}

pub(crate) fn spans(trace: u64) -> Vec<TestSpan> {
    (1..=5)
        .map(|span| TestSpan::new(trace, span, "cart", "add", 1_000_000 + span))
        .collect()
}

pub(crate) fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < PATIENCE, "never: {what}");
        std::thread::yield_now();
    }
}

pub(crate) fn assert_traces(store: &dyn TraceStore, traces: std::ops::Range<u64>) {
    for trace in traces {
        assert_eq!(
            conformance::trace(store, trace_id(trace)),
            spans(trace),
            "trace {trace}"
        );
    }
}

#[test]
fn what_was_stored_is_there_after_a_restart_from_log_and_blocks() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), eager());
    (0..50).for_each(|trace| conformance::append(&store, &spans(trace)).unwrap());
    wait_until("blocks are sealed", || store.status().blocks > 0);
    drop(store);
    let store = open(directory.path(), eager());
    assert_traces(&store, 0..50);
    assert_eq!(store.status().spans, 250);
    assert!(store.status().blocks > 0);
}

#[test]
fn a_second_opening_is_refused_and_names_the_directory() {
    let directory = tempfile::tempdir().unwrap();
    let _store = open(directory.path(), eager());
    let (files, clock) = (Arc::new(DiskFiles), Arc::new(SystemClock));
    let second = EmbeddedStore::open(files, directory.path(), eager(), clock);
    let Err(OpenError::Lock(error)) = second else {
        panic!("opened twice")
    };
    let message = error.to_string();
    assert!(
        message.contains(&directory.path().display().to_string()),
        "{message}"
    );
}

#[test]
fn a_span_too_large_for_the_log_is_refused_for_good_and_the_next_is_taken() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), eager());
    let mut random = Random::new(1);
    let noise: String = (0..10_000)
        .map(|_| format!("{:016x}", random.number()))
        .collect();
    let large = TestSpan::new(1, 1, "cart", "add", 1_000).with_text("noise", &noise);
    let Err(StoreError::Refused(reason)) = conformance::append(&store, &[large]) else {
        panic!("it was not refused for good")
    };
    assert!(reason.starts_with("one span"), "{reason}");
    assert!(reason.contains("the limit is 65464"), "{reason}");
    conformance::append(&store, &spans(2)).unwrap();
    assert_traces(&store, 2..3);
}

#[test]
fn retention_removes_the_oldest_and_counts_it() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(1_000_000_000_000));
    let age = Duration::from_secs(3600);
    let retention = Retention {
        age: Some(age),
        ..Retention::default()
    };
    let options = StoreOptions {
        retention,
        ..eager()
    };
    let (store, _) = EmbeddedStore::open(
        Arc::new(DiskFiles),
        directory.path(),
        options,
        clock.clone(),
    )
    .unwrap();
    conformance::append(&store, &spans(1)).unwrap();
    wait_until("the spans are sealed", || store.status().blocks == 1);
    clock.advance_ns(3_599_000_000_000);
    conformance::append(&store, &spans(2)).unwrap();
    wait_until("the spans are sealed", || store.status().blocks == 2);
    assert_traces(&store, 1..3);
    clock.advance_ns(2_000_000_000);
    wait_until("the old block is removed", || store.status().blocks == 1);
    assert_traces(&store, 2..3);
    assert_eq!(store.status().removed_spans, 5);
    let blocks = directory.path().join("blocks");
    wait_until("its files are gone", || {
        std::fs::read_dir(&blocks).unwrap().count() == 2
    });
}

#[test]
fn a_disk_that_fills_up_refuses_and_recovers_without_loss() {
    let disk = FaultyFiles::new();
    let dir = Path::new("/data");
    let open = |disk: &FaultyFiles| {
        let (files, clock) = (Arc::new(disk.clone()), Arc::new(SystemClock));
        EmbeddedStore::open(files, dir, eager(), clock).unwrap().0
    };
    let store = open(&disk);
    disk.set_capacity_bytes(Some(400 << 10));
    let mut stored = 0;
    let refusal = loop {
        match conformance::append(&store, &spans(stored)) {
            Ok(()) => stored += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refusal, StoreError::Unavailable(_)), "{refusal:?}");
    assert!(store.status().unhealthy.is_some());
    assert_traces(&store, 0..stored);
    disk.set_capacity_bytes(None);
    wait_until("it takes spans again", || {
        conformance::append(&store, &spans(stored)).is_ok()
    });
    drop(store);
    assert_traces(&open(&disk), 0..stored + 1);
}

#[test]
fn a_failed_sync_stops_it_for_good_and_says_why() {
    let disk = FaultyFiles::new();
    let (files, clock) = (Arc::new(disk.clone()), Arc::new(SystemClock));
    let (store, _) =
        EmbeddedStore::open(files, Path::new("/data"), StoreOptions::default(), clock).unwrap();
    conformance::append(&store, &spans(1)).unwrap();
    disk.fail(Fault {
        operation: Operation::Sync,
        name: ".seg",
        skip: 0,
        times: 1,
        errno: EIO,
    });
    let refusal = conformance::append(&store, &spans(2)).unwrap_err();
    assert!(refusal.to_string().contains("restart"), "{refusal}");
    assert_eq!(conformance::append(&store, &spans(3)), Err(refusal));
    assert!(store.status().unhealthy.is_some());
    assert_traces(&store, 1..2);
}

#[test]
fn a_block_that_cannot_be_written_stays_live_and_is_sealed_later() {
    for operation in [
        Operation::Create,
        Operation::Write,
        Operation::Sync,
        Operation::Rename,
    ] {
        let disk = FaultyFiles::new();
        let (files, clock) = (Arc::new(disk.clone()), Arc::new(SystemClock));
        let (store, _) = EmbeddedStore::open(files, Path::new("/data"), eager(), clock).unwrap();
        disk.fail(Fault {
            operation,
            name: ".parquet",
            skip: 0,
            times: 3,
            errno: ENOSPC,
        });
        conformance::append(&store, &spans(1)).unwrap();
        wait_until("the trouble is known", || {
            store.status().unhealthy.is_some()
        });
        assert_traces(&store, 1..2);
        wait_until("the block is sealed", || store.status().blocks == 1);
        wait_until("the trouble is over", || store.status().unhealthy.is_none());
        assert_traces(&store, 1..2);
    }
}

/// The power goes at every operation in turn; what was acknowledged is there.
#[test]
fn after_a_power_cut_at_any_moment_acknowledged_spans_are_there_once() {
    let mut cut_at = 0;
    loop {
        let disk = FaultyFiles::new();
        let dir = Path::new("/data");
        disk.cut_power_at(cut_at);
        let mut acknowledged = 0;
        let files = Arc::new(disk.clone());
        if let Ok((store, _)) = EmbeddedStore::open(files, dir, eager(), Arc::new(SystemClock)) {
            while acknowledged < 12 && conformance::append(&store, &spans(acknowledged)).is_ok() {
                acknowledged += 1;
            }
            if acknowledged == 12 && !disk.is_off() {
                wait_until("a seal", || store.status().blocks > 0 || disk.is_off());
            }
        }
        let is_whole = !disk.is_off();
        for survival in [Survival::SyncedOnly, Survival::Torn { seed: cut_at }] {
            let after = Arc::new(disk.after_power_cut(survival));
            let (store, _) = EmbeddedStore::open(after, dir, eager(), Arc::new(SystemClock))
                .unwrap_or_else(|error| panic!("cut at {cut_at}: {error}"));
            for trace in 0..acknowledged {
                let found = conformance::trace(&store, trace_id(trace));
                assert_eq!(found, spans(trace), "cut at {cut_at}, trace {trace}");
            }
        }
        if is_whole {
            assert!(cut_at > 50, "only {cut_at} operations: that proves little");
            break;
        }
        cut_at += 1;
    }
}
