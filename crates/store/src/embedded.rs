//! The embedded store: log, live batches and blocks as one [`TraceStore`].
//!
//! ```text
//! append ─ encode ─► log ─ durable ─► live batches ──► ack
//!                                         │ seal (embedded/seal.rs)
//!                                         ▼
//!                          block files ─► manifest ─► log released
//! ```
//!
//! A batch is acknowledged only when the log has it and every reader can see
//! it. One background thread seals, joins small live batches and applies
//! retention; another merges sealed blocks (embedded/compact.rs). Both change
//! the list of blocks only under the manifest's lock. Readers take a snapshot
//! of live batches and blocks together, so that a span that moves from one to
//! the other is seen exactly once.

mod age;
mod append;
mod background;
mod compact;
mod damage;
mod open;
mod opened;
mod options;
mod read;
mod read_only;
mod reindex;
mod retention;
mod scan;
mod seal;
mod tidy;

use crate::block::Block;
use crate::files::Files;
use crate::live::{LiveBatches, Snapshot};
use crate::lock::DirLock;
use crate::manifest::{Manifest, Removed};
use crate::neighbours::Neighbours;
use crate::wal::Wal;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;
use tracewell_model::SpanBatch;
use tracewell_model::clock::Clock;

pub use crate::compaction::pace::Pace;
pub use opened::{OpenError, OpenReport};
pub use options::{Compaction, FreeSpace, Retention, StoreOptions};

/// The store of one data directory. Dropping it shuts it down.
#[derive(Debug)]
pub struct EmbeddedStore {
    inner: Arc<Inner>,
    background: Mutex<Vec<JoinHandle<()>>>,
}

/// What appends, reads and the background thread share.
#[derive(Debug)]
struct Inner {
    files: Arc<dyn Files>,
    dir: PathBuf,
    clock: Arc<dyn Clock>,
    options: StoreOptions,
    /// `None` after shut-down, and in a store that is only read.
    wal: RwLock<Option<Wal<Arc<SpanBatch>>>>,
    live: Arc<Live>,
    /// Which traces lie in several blocks.
    parted: scan::Parted,
    /// The list of open blocks changes while this is locked.
    manifest: Mutex<Manifest>,
    /// Whether the manifest on the disk names the history of this one.
    is_history_durable: AtomicBool,
    /// Blocks of which it is unknown whether the manifest on the disk names
    /// them, because saving it failed, or of which files could not be removed.
    perhaps_listed: Mutex<Vec<Removed>>,
    /// The manifest may have been saved in the place of its reserve.
    wants_reserve: AtomicBool,
    compactor: compact::Compactor,
    /// Whether the log was told that the disk is nearly full.
    is_space_short: AtomicBool,
    removed_spans: AtomicU64,
    /// Reads that left something out.
    incomplete_reads: AtomicU64,
    /// `None` without retention by age.
    age: Mutex<Option<age::Age>>,
    /// What the start found lost, damaged or put aside.
    found_at_start: Vec<String>,
    /// Why deletion by age waits, if it does.
    waits: Mutex<Option<String>>,
    /// That the quarantine takes too much, if it does.
    crowded: Mutex<Option<String>>,
    troubles: Mutex<background::Troubles>,
    is_read_only: bool,
    _lock: Option<DirLock>,
}

/// What readers see, and the alarm bell of the background thread. Separate
/// from [`Inner`], because the log's callback holds it and the log is part of
/// `Inner`.
#[derive(Debug, Default)]
struct Live {
    batches: LiveBatches,
    blocks: RwLock<Vec<Arc<Block>>>,
    unopened: damage::Unopened,
    bell: Mutex<Bell>,
    rung: Condvar,
    stopped: AtomicBool,
}

/// Why the background thread should look up.
#[derive(Debug, Default)]
struct Bell {
    seal: bool,
    stop: bool,
}

impl Live {
    fn beside(neighbours: &Neighbours) -> Self {
        Self {
            batches: LiveBatches::beside(neighbours),
            ..Self::default()
        }
    }

    /// Live batches and blocks at one moment.
    fn snapshot(&self) -> (Snapshot, Vec<Arc<Block>>) {
        // A seal changes both under the write lock.
        let blocks = self.blocks.read().unwrap_or_else(PoisonError::into_inner);
        (self.batches.snapshot(), blocks.clone())
    }

    fn ring(&self, change: impl FnOnce(&mut Bell)) {
        change(&mut lock(&self.bell));
        self.rung.notify_one();
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl EmbeddedStore {
    fn stop(&self) {
        // Appends are refused from here on; those in the log's queue are
        // written and acknowledged by closing it.
        self.inner.live.stopped.store(true, Ordering::Release);
        let wal = self
            .inner
            .wal
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(wal) = wal
            && let Err(error) = wal.close()
        {
            tracing::error!(%error, "the write-ahead log did not end cleanly");
        }
        self.inner.live.ring(|bell| bell.stop = true);
        self.inner.compactor.stop();
        for background in lock(&self.background).drain(..) {
            if background.join().is_err() {
                tracing::error!("a background thread of the store panicked");
            }
        }
    }
}

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        self.stop();
    }
}
