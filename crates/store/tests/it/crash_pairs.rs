//! The process is killed, starts again, and then the power goes: what the
//! first process wrote and did not sync was shown to the second, which must
//! not build on it as if it were on the disk.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracewell_model::TraceStore;
use tracewell_model::clock::SystemClock;
use tracewell_store::embedded::{EmbeddedStore, StoreOptions};
use tracewell_store::files::faulty::{FaultyFiles, Survival};
use tracewell_store::wal::WalOptions;
use tracewell_testkit::spans::trace_id;
use tracewell_testkit::{TestSpan, conformance};

/// Real time is never this much; a condition that takes longer never comes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A block after every other batch, and segments that are used again soon.
fn eager() -> StoreOptions {
    StoreOptions {
        wal: WalOptions {
            segment_bytes: 4 << 10,
            ..WalOptions::default()
        },
        seal_bytes: 2_000,
        retry_after: Duration::from_millis(2),
        ..StoreOptions::default()
    }
}

fn open(disk: &FaultyFiles) -> Option<EmbeddedStore> {
    let files = Arc::new(disk.clone());
    match EmbeddedStore::open(
        files,
        Path::new("/new/data"),
        eager(),
        Arc::new(SystemClock),
    ) {
        Ok((store, report)) => {
            if !disk.is_off() {
                assert_eq!(report.wal.warnings, Vec::<String>::new());
            }
            Some(store)
        }
        Err(error) => {
            assert!(disk.is_off(), "a healthy disk is refused: {error}");
            None
        }
    }
}

fn spans(trace: u64) -> Vec<TestSpan> {
    let span = |id| TestSpan::new(trace, id, "cart", "add", 1_000_000 + id);
    (1..=5).map(span).collect()
}

/// Appends traces until one is refused or there are enough, and waits for a
/// block; answers the first trace that is not acknowledged.
fn append(store: &EmbeddedStore, disk: &FaultyFiles, traces: std::ops::Range<u64>) -> u64 {
    for trace in traces.clone() {
        if conformance::append(store, &spans(trace)).is_err() {
            return trace;
        }
    }
    let since = Instant::now();
    while store.status().blocks == 0 && !disk.is_off() {
        assert!(since.elapsed() < PATIENCE, "never sealed");
        std::thread::yield_now();
    }
    traces.end
}

#[test]
fn a_power_cut_soon_after_a_killed_process_loses_nothing_acknowledged() {
    for killed_at in 0.. {
        let first = FaultyFiles::new();
        first.cut_power_at(killed_at);
        let one = open(&first).map_or(0, |store| append(&store, &first, 0..8));
        let is_whole = !first.is_off();

        let second = first.after_power_cut(Survival::Everything);
        let store = open(&second).expect("healthy");
        let two = append(&store, &second, 100..108);
        second.cut_power_at(0);
        drop(store);

        let third = second.after_power_cut(Survival::SyncedOnly);
        let store = open(&third).expect("healthy");
        for trace in (0..one).chain(100..two) {
            let found = conformance::trace(&store, trace_id(trace));
            assert_eq!(found, spans(trace), "killed at {killed_at}, trace {trace}");
        }
        if is_whole {
            assert!(killed_at > 50, "only {killed_at} operations prove little");
            break;
        }
    }
}
