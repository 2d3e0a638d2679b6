//! Opening a data directory: whose it is, what is in it, what a crash left.
//!
//! Nothing is changed before it is certain that the directory is ours and of
//! a format we know.

use super::age::{Age, Look};
use super::append::on_durable;
use super::compact::Compactor;
use super::opened::{OpenError, OpenReport};
use super::tidy::{self, Start};
use super::{EmbeddedStore, Inner, Live, StoreOptions, lock, reindex};
use crate::block::Block;
use crate::files::{FileError, Files};
use crate::layout::{BLOCKS_DIR, WAL_DIR};
use crate::lock::DirLock;
use crate::manifest::{self, Manifest};
use crate::rebuild::LeftOut;
use crate::wal::{self, RecoveryReport, Wal};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, RwLock};
use tracewell_model::SpanBatch;
use tracewell_model::clock::Clock;

/// What a start found is repeated up to so many lines.
const MAX_REPEATED: usize = 20;

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
        let options = options.fitted();
        // Read before the lock file is written: a directory of a newer version
        // stays untouched.
        Manifest::find(&*files, dir)?;
        let dir_lock = DirLock::acquire(&*files, dir)?;
        // The manifest found here may have got its name from a process that was
        // killed before it made the name durable. What its predecessor needs is
        // destroyed from here on.
        files
            .sync_dir(dir)
            .map_err(FileError::on("sync directory", dir))?;
        let put_away = |left_out: &LeftOut| tidy::put_away(&*files, dir, left_out);
        let start = Start::read(&*files, dir, clock.now_ns(), &put_away)?;
        let lost_log = tidy::lost_log(&*files, dir, &start);
        let Start {
            mut manifest,
            is_durable,
            warnings,
        } = start;
        let live = Arc::new(Live::beside(&options.neighbours));
        let known = wal::Known {
            from: manifest.wal_from,
            first_segment: manifest.first_segment,
            log: manifest.log_word(),
            last_named: tidy::last_named_segment(&*files, dir, &manifest)?,
        };
        let (wal, mut report) = open_log(&files, dir, &options, known, &live)?;
        report
            .warnings
            .splice(0..0, warnings.into_iter().chain(lost_log));
        manifest::remove_unfinished(&*files, dir)?;
        tidy::blocks_dir(&*files, dir, &mut manifest, &mut report)?;
        if !is_durable {
            // Saved below, so that it is missed from the next start on.
            manifest.first_segment = report.wal.first_segment;
        }
        let opening = Opening {
            files,
            dir,
            options,
            clock,
            live,
            manifest,
            is_durable,
            wal: Some(wal),
            report,
            dir_lock: Some(dir_lock),
        };
        let (store, report) = opening.open_blocks();
        // Whoever misses it can tell then that it is lost. A full disk is no
        // reason not to start: the first block saves it.
        if let Err(error) = store.inner.save_history() {
            tracing::warn!(%error, "the list of blocks is saved later");
        }
        // Dropped on failure, which ends the threads that have started.
        store.start("store-background", Inner::run_background)?;
        store.start("store-compaction", Inner::run_compaction)?;
        Ok((store, report))
    }

    fn start(&self, name: &'static str, work: fn(&Inner)) -> Result<(), OpenError> {
        let inner = Arc::clone(&self.inner);
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || inner.watch(name, work))
            .map_err(OpenError::Thread)?;
        lock(&self.background).push(thread);
        Ok(())
    }
}

/// A directory of which list and log were read.
pub(super) struct Opening<'a> {
    pub(super) files: Arc<dyn Files>,
    pub(super) dir: &'a Path,
    pub(super) options: StoreOptions,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) live: Arc<Live>,
    pub(super) manifest: Manifest,
    /// The list on the disk is this one.
    pub(super) is_durable: bool,
    /// `None`: nothing is written.
    pub(super) wal: Option<Wal<Arc<SpanBatch>>>,
    pub(super) report: OpenReport,
    pub(super) dir_lock: Option<DirLock>,
}

impl Opening<'_> {
    /// The store, on which no thread works yet.
    pub(super) fn open_blocks(self) -> (EmbeddedStore, OpenReport) {
        let Self {
            files,
            dir,
            options,
            clock,
            live,
            mut manifest,
            mut report,
            ..
        } = self;
        let blocks = open_blocks(&files, dir, &mut manifest, &live, &mut report);
        let found_at_start = found(&report);
        report.blocks = blocks.opened.len();
        report.warnings.extend(blocks.unopened);
        // On a full disk the background thread goes on trying.
        let reserve = manifest.ensure_reserve(&*files, dir);
        *live
            .blocks
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = blocks.opened;
        for warning in report.warnings.iter().chain(&report.wal.warnings) {
            tracing::error!("{warning}");
        }
        let look = Look::at(&*clock);
        let age = options.retention.age;
        let age = age.map(|age| Age::new(age, &manifest.blocks, look));
        let inner = Arc::new(Inner {
            files,
            dir: dir.to_path_buf(),
            clock,
            options,
            is_read_only: self.wal.is_none(),
            wal: RwLock::new(self.wal),
            live,
            parted: super::scan::Parted::default(),
            manifest: Mutex::new(manifest),
            is_history_durable: AtomicBool::new(self.is_durable),
            perhaps_listed: Mutex::default(),
            wants_reserve: AtomicBool::new(reserve.is_err()),
            compactor: Compactor::default(),
            is_space_short: AtomicBool::new(false),
            removed_spans: AtomicU64::new(0),
            incomplete_reads: AtomicU64::new(0),
            age: Mutex::new(age),
            found_at_start,
            waits: Mutex::default(),
            crowded: Mutex::default(),
            troubles: Mutex::default(),
            _lock: self.dir_lock,
        });
        let store = EmbeddedStore {
            inner,
            background: Mutex::default(),
        };
        (store, report)
    }
}

