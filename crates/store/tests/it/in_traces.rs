//! A block knows of the traces that lie wholly in it whether they fulfil a condition
//! on the whole trace, merged or only sealed.

use crate::conformance::open;
use crate::frozen::block_spans;
use tracewell_model::TraceStore;
use tracewell_store::embedded::{Compaction, EmbeddedStore, StoreOptions};
use tracewell_testkit::conformance;

/// A store all of whose spans lie in blocks, as they were sealed.
fn sealed(directory: &tempfile::TempDir) -> EmbeddedStore {
    let options = StoreOptions {
        seal_bytes: 1,
        compaction: Compaction {
            // No two fit one block.
            max_spans: 1,
            ..Compaction::default()
        },
        ..StoreOptions::default()
    };
    let store = open(directory.path(), options);
    conformance::append_traces(&store);
    while block_spans(directory.path()) < store.status().spans {
        std::thread::yield_now();
    }
    store
}

#[test]
fn a_merged_block_shows_the_traces_that_are_asked_for_alone() {
    let directory = tempfile::tempdir().unwrap();
    drop(sealed(&directory));
    let store = open(directory.path(), StoreOptions::default());
    store.compact_now().unwrap();
    assert_eq!(store.status().blocks, 1);
    for asked in conformance::ask_for_traces(&store) {
        assert_eq!(asked.shown, asked.wanted, "{}", asked.text);
    }
}

#[test]
fn a_sealed_block_shows_little_more() {
    let directory = tempfile::tempdir().unwrap();
    let store = sealed(&directory);
    for asked in conformance::ask_for_traces(&store) {
        // Batches end within traces.
        let (shown, most) = (asked.shown.len(), asked.wanted.len() + 100);
        assert!(shown <= most, "{shown} of {most}: {}", asked.text);
    }
}
