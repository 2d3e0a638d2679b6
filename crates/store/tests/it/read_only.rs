//! Looking into a directory: what is there is shown, and not one byte moves.

#![expect(
    clippy::unwrap_used,
    reason = "clippy exempts test functions, not what they call"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tracewell_model::clock::SystemClock;
use tracewell_model::{StoreError, TraceStore};
use tracewell_store::embedded::{EmbeddedStore, OpenError, OpenReport, StoreOptions};
use tracewell_store::files::faulty::FaultyFiles;
use tracewell_store::files::{Access, Files, read_exact_at};
use tracewell_store::lock::LockError;
use tracewell_testkit::spans::trace_id;
use tracewell_testkit::{TestSpan, conformance};

const DIR: &str = "/data";

type Opened = Result<(EmbeddedStore, OpenReport), OpenError>;

fn open(disk: &FaultyFiles) -> EmbeddedStore {
    // Each append becomes a block as soon as the background thread sees it.
    let options = StoreOptions {
        seal_bytes: 1,
        ..StoreOptions::default()
    };
    let (files, clock) = (Arc::new(disk.clone()), Arc::new(SystemClock));
    let opened = EmbeddedStore::open(files, Path::new(DIR), options, clock);
    opened.expect("it opens").0
}

fn look(disk: &FaultyFiles) -> Opened {
    let (files, clock) = (Arc::new(disk.clone()), Arc::new(SystemClock));
    EmbeddedStore::open_read_only(files, Path::new(DIR), StoreOptions::default(), clock)
}

fn spans(trace: u64) -> Vec<TestSpan> {
    let span = |id| TestSpan::new(trace, id, "cart", "add", 1_000_000 + id);
    (1..=5).map(span).collect()
}

/// Traces 0 to 9 in blocks, 10 to 12 in the log, and the process is gone.
fn left_by_a_killed_process(disk: &FaultyFiles) {
    let store = open(disk);
    for trace in 0..10 {
        conformance::append(&store, &spans(trace)).unwrap();
    }
    while store.status().blocks == 0 || store.status().compaction.running.is_some() {
        std::thread::yield_now();
    }
    drop(store);
    let options = StoreOptions::default();
    let (files, clock) = (Arc::new(disk.clone()), Arc::new(SystemClock));
    let (store, _) = EmbeddedStore::open(files, Path::new(DIR), options, clock).unwrap();
    for trace in 10..13 {
        conformance::append(&store, &spans(trace)).unwrap();
    }
    drop(store);
}

/// Every file with its bytes.
fn image(disk: &FaultyFiles, dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in disk.list(dir).unwrap() {
        let path = dir.join(&entry.name);
        if entry.is_dir {
            found.extend(image(disk, &path));
            continue;
        }
        let mut bytes = vec![0; entry.bytes as usize];
        let file = disk.open(&path, Access::Read).unwrap();
        read_exact_at(&*file, &mut bytes, 0).unwrap();
        found.insert(path, bytes);
    }
    found
}

fn assert_shown(store: &EmbeddedStore, traces: std::ops::Range<u64>) {
    for trace in traces {
        assert_eq!(conformance::trace(store, trace_id(trace)), spans(trace));
    }
}

#[test]
fn blocks_and_log_are_shown_and_nothing_on_the_disk_changes() {
    let disk = FaultyFiles::new();
    left_by_a_killed_process(&disk);
    let before = image(&disk, Path::new(DIR));
    let (store, report) = look(&disk).unwrap();
    assert_eq!(report.warnings, Vec::<String>::new());
    assert_shown(&store, 0..13);
    let status = store.status();
    assert!(status.is_read_only && status.unhealthy.is_none());
    assert_eq!((status.spans, status.degraded()), (13 * 5, None));

    let refusal = conformance::append(&store, &spans(99)).unwrap_err();
    assert!(matches!(refusal, StoreError::Unavailable(_)), "{refusal}");
    assert!(refusal.to_string().contains("read only"), "{refusal}");
    store.shut_down();
    drop(store);
    assert_eq!(image(&disk, Path::new(DIR)), before);
    assert_shown(&open(&disk), 0..13);
}

#[test]
fn a_lost_list_and_a_lost_index_are_told_and_nothing_is_put_right() {
    let disk = FaultyFiles::new();
    left_by_a_killed_process(&disk);
    disk.remove(&Path::new(DIR).join("MANIFEST")).unwrap();
    let before = image(&disk, Path::new(DIR));
    let (store, report) = look(&disk).unwrap();
    assert!(report.warnings[0].contains("MANIFEST is missing"));
    assert_shown(&store, 0..13);
    drop(store);
    assert_eq!(image(&disk, Path::new(DIR)), before);

    let is_index = |path: &&PathBuf| path.extension().is_some_and(|e| e == "index");
    disk.remove(before.keys().find(is_index).unwrap()).unwrap();
    let before = image(&disk, Path::new(DIR));
    let (store, _) = look(&disk).unwrap();
    let told = store.status().degraded().expect("a person is told");
    assert!(told.contains(".index"), "{told}");
    drop(store);
    assert_eq!(image(&disk, Path::new(DIR)), before);
}

#[test]
fn a_directory_in_use_and_one_without_a_store_are_refused() {
    let disk = FaultyFiles::new();
    let message = look(&disk).unwrap_err().to_string();
    assert!(message.contains("/data is no data directory"), "{message}");
    assert!(disk.list(Path::new(DIR)).is_err(), "nothing was created");

    let store = open(&disk);
    let held = look(&disk).unwrap_err();
    assert!(matches!(held, OpenError::Lock(LockError::Held { .. })));
    drop(store);

    let (store, _) = look(&disk).unwrap();
    assert!(
        look(&disk).is_err(),
        "one process at a time, also of readers"
    );
    drop(store);
    open(&disk);
}