type Opened = (Wal<Arc<SpanBatch>>, OpenReport);

fn open_log(
    files: &Arc<dyn Files>,
    dir: &Path,
    options: &StoreOptions,
    known: wal::Known,
    live: &Arc<Live>,
) -> Result<Opened, OpenError> {
    let mut replay = Replay::new(live);
    let (wal, recovered) = Wal::open(
        Arc::clone(files),
        &dir.join(WAL_DIR),
        &options.wal,
        known,
        |position, spans, payload: &[u8]| replay.take(position, u64::from(spans), payload),
        on_durable(Arc::clone(live), options.seal_bytes),
    )?;
    Ok((wal, replay.finish(recovered)))
}

/// Shows what the log gives back.
pub(super) struct Replay<'a> {
    live: &'a Live,
    warnings: Vec<String>,
    undecoded_spans: u64,
}

impl<'a> Replay<'a> {
    pub(super) fn new(live: &'a Live) -> Self {
        Self {
            live,
            warnings: Vec::new(),
            undecoded_spans: 0,
        }
    }

    pub(super) fn take(&mut self, position: wal::WalPosition, spans: u64, payload: &[u8]) {
        match SpanBatch::decode(payload) {
            Ok(batch) => self.live.batches.push(Arc::new(batch), position.after()),
            // The check sum was right, so this is a version we cannot read or
            // a bug; either way its spans are not shown and people must know.
            Err(error) => {
                self.undecoded_spans += spans;
                self.warnings.push(format!(
                    "{spans} spans of the write-ahead log cannot be read (segment {}, offset {}): {error}",
                    position.segment, position.offset
                ));
            }
        }
    }

    pub(super) fn finish(self, recovered: RecoveryReport) -> OpenReport {
        if self.undecoded_spans > 0 || !recovered.is_whole() {
            let lost = recovered.lost_spans + self.undecoded_spans;
            self.live.unopened.lose_of_log(lost);
        }
        OpenReport {
            wal: recovered,
            warnings: self.warnings,
            ..OpenReport::default()
        }
    }
}

/// The blocks of the manifest.
#[derive(Default)]
struct Blocks {
    opened: Vec<Arc<Block>>,
    /// What to say of the others.
    unopened: Vec<String>,
}

/// Opens the blocks of the manifest. A block that lost its index is written
/// again; one that cannot be opened is named and left alone: its files may be
/// all that is left of its spans.
fn open_blocks(
    files: &Arc<dyn Files>,
    dir: &Path,
    manifest: &mut Manifest,
    live: &Live,
    report: &mut OpenReport,
) -> Blocks {
    let blocks_dir = dir.join(BLOCKS_DIR);
    let mut blocks = Blocks::default();
    for place in 0..manifest.blocks.len() {
        let entry = manifest.blocks[place].clone();
        let error = match Block::open(&**files, &blocks_dir, entry.clone()) {
            Ok(block) => {
                blocks.opened.push(Arc::new(block));
                continue;
            }
            Err(error) => error,
        };
        let mut why = error.to_string();
        if error.is_index_lost() {
            match reindex::write_again(&**files, dir, manifest, place, &error) {
                Ok((block, told)) => {
                    report.warnings.push(told);
                    blocks.opened.push(Arc::new(block));
                    continue;
                }
                Err(again) => why.push_str(&format!(
                    "; it cannot be written again from its Parquet file: {again}"
                )),
            }
        }
        blocks.unopened.push(format!(
            "block {} with {} spans cannot be opened and is left out of every answer: {why}",
            entry.name, entry.spans
        ));
        live.unopened.add(entry, &error);
    }
    blocks
}

/// What the status repeats until the next start; blocks that do not open have a
/// place of their own there.
fn found(report: &OpenReport) -> Vec<String> {
    let mut found: Vec<String> = report.warnings.clone();
    found.extend(report.wal.warnings.iter().cloned());
    let surplus = found.len().saturating_sub(MAX_REPEATED);
    found.truncate(MAX_REPEATED);
    if surplus > 0 {
        found.push(format!("the start said {surplus} more such things"));
    }
    found
}
