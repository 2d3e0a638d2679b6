//! Backups of a store that goes on working, on the disk in memory.

#![expect(
    clippy::unwrap_used,
    reason = "clippy exempts test functions, not what they call"
)]

use crate::embedded::{assert_traces, eager, spans, wait_until};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tracewell_model::TraceStore;
use tracewell_model::clock::SystemClock;
use tracewell_store::backup::{BackupError, BackupOptions, BackupReport, backup};
use tracewell_store::embedded::{EmbeddedStore, StoreOptions};
use tracewell_store::files::faulty::{Fault, FaultyFiles, Operation, Survival};
use tracewell_store::files::{Access, DirEntry, File, Files, Space};
use tracewell_store::manifest::{Manifest, ManifestError};
use tracewell_testkit::conformance;

const SOURCE: &str = "/data";

/// "Invalid cross-device link".
const EXDEV: i32 = 18;

fn open(files: &FaultyFiles, dir: &Path, options: StoreOptions) -> EmbeddedStore {
    let (files, clock) = (Arc::new(files.clone()), Arc::new(SystemClock));
    let (store, report) = EmbeddedStore::open(files, dir, options, clock).unwrap();
    assert_eq!(report.warnings, Vec::<String>::new());
    assert_eq!(report.wal.warnings, Vec::<String>::new());
    store
}

fn append(store: &EmbeddedStore, traces: std::ops::Range<u64>) {
    traces.for_each(|trace| conformance::append(store, &spans(trace)).unwrap());
}

fn back_up(files: &dyn Files, target: &str) -> Result<BackupReport, BackupError> {
    let options = BackupOptions::default();
    let (source, target) = (Path::new(SOURCE), Path::new(target));
    backup(files, source, target, options, &mut |_| {})
}

/// Opens the copy twice, as a restore and a later start would.
fn assert_restored(files: &FaultyFiles, target: &str, traces: std::ops::Range<u64>) {
    for _ in 0..2 {
        let restored = open(files, Path::new(target), StoreOptions::default());
        assert_traces(&restored, traces.clone());
    }
}

type Action = Box<dyn FnOnce() + Send>;

/// A disk that does something in the middle of a backup.
#[derive(Clone)]
struct Interrupted {
    files: FaultyFiles,
    /// Called once, before the first operation that `when` names.
    action: Arc<Mutex<Option<Action>>>,
    when: (Operation, PathBuf),
    /// Bytes of a log entry that the first reading finds unwritten.
    unwritten: Option<(u64, u64)>,
    was_read: Arc<AtomicBool>,
}

impl Interrupted {
    fn new(files: &FaultyFiles, when: (Operation, &str)) -> Self {
        Self {
            files: files.clone(),
            action: Arc::default(),
            when: (when.0, when.1.into()),
            unwritten: None,
            was_read: Arc::default(),
        }
    }

    fn doing(self, action: impl FnOnce() + Send + 'static) -> Self {
        *self.action.lock().unwrap() = Some(Box::new(action));
        self
    }

    fn meet(&self, operation: Operation, path: &Path) {
        if operation == self.when.0 && path.starts_with(&self.when.1) {
            let action = self.action.lock().unwrap().take();
            action.into_iter().for_each(|action| action());
        }
    }
}

impl std::fmt::Debug for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Interrupted").field(&self.when).finish()
    }
}

impl Files for Interrupted {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.files.create_dir(path)
    }
    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        self.meet(Operation::Create, path);
        self.files.create(path)
    }
    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn File>> {
        self.meet(Operation::Read, path);
        let file = self.files.open(path, access)?;
        match self.unwritten {
            Some(range) if path.starts_with(&self.when.1) => {
                let is_first = !self.was_read.swap(true, Ordering::Relaxed);
                Ok(Arc::new(HalfRead(file, is_first.then_some(range))))
            }
            _ => Ok(file),
        }
    }
    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>> {
        self.files.list(dir)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.files.rename(from, to)
    }
    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.meet(Operation::Link, from);
        self.files.hard_link(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.files.remove(path)
    }
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.files.sync_dir(dir)
    }
    fn space(&self, dir: &Path) -> io::Result<Space> {
        self.files.space(dir)
    }
}

/// A file of which some bytes are still zeros.
#[derive(Debug)]
struct HalfRead(Arc<dyn File>, Option<(u64, u64)>);

