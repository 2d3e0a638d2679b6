//! Blocks: spans that will not change any more, in files that other programs
//! can read.
//!
//! ```text
//! 0000000012.parquet   the spans, one row each: see block/schema.rs
//! 0000000012.index     what is in them: see block/sidecar.rs
//! ```
//!
//! A block is written once, whole, under temporary names; it exists when both
//! files have their names and the directory is synced. Rows are sorted by
//! trace id, start, span id, so a trace is one run of rows.
//!
//! Everything read from disk is untrusted: the index file carries its own
//! checksum and those of every page of the Parquet file, and **no byte reaches
//! a decoder before its checksum was right.** A block never decides which
//! blocks there are: that is the manifest's word.

mod choose;
mod operations;
mod pages;
mod prune;
mod read;
mod scan;
mod schema;
mod sidecar;
mod trace_filter;
mod write;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use tracewell_model::SpanBatch;
use tracewell_model::store::{AttributeKey, Operation};

use crate::files::{FileError, Files};
use crate::manifest::BlockEntry;
use read::Footer;
use sidecar::Sidecar;

pub use write::write;

/// Why a block could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BlockError {
    /// The disk refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// What a file holds is not what was written, or was never a block.
    #[error("block file {} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Written by a later Tracewell.
    #[error(
        "block file {} has format version {found}, this program reads up to {}",
        path.display(),
        schema::VERSION
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// The version it names.
        found: u32,
    },
    /// There is nothing to write.
    #[error("a block needs at least one span")]
    Empty,
    /// The spans do not fit a block.
    #[error("block {number} cannot be encoded: {reason}")]
    Encode {
        /// The block's number.
        number: u64,
        /// Why.
        reason: String,
    },
    /// The caller went away or ran out of time.
    #[error("the query was cancelled")]
    Cancelled,
}

impl BlockError {
    fn damaged(path: &Path, reason: impl ToString) -> Self {
        Self::Damaged {
            path: path.to_path_buf(),
            reason: reason.to_string(),
        }
    }
}

/// The name the manifest gives to block `number`.
pub(crate) fn block_name(number: u64) -> String {
    format!("{number:010}")
}

fn parquet_name(block: &str) -> String {
    format!("{block}.parquet")
}

fn index_name(block: &str) -> String {
    format!("{block}.index")
}

/// Removes the files of a block that no manifest names any more. Whoever has
/// it open and read from it before can go on reading.
///
/// # Errors
/// The disk refuses; what is left of the block is an orphan.
pub fn remove(files: &dyn Files, dir: &Path, name: &str) -> Result<(), FileError> {
    for file in [index_name(name), parquet_name(name)] {
        let path = dir.join(file);
        match files.remove(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            removed => removed.map_err(FileError::on("remove", &path))?,
        }
    }
    files
        .sync_dir(dir)
        .map_err(FileError::on("sync directory", dir))
}

/// A block that was opened. The index file is in memory; the Parquet footer is
/// read at the first use and kept.
#[derive(Debug)]
pub struct Block {
    meta: BlockEntry,
    files: Arc<dyn Files>,
    path: PathBuf,
    sidecar: Sidecar,
    footer: OnceLock<Arc<Footer>>,
    operations: OnceLock<SpanBatch>,
}

impl Block {
    /// Opens the block that `meta` speaks of.
    ///
    /// # Errors
    /// The index file is missing, damaged, of a later version, or does not say
    /// what `meta` says.
    pub fn open(files: Arc<dyn Files>, dir: &Path, meta: BlockEntry) -> Result<Self, BlockError> {
        let index = dir.join(index_name(&meta.name));
        let sidecar = sidecar::load(&*files, &index)?;
        let found = (sidecar.spans, sidecar.traces);
        if found != (meta.spans, meta.traces) {
            let expected = (meta.spans, meta.traces);
            let reason = format!("has (spans, traces) {found:?}, expected {expected:?}");
            return Err(BlockError::damaged(&index, reason));
        }
        Ok(Self {
            path: dir.join(parquet_name(&meta.name)),
            meta,
            files,
            sidecar,
            footer: OnceLock::new(),
            operations: OnceLock::new(),
        })
    }

    /// What the manifest knows of it.
    #[must_use]
    pub fn meta(&self) -> &BlockEntry {
        &self.meta
    }

    /// Services and operations with their counts, each once.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.sidecar.operations
    }

    /// Attribute keys that occur, sorted.
    pub fn attribute_keys(&self) -> impl Iterator<Item = &AttributeKey> {
        self.sidecar.keys.iter().map(|entry| &entry.key)
    }

    /// Bytes of memory that the index and, once read, the footer hold.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let footer = self.footer.get().map_or(0, |footer| footer.memory_bytes());
        self.sidecar.memory_bytes() + footer
    }

    fn footer(&self) -> Result<&Arc<Footer>, BlockError> {
        if let Some(footer) = self.footer.get() {
            return Ok(footer);
        }
        let footer = Footer::read(&*self.files, &self.path, &self.sidecar)?;
        Ok(self.footer.get_or_init(|| Arc::new(footer)))
    }
}
