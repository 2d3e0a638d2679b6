//! What must heal by itself, and what must be told when it cannot: retention on
//! a full disk, seals that fail, threads that are gone.

use crate::embedded::{assert_traces, eager, spans, wait_until};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tracewell_model::clock::{Clock, ManualClock};
use tracewell_model::{StoreError, TraceStore};
use tracewell_store::embedded::{Compaction, EmbeddedStore, FreeSpace, Retention, StoreOptions};
use tracewell_store::files::Files;
use tracewell_store::files::faulty::{EIO, Fault, FaultyFiles, Operation, Survival};
use tracewell_store::wal::WalOptions;
use tracewell_testkit::conformance;

const DIR: &str = "/data";
const HOUR: Duration = Duration::from_secs(3600);

fn open(disk: &FaultyFiles, clock: &Arc<ManualClock>, retention: Retention) -> EmbeddedStore {
    let options = StoreOptions {
        retention,
        // Nothing is merged: each seal is one block more.
        compaction: Compaction {
            max_spans: 1,
            ..eager().compaction
        },
        ..eager()
    };
    let files = Arc::new(disk.clone());
    let opened = EmbeddedStore::open(files, Path::new(DIR), options, clock.clone());
    opened.expect("it opens").0
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(1_800_000_000_000_000_000))
}

/// Stores each trace in a block of its own.
fn seal_each(store: &EmbeddedStore, traces: std::ops::Range<u64>) {
    for trace in traces {
        let before = store.status().blocks;
        conformance::append(store, &spans(trace)).expect("it is stored");
        wait_until("the spans are sealed", || store.status().blocks > before);
    }
}

/// Fills the disk to its last byte, so that no seal can succeed any more.
fn fill(disk: &FaultyFiles) {
    disk.set_capacity_bytes(Some(0));
}

#[test]
fn without_a_byte_free_expired_data_goes_and_what_could_not_be_sealed_is() {
    let (disk, clock) = (FaultyFiles::new(), clock());
    let retention = Retention {
        age: Some(HOUR),
        ..Retention::default()
    };
    let store = open(&disk, &clock, retention);
    seal_each(&store, 0..3);
    fill(&disk);
    conformance::append(&store, &spans(3)).unwrap();
    wait_until("the seal fails", || store.status().unhealthy.is_some());
    clock.advance_ns(3_601_000_000_000);
    wait_until("the expired blocks are gone", || store.status().blocks == 0);
    assert_traces(&store, 3..4);
    let after = disk.after_power_cut(Survival::SyncedOnly);
    let again = open(&after, &clock, Retention::default());
    assert_eq!(again.status().spans, 5, "what was removed stays removed");
    disk.set_capacity_bytes(Some(disk.used_bytes() + (1 << 20)));
    wait_until("it seals again", || store.status().blocks == 1);
    wait_until("it is well again", || store.status().unhealthy.is_none());
    assert_traces(&store, 3..4);
}

#[test]
fn when_somebody_else_fills_the_disk_the_oldest_makes_room() {
    let (disk, clock) = (FaultyFiles::new(), clock());
    disk.set_capacity_bytes(Some(4 << 20));
    let retention = Retention {
        free_space: FreeSpace::Bytes(64),
        ..Retention::default()
    };
    let store = open(&disk, &clock, retention);
    seal_each(&store, 0..4);
    // Their file takes all that is left.
    disk.set_capacity_bytes(Some(disk.used_bytes()));
    wait_until("a block is removed", || store.status().removed_spans == 5);
    assert_traces(&store, 1..4);
}

#[test]
fn appends_do_not_hurry_a_seal_that_has_failed() {
    let disk = FaultyFiles::new();
    let options = StoreOptions {
        retry_after: HOUR,
        ..eager()
    };
    let files = Arc::new(disk.clone());
    let (store, _) = EmbeddedStore::open(files, Path::new(DIR), options, clock()).unwrap();
    disk.fail(Fault {
        operation: Operation::Create,
        name: ".parquet",
        skip: 0,
        times: u64::MAX,
        errno: EIO,
    });
    conformance::append(&store, &spans(0)).unwrap();
    wait_until("the seal fails", || store.status().unhealthy.is_some());
    for trace in 1..100 {
        conformance::append(&store, &spans(trace)).unwrap();
    }
    assert_eq!(disk.failures(), 1);
    assert_traces(&store, 0..100);
}

/// A clock that breaks down when it is told to.
#[derive(Debug)]
struct BreakingClock {
    clock: Arc<ManualClock>,
    is_broken: AtomicBool,
}

impl Clock for BreakingClock {
    fn now_ns(&self) -> u64 {
        assert!(
            !self.is_broken.load(Ordering::SeqCst),
            "the clock is broken"
        );
        self.clock.now_ns()
    }
}