impl File for HalfRead {
    fn size(&self) -> io::Result<u64> {
        self.0.size()
    }
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let read = self.0.read_at(buffer, offset)?;
        if let Some((start, end)) = self.1 {
            for (at, byte) in (offset..).zip(&mut buffer[..read]) {
                if (start..end).contains(&at) {
                    *byte = 0;
                }
            }
        }
        Ok(read)
    }
    fn write_at(&self, _: &[u8], _: u64) -> io::Result<usize> {
        panic!("a backup writes to its source")
    }
    fn set_size(&self, _: u64) -> io::Result<()> {
        panic!("a backup writes to its source")
    }
    fn sync(&self) -> io::Result<()> {
        self.0.sync()
    }
    fn try_lock(&self) -> io::Result<bool> {
        panic!("a backup locks its source")
    }
}

#[test]
fn whatever_was_acknowledged_before_is_in_backups_of_a_store_at_work() {
    let files = FaultyFiles::new();
    let store = Arc::new(open(&files, Path::new(SOURCE), eager()));
    let acknowledged = Arc::new(AtomicU64::new(0));
    // So that the store stays small enough to be read whole after each backup.
    let allowed = Arc::new(AtomicU64::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let writer = std::thread::spawn({
        let (store, acknowledged, stop) = (store.clone(), acknowledged.clone(), stop.clone());
        let allowed = allowed.clone();
        move || {
            while !stop.load(Ordering::Relaxed) {
                let trace = acknowledged.load(Ordering::Relaxed);
                if trace >= allowed.load(Ordering::Relaxed) {
                    std::thread::yield_now();
                    continue;
                }
                // A store that cannot seal as fast as this pushes back.
                if conformance::append(&*store, &spans(trace)).is_ok() {
                    acknowledged.store(trace + 1, Ordering::Release);
                }
            }
        }
    });
    for round in 1..=10 {
        allowed.store(round * 40 + 40, Ordering::Relaxed);
        wait_until("spans arrive", || {
            acknowledged.load(Ordering::Acquire) >= round * 40
        });
        let before = acknowledged.load(Ordering::Acquire);
        let target = format!("/backup-{round}");
        let report = back_up(&files, &target).unwrap();
        assert_eq!((report.checked.damages, report.checked.torn_bytes), (0, 0));
        assert!(report.checked.block_spans + report.checked.log_spans >= before * 5);
        // It survives a power cut from the moment it is there.
        let survived = files.after_power_cut(Survival::SyncedOnly);
        assert_restored(&survived, &target, 0..before);
    }
    stop.store(true, Ordering::Relaxed);
    writer.join().unwrap();
    assert_traces(&*store, 0..acknowledged.load(Ordering::Acquire));
}

#[test]
fn a_block_that_is_removed_meanwhile_begins_another_round() {
    let files = FaultyFiles::new();
    let store = open(&files, Path::new(SOURCE), eager());
    for trace in 0..3 {
        append(&store, trace * 20..(trace + 1) * 20);
        wait_until("all is sealed", || store.status().blocks > trace);
    }
    drop(store);
    let mut manifest = Manifest::load(&files, Path::new(SOURCE)).unwrap();
    let gone = manifest.blocks.remove(1);
    let disk = files.clone();
    let interrupted =
        Interrupted::new(&files, (Operation::Link, "/data/blocks")).doing(move || {
            manifest.save(&disk, Path::new(SOURCE)).unwrap();
            for ending in ["parquet", "index"] {
                let name = format!("/data/blocks/{}.{ending}", gone.name);
                disk.remove(Path::new(&name)).unwrap();
            }
        });
    let report = back_up(&interrupted, "/backup").unwrap();
    assert_eq!((report.rounds, report.checked.damages), (2, 0));
    let is_same = |dir: &str| Manifest::load(&files, Path::new(dir)).unwrap();
    assert_eq!(is_same("/backup"), is_same(SOURCE));
    assert_eq!(report.checked.oddities, 0, "nothing of the block is left");
}

#[test]
fn a_block_sealed_while_the_log_is_copied_begins_another_round() {
    let files = FaultyFiles::new();
    let options = StoreOptions {
        seal_bytes: 50_000,
        ..eager()
    };
    let store = Arc::new(open(&files, Path::new(SOURCE), options));
    append(&store, 0..5);
    let (working, written) = (store.clone(), Arc::new(AtomicU64::new(5)));
    let count = written.clone();
    let interrupted =
        Interrupted::new(&files, (Operation::Create, "/backup/wal")).doing(move || {
            let blocks = working.status().blocks;
            while working.status().blocks == blocks {
                let trace = count.load(Ordering::Relaxed);
                append(&working, trace..trace + 1);
                count.store(trace + 1, Ordering::Relaxed);
            }
        });
    let report = back_up(&interrupted, "/backup").unwrap();
    assert!(report.rounds > 1, "{report:?}");
    assert_restored(&files, "/backup", 0..written.load(Ordering::Relaxed));
}

#[test]
fn an_entry_that_is_half_written_when_it_is_read_is_read_again() {
    let files = FaultyFiles::new();
    let store = open(&files, Path::new(SOURCE), StoreOptions::default());
    append(&store, 0..6);
    let mut interrupted = Interrupted::new(&files, (Operation::Read, "/data/wal"));
    // In the first entry: the others prove that it was complete.
    interrupted.unwritten = Some((100, 120));
    let report = back_up(&interrupted, "/backup").unwrap();
    assert_eq!((report.checked.damages, report.checked.torn_bytes), (0, 0));
    assert_restored(&files, "/backup", 0..6);
}

#[test]
fn an_entry_that_never_becomes_whole_ends_the_copy_without_a_warning() {
    let files = FaultyFiles::new();
    let store = open(&files, Path::new(SOURCE), StoreOptions::default());
    append(&store, 0..3);
    let torn = files.after_power_cut(Survival::Everything);
    append(&store, 3..4);
    let path = segment(&files);
    let (with, without) = (content(&files, &path), content(&torn, &path));
    let differs = |at: &usize| with[*at] != without[*at];
    let start = (0..with.len()).find(differs).unwrap();
    // The header of the fourth entry and nothing of its payload.
    let file = torn.open(&path, Access::Write).unwrap();
    file.write_at(&with[start..start + 40], start as u64)
        .unwrap();
    let report = back_up(&torn, "/backup").unwrap();
    assert_eq!((report.checked.damages, report.checked.torn_bytes), (0, 0));
    assert_eq!(report.checked.log_entries, 3);
    assert_restored(&torn, "/backup", 0..3);
}

/// The segment being written: the first of a new store.
fn segment(files: &FaultyFiles) -> PathBuf {
    let dir = Path::new("/data/wal");
    let names = files.list(dir).unwrap().into_iter().map(|entry| entry.name);
    dir.join(names.min().unwrap())
}

fn content(files: &FaultyFiles, path: &Path) -> Vec<u8> {
    let file = files.open(path, Access::Read).unwrap();
    let mut bytes = vec![0; file.size().unwrap() as usize];
    tracewell_store::files::read_exact_at(&*file, &mut bytes, 0).unwrap();
    bytes
}

#[test]
fn what_cannot_be_linked_is_copied() {
    let files = FaultyFiles::new();
    let store = open(&files, Path::new(SOURCE), eager());
    append(&store, 0..20);
    wait_until("a block is sealed", || store.status().blocks > 0);
    drop(store);
    files.fail(Fault {
        operation: Operation::Link,
        name: "",
        skip: 1,
        times: 1,
        errno: EXDEV,
    });
    let report = back_up(&files, "/backup").unwrap();
    assert_eq!(report.linked_files, 1);
    assert!(report.copied_files >= 1);
    assert_restored(&files, "/backup", 0..20);
}

#[test]
fn a_destination_in_use_is_refused_and_a_half_backup_is_no_store() {
    let files = FaultyFiles::new();
    append(&open(&files, Path::new(SOURCE), eager()), 0..20);
    let refused = back_up(&files, "/data/backup").unwrap_err();
    assert!(matches!(refused, BackupError::Inside { .. }), "{refused}");
    assert!(matches!(
        back_up(&files, "/").unwrap_err(),
        BackupError::NotEmpty { .. }
    ));
    let options = BackupOptions::default();
    let nothing = backup(
        &files,
        Path::new("/no"),
        Path::new("/b"),
        options,
        &mut |_| {},
    );
    assert!(matches!(nothing, Err(BackupError::NoStore { .. })));
    files.fail(Fault {
        operation: Operation::Rename,
        name: "MANIFEST",
        skip: 0,
        times: 1,
        errno: 5,
    });
    back_up(&files, "/backup").unwrap_err();
    let half = Manifest::load(&files, Path::new("/backup")).unwrap_err();
    assert!(matches!(half, ManifestError::Damaged { .. }), "{half}");
}
