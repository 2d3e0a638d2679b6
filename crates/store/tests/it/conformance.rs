//! Every implementation of `TraceStore` here passes the suite.

use std::path::Path;
use std::sync::{Arc, Mutex};
use tracewell_model::TraceStore;
use tracewell_model::clock::SystemClock;
use tracewell_store::embedded::{EmbeddedStore, StoreOptions};
use tracewell_store::files::DiskFiles;
use tracewell_store::memory::MemoryStore;
use tracewell_testkit::{TestSpan, conformance};

pub(crate) fn open(dir: &Path, options: StoreOptions) -> EmbeddedStore {
    let (files, clock) = (Arc::new(DiskFiles), Arc::new(SystemClock));
    let (store, report) =
        EmbeddedStore::open(files, dir, options, clock).expect("the directory can be opened");
    assert_eq!(report.warnings, Vec::<String>::new());
    assert_eq!(report.wal.warnings, Vec::<String>::new());
    store
}

#[test]
fn memory_store_conforms() {
    conformance::run(&|| Arc::new(MemoryStore::new(64 << 20)));
}

#[test]
fn embedded_store_conforms_with_spans_in_the_log() {
    conform(&StoreOptions::default());
}

#[test]
fn embedded_store_conforms_while_it_seals() {
    // A block every few batches, so that checks read while spans move.
    conform(&StoreOptions {
        seal_bytes: 20_000,
        ..StoreOptions::default()
    });
}

fn conform(options: &StoreOptions) {
    // Directories outlive the stores in them.
    let directories = Mutex::new(Vec::new());
    conformance::run(&|| {
        let directory = tempfile::tempdir().expect("a directory");
        let store: Arc<dyn TraceStore> = Arc::new(open(directory.path(), options.clone()));
        directories.lock().expect("no panic").push(directory);
        store
    });
}

#[test]
fn memory_store_forgets_the_oldest_within_its_budget() {
    let store = MemoryStore::new(100_000);
    for trace in 0..2_000 {
        let span = TestSpan::new(trace, 1, "cart", "add", 1_000 + trace);
        conformance::append(&store, &[span]).expect("memory never refuses");
    }
    let status = store.status();
    assert!(status.bytes < 150_000, "{status:?}");
    assert_eq!(
        status.spans + status.removed_spans,
        2_000,
        "every span is accounted for"
    );
    let newest = tracewell_testkit::spans::trace_id(1_999);
    assert_eq!(conformance::trace(&store, newest).len(), 1);
}
