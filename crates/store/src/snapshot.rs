//! The spans of a data directory as files that stay: for programs that read Parquet.
//!
//! Made as a [backup](crate::backup) is, beside the process that works there: blocks
//! are linked where that can be, so that no compaction pulls one away from under its
//! reader. What the log holds and no block yet becomes blocks of the snapshot alone.
//! **The source is never written**, and nothing is checked that is not read.

use std::path::{Path, PathBuf};

use tracewell_model::SpanBatch;
use tracewell_model::batch::concat::{BatchJoiner, BatchTooLarge};

use crate::backup::{BackupError, BackupOptions, backup};
use crate::block::{self, Birth, BlockError};
use crate::files::{FileError, Files, ReadOnly, ensure_dir};
use crate::layout::{BLOCKS_DIR, WAL_DIR};
use crate::manifest::{Manifest, ManifestError};
use crate::wal;

/// Where the blocks of what the log held are: away from those that are linked, so that
/// no name of theirs is ever written to.
const SEALED_DIR: &str = "sealed";

/// Memory of the spans of one block that is made of the log.
const BLOCK_MEMORY_BYTES: usize = 64 << 20;

/// Files with every span that was acknowledged before it was taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Parquet files, each a block.
    pub files: Vec<PathBuf>,
    /// Spans in them; those that were stored twice count until they are merged.
    pub spans: u64,
    /// Spans among them that the log held.
    pub log_spans: u64,
    /// Spans of the log that could not be read.
    pub lost_spans: u64,
}

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The files of the source cannot be had.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// Nor its directories made.
    #[error(transparent)]
    File(#[from] FileError),
    /// The list of blocks cannot be read again.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] wal::OpenError),
    /// A block of what the log held cannot be written.
    #[error(transparent)]
    Block(#[from] BlockError),
    /// Nor joined.
    #[error(transparent)]
    TooLarge(#[from] BatchTooLarge),
}

/// Takes one into `target`, which is empty or does not exist.
///
/// # Errors
/// See [`SnapshotError`]; what is in `target` then is of no use.
pub fn take(files: &dyn Files, source: &Path, target: &Path) -> Result<Snapshot, SnapshotError> {
    let options = BackupOptions {
        unchecked: true,
        ..BackupOptions::default()
    };
    backup(files, source, target, options, &mut |_| ())?;
    let manifest = Manifest::load(files, target)?;
    let (blocks, sealed) = (target.join(BLOCKS_DIR), target.join(SEALED_DIR));
    ensure_dir(files, &sealed)?;
    let file = |dir: &Path, name: &str| dir.join(format!("{name}.parquet"));
    let mut snapshot = Snapshot {
        files: manifest
            .blocks
            .iter()
            .map(|block| file(&blocks, &block.name))
            .collect(),
        spans: manifest.blocks.iter().map(|block| block.spans).sum(),
        ..Snapshot::default()
    };
    let mut sealing = Sealing {
        files,
        dir: &sealed,
        spans: BatchJoiner::new(),
        memory_bytes: 0,
        names: Vec::new(),
    };
    let known = wal::Known {
        from: manifest.wal_from,
        first_segment: manifest.first_segment,
        log: manifest.log_word(),
        ..wal::Known::default()
    };
    let mut failed = None;
    let recovered = wal::rehearse(
        &ReadOnly(files),
        &target.join(WAL_DIR),
        known,
        |_, _, spans, payload: &[u8]| {
            if failed.is_some() {
                return;
            }
            match SpanBatch::decode(payload) {
                Ok(batch) => failed = sealing.add(&batch).err(),
                Err(_) => snapshot.lost_spans += spans,
            }
        },
    )?;
    if let Some(error) = failed {
        return Err(error);
    }
    sealing.seal()?;
    snapshot.lost_spans += recovered.lost_spans;
    for (name, spans) in &sealing.names {
        snapshot.files.push(file(&sealed, name));
        snapshot.spans += spans;
        snapshot.log_spans += spans;
    }
    Ok(snapshot)
}

/// What the log held, on its way into blocks.
struct Sealing<'a> {
    files: &'a dyn Files,
    dir: &'a Path,
    spans: BatchJoiner,
    memory_bytes: usize,
    /// Blocks with their spans.
    names: Vec<(String, u64)>,
}

impl Sealing<'_> {
    fn add(&mut self, batch: &SpanBatch) -> Result<(), SnapshotError> {
        let memory_bytes = batch.memory_bytes();
        if self.memory_bytes + memory_bytes > BLOCK_MEMORY_BYTES {
            self.seal()?;
        }
        self.memory_bytes += memory_bytes;
        Ok(self.spans.append(batch)?)
    }

    fn seal(&mut self) -> Result<(), SnapshotError> {
        self.memory_bytes = 0;
        let spans = std::mem::take(&mut self.spans);
        if spans.is_empty() {
            return Ok(());
        }
        let number = 1 + self.names.len() as u64;
        let batch = spans.finish();
        let entry = block::write(self.files, self.dir, number, &Birth::default(), &batch)?;
        self.names.push((entry.name, entry.spans));
        Ok(())
    }
}