#[test]
fn a_panic_in_the_background_is_told_by_health_and_to_senders() {
    let breaking = Arc::new(BreakingClock {
        clock: clock(),
        is_broken: AtomicBool::new(false),
    });
    let options = StoreOptions {
        live_bytes: 100_000,
        ..eager()
    };
    let files = Arc::new(FaultyFiles::new());
    let (store, _) = EmbeddedStore::open(files, Path::new(DIR), options, breaking.clone()).unwrap();
    breaking.is_broken.store(true, Ordering::SeqCst);
    wait_until("health tells", || store.status().unhealthy.is_some());
    let told = store.status().unhealthy.unwrap();
    assert!(told.contains("the clock is broken"), "{told}");
    let refusal = (0..1_000).find_map(|trace| conformance::append(&store, &spans(trace)).err());
    let refusal = refusal.expect("memory has a limit");
    assert_eq!(refusal, StoreError::Unavailable(told));
}

#[test]
fn a_clock_thirty_days_ahead_at_a_start_removes_nothing_for_an_hour() {
    let (disk, clock) = (FaultyFiles::new(), clock());
    let retention = Retention {
        age: Some(24 * HOUR),
        ..Retention::default()
    };
    let store = open(&disk, &clock, retention);
    seal_each(&store, 0..3);
    drop(store);
    clock.set_ns(clock.now_ns() + 30 * 24 * 3_600_000_000_000);
    let store = open(&disk, &clock, retention);
    wait_until("it says why it waits", || {
        !store.status().attention.is_empty()
    });
    let waits = store.status().attention.concat();
    assert!(waits.contains("720 hours ahead"), "{waits}");
    assert_eq!(store.status().unhealthy, None);
    clock.advance_ns(3_599_000_000_000);
    seal_each(&store, 3..4);
    assert_traces(&store, 0..4);
    clock.advance_ns(1_000_000_000);
    wait_until("the old blocks are gone", || {
        store.status().removed_spans == 15
    });
    assert_traces(&store, 3..4);
    assert_eq!(store.status().attention, Vec::<String>::new());
}

const LIMIT: u64 = 1 << 20;

/// A store in at most [`LIMIT`] bytes.
fn open_limited(disk: &FaultyFiles) -> EmbeddedStore {
    let options = StoreOptions {
        retention: Retention {
            bytes: Some(LIMIT),
            ..Retention::default()
        },
        seal_bytes: 40_000,
        // Alone as large as the limit, if nobody minds.
        wal: WalOptions {
            segment_bytes: 1 << 20,
            ..WalOptions::default()
        },
        ..eager()
    };
    let files = Arc::new(disk.clone());
    let opened = EmbeddedStore::open(files, Path::new(DIR), options, clock());
    opened.expect("it opens").0
}

#[test]
fn the_directory_stays_below_its_limit_and_keeps_the_newest() {
    let disk = FaultyFiles::new();
    let store = open_limited(&disk);
    let mut traces = 0;
    while store.status().removed_spans < 500 {
        conformance::append(&store, &spans(traces)).unwrap();
        traces += 1;
        assert!(disk.used_bytes() <= LIMIT, "{} bytes", disk.used_bytes());
        assert!(store.status().bytes <= LIMIT);
    }
    assert!(store.status().blocks > 0, "the newest block stays");
    assert_traces(&store, traces - 20..traces);
}

#[test]
fn what_lies_in_quarantine_counts_and_costs_the_blocks_half_of_the_limit_at_most() {
    for (aside_bytes, is_told) in [(LIMIT / 4, false), (2 * LIMIT, true)] {
        let disk = FaultyFiles::new();
        let store = open_limited(&disk);
        let place = Path::new(DIR).join("quarantine");
        disk.create_dir(&place).unwrap();
        let place = place.join("0000000099");
        disk.create_dir(&place).unwrap();
        let file = disk.create(&place.join("0000000099.parquet")).unwrap();
        file.set_size(aside_bytes).unwrap();
        let mut traces = 0;
        while store.status().removed_spans < 500 {
            conformance::append(&store, &spans(traces)).unwrap();
            traces += 1;
            let most = LIMIT.max(LIMIT / 2 + aside_bytes);
            assert!(disk.used_bytes() <= most, "{} bytes", disk.used_bytes());
            assert_eq!(store.status().bytes > LIMIT, is_told);
        }
        let blocks_bytes = store.status().bytes - aside_bytes;
        assert!(blocks_bytes >= LIMIT / 8, "{blocks_bytes} bytes are left");
        let told = store.status().attention.concat();
        assert_eq!(told.contains("quarantine takes"), is_told, "{told}");
    }
}
