//! Opening a data directory: whose it is, what is in it, what a crash left.
//!
//! Nothing is changed before it is certain that the directory is ours and of
//! a format we know.

use super::append::on_durable;
use super::compact::Compactor;
use super::{BLOCKS_DIR, EmbeddedStore, Inner, Live, StoreOptions, WAL_DIR, lock};
use crate::block::Block;
use crate::files::{FileError, Files, ensure_dir};
use crate::lock::{DirLock, LockError};
use crate::manifest::{self, Manifest, ManifestError};
use crate::wal::{self, RecoveryReport, Wal};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, RwLock};
use tracewell_model::SpanBatch;
use tracewell_model::clock::Clock;

/// Why a data directory cannot be opened. It is as it was.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it, or it cannot be written.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The list of blocks cannot be used.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The log cannot be used.
    #[error(transparent)]
    Wal(#[from] wal::OpenError),
    /// A file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// The system refuses a thread.
    #[error("cannot start the store's background thread: {0}")]
    Thread(std::io::Error),
}

/// What opening found, for the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenReport {
    /// What the write-ahead log gave back.
    pub wal: RecoveryReport,
    /// Blocks that were opened.
    pub blocks: usize,
    /// Files without an owner that were removed.
    pub removed_files: usize,
    /// What a person should read: blocks or entries that are lost or damaged.
    pub warnings: Vec<String>,
}

impl EmbeddedStore {
    /// Opens the store of `dir`, which is created if it is missing, and takes
    /// it for this process alone.
    ///
    /// # Errors
    /// See [`OpenError`]; each message names the file and what to do.
    pub fn open(
        files: Arc<dyn Files>,
        dir: &Path,
        options: StoreOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, OpenReport), OpenError> {
        // Read before the lock file is written: a directory of a newer version
        // stays untouched.
        Manifest::load(&*files, dir)?;
        let dir_lock = DirLock::acquire(&*files, dir)?;
        // The manifest found here may have got its name from a process that was
        // killed before it made the name durable. What its predecessor needs is
        // destroyed from here on.
        files
            .sync_dir(dir)
            .map_err(FileError::on("sync directory", dir))?;
        let manifest = Manifest::load(&*files, dir)?;
        let live = Arc::new(Live::default());
        let (wal, mut report) = open_log(&files, dir, &options, &manifest, &live)?;
        manifest::remove_unfinished(&*files, dir)?;
        let blocks = open_blocks(&files, dir, &manifest, &live, &mut report)?;
        report.blocks = blocks.len();
        *live
            .blocks
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = blocks;
        for warning in report.warnings.iter().chain(&report.wal.warnings) {
            tracing::error!("{warning}");
        }
        let inner = Arc::new(Inner {
            files,
            dir: dir.to_path_buf(),
            clock,
            options,
            wal: RwLock::new(Some(wal)),
            live,
            manifest: Mutex::new(manifest),
            perhaps_listed: Mutex::default(),
            compactor: Compactor::default(),
            is_space_short: AtomicBool::new(false),
            removed_spans: AtomicU64::new(0),
            incomplete_reads: AtomicU64::new(0),
            trouble: Mutex::new(None),
            _lock: dir_lock,
        });
        // Dropped on failure, which ends the threads that have started.
        let store = Self {
            inner,
            background: Mutex::default(),
        };
        store.start("store-background", Inner::run_background)?;
        store.start("store-compaction", Inner::run_compaction)?;
        Ok((store, report))
    }

    fn start(&self, name: &str, work: fn(&Inner)) -> Result<(), OpenError> {
        let inner = Arc::clone(&self.inner);
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || work(&inner))
            .map_err(OpenError::Thread)?;
        lock(&self.background).push(thread);
        Ok(())
    }
}

type Opened = (Wal<Arc<SpanBatch>>, OpenReport);

fn open_log(
    files: &Arc<dyn Files>,
    dir: &Path,
    options: &StoreOptions,
    manifest: &Manifest,
    live: &Arc<Live>,
) -> Result<Opened, OpenError> {
    let mut report = OpenReport::default();
    let warnings = &mut report.warnings;
    let replay = |position: wal::WalPosition, spans: u32, payload: &[u8]| {
        match SpanBatch::decode(payload) {
            Ok(batch) => live.batches.push(Arc::new(batch), position.after()),
            // The check sum was right, so this is a version we cannot read or
            // a bug; either way its spans are not shown and people must know.
            Err(error) => warnings.push(format!(
                "{spans} spans of the write-ahead log cannot be read (segment {}, offset {}): {error}",
                position.segment, position.offset
            )),
        }
    };
    let (wal, recovered) = Wal::open(
        Arc::clone(files),
        &dir.join(WAL_DIR),
        &options.wal,
        manifest.wal_from,
        replay,
        on_durable(Arc::clone(live), options.seal_bytes),
    )?;
    report.wal = recovered;
    Ok((wal, report))
}

/// Opens the blocks of the manifest and removes files that belong to none. A
/// block that cannot be opened is named and left alone: its files may be all
/// that is left of its spans.
fn open_blocks(
    files: &Arc<dyn Files>,
    dir: &Path,
    manifest: &Manifest,
    live: &Live,
    report: &mut OpenReport,
) -> Result<Vec<Arc<Block>>, OpenError> {
    let dir = dir.join(BLOCKS_DIR);
    ensure_dir(&**files, &dir)?;
    let found = manifest.block_files(&**files, &dir)?;
    for path in &found.orphans {
        files.remove(path).map_err(FileError::on("remove", path))?;
        report.removed_files += 1;
    }
    let mut blocks = Vec::with_capacity(manifest.blocks.len());
    for entry in &manifest.blocks {
        match Block::open(&**files, &dir, entry.clone()) {
            Ok(block) => blocks.push(Arc::new(block)),
            Err(error) => {
                report.warnings.push(format!(
                    "block {} with {} spans cannot be opened and is left out of every answer: {error}",
                    entry.name, entry.spans
                ));
                live.unopened.add(entry.clone(), &error);
            }
        }
    }
    Ok(blocks)
}
