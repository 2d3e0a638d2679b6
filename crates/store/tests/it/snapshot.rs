//! Snapshots of a store that goes on working: files that other programs read.

#![expect(
    clippy::unwrap_used,
    reason = "clippy exempts test functions, not what they call"
)]

use crate::embedded::{eager, spans, wait_until};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use tracewell_model::TraceStore;
use tracewell_model::clock::SystemClock;
use tracewell_store::block::read_span_file;
use tracewell_store::embedded::{EmbeddedStore, StoreOptions};
use tracewell_store::files::faulty::FaultyFiles;
use tracewell_store::snapshot::{Snapshot, take};
use tracewell_testkit::{conformance, flatten};

fn open(files: &FaultyFiles, options: StoreOptions) -> EmbeddedStore {
    let files = Arc::new(files.clone());
    let opened = EmbeddedStore::open(files, Path::new("/data"), options, Arc::new(SystemClock));
    opened.unwrap().0
}

/// The trace and span ids of all files, each as often as it is there.
fn ids(files: &FaultyFiles, snapshot: &Snapshot) -> Vec<String> {
    let mut ids = Vec::new();
    for path in &snapshot.files {
        let read = read_span_file(files, path, &mut |_, batch| {
            let spans = flatten(&batch);
            ids.extend(
                spans
                    .iter()
                    .map(|span| format!("{}/{}", span.trace_id, span.span_id)),
            );
            Ok::<(), ()>(())
        });
        read.unwrap().unwrap();
    }
    ids
}

#[test]
fn every_span_that_was_acknowledged_is_in_a_file_that_stays() {
    let files = FaultyFiles::new();
    let store = open(&files, eager());
    let add = |traces: std::ops::Range<u64>| {
        traces.for_each(|trace| conformance::append(&store, &spans(trace)).unwrap());
    };
    add(0..20);
    wait_until("two blocks", || store.status().blocks > 1);
    store.shut_down();
    drop(store);
    // One that seals nothing: what comes now stays in the log.
    let store = open(&files, StoreOptions::default());
    (20..30).for_each(|trace| conformance::append(&store, &spans(trace)).unwrap());
    let snapshot = take(&files, Path::new("/data"), Path::new("/snapshot")).unwrap();
    store.compact_now().unwrap();
    let found = ids(&files, &snapshot);
    let distinct: BTreeSet<&String> = found.iter().collect();
    let wanted: usize = (0..30).map(|trace| spans(trace).len()).sum();
    assert_eq!((found.len(), distinct.len()), (wanted, wanted));
    assert_eq!(snapshot.spans, wanted as u64);
    // What the first life had not sealed is there, too.
    let of_log: usize = (20..30).map(|trace| spans(trace).len()).sum();
    assert!(snapshot.log_spans >= of_log as u64, "{snapshot:?}");
    assert_eq!(snapshot.lost_spans, 0);
    store.shut_down();
}

#[test]
fn a_store_without_spans_has_a_snapshot_without_files() {
    let files = FaultyFiles::new();
    let store = open(&files, StoreOptions::default());
    let snapshot = take(&files, Path::new("/data"), Path::new("/snapshot")).unwrap();
    assert_eq!(snapshot, Snapshot::default());
    store.shut_down();
}
