//! Several stores of one process: the memory for live spans is one, a noisy one
//! leaves room for the others, and each sees its own spans alone.

use crate::embedded::{eager, wait_until};
use std::path::Path;
use std::sync::Arc;
use tracewell_model::clock::SystemClock;
use tracewell_model::{StoreError, TraceStore};
use tracewell_store::embedded::{EmbeddedStore, StoreOptions};
use tracewell_store::files::faulty::FaultyFiles;
use tracewell_store::memory::MemoryStore;
use tracewell_store::neighbours::Neighbours;
use tracewell_testkit::{TestSpan, conformance};

const LIVE_BYTES: u64 = 1 << 20;

fn spans(trace: u64) -> Vec<TestSpan> {
    let spans = 1..=200;
    spans
        .map(|span| TestSpan::new(trace, span, "cart", "add", 1_000_000 + span))
        .collect()
}

fn open(dir: &str, neighbours: &Neighbours, seal_bytes: u64) -> EmbeddedStore {
    let options = StoreOptions {
        live_bytes: LIVE_BYTES,
        seal_bytes,
        seal_age: std::time::Duration::from_secs(3_600),
        neighbours: neighbours.clone(),
        ..eager()
    };
    let (files, clock) = (Arc::new(FaultyFiles::new()), Arc::new(SystemClock));
    let opened = EmbeddedStore::open(files, Path::new(dir), options, clock);
    opened.expect("opens").0
}

/// Fills a store until it takes no more; what it has taken.
fn fill(store: &dyn TraceStore) -> u64 {
    (1..)
        .find(|trace| match conformance::append(store, &spans(*trace)) {
            Ok(()) => false,
            Err(StoreError::Busy(_)) => true,
            Err(other) => panic!("{other}"),
        })
        .expect("it is full at some time")
}

#[test]
fn a_noisy_one_leaves_half_of_the_memory_to_the_others() {
    let neighbours = Neighbours::default();
    // They would seal at far more than there is: only a neighbour's need makes
    // them.
    let noisy = open("/noisy", &neighbours, 1 << 30);
    let quiet = open("/quiet", &neighbours, 1 << 30);
    fill(&noisy);
    conformance::append(&quiet, &spans(1)).expect("there is room for others");
    assert_eq!(quiet.status().spans, 200);

    wait_until("the noisy one made room", || noisy.status().blocks > 0);
    wait_until("it takes spans again", || {
        conformance::append(&noisy, &spans(1_000_000)).is_ok()
    });
    assert_eq!(quiet.status().blocks, 0, "the quiet one had no reason to");
    assert_eq!(quiet.status().spans, 200);
}

#[test]
fn in_memory_each_keeps_its_part() {
    let neighbours = Neighbours::default();
    let store = || MemoryStore::new(LIVE_BYTES).beside(&neighbours);
    let (noisy, quiet) = (store(), store());
    conformance::append(&quiet, &spans(1)).expect("stored");
    for trace in 1..200 {
        conformance::append(&noisy, &spans(trace)).expect("stored");
    }
    let noisy = noisy.status();
    assert!(noisy.removed_spans > 0 && noisy.memory_bytes > LIVE_BYTES / 4);
    assert_eq!(quiet.status().removed_spans, 0);
    assert_eq!(quiet.status().spans, 200);
}
