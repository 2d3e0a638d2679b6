//! Blocks: spans that will not change any more, in files that other programs
//! can read.
//!
//! ```text
//! 0000000012.parquet   the spans, one row each: see block/schema.rs
//! 0000000012.index     what is in them and where: see block/index.rs
//! ```
//!
//! A block is written once, under temporary names; it exists when both files
//! have their names and the directory is synced. A trace is one run of rows,
//! and traces stand in the order of time.
//!
//! Everything read from disk is untrusted: the index file carries its own
//! checksums and those of every page of the Parquet file, and **no byte reaches
//! a decoder before its checksum was right.** The Parquet footer is for other
//! programs; the store reads by the index file alone. A block never decides
//! which blocks there are: that is the manifest's word.

mod again;
mod birth;
mod catalogue;
pub(crate) mod choose;
mod faults;
mod index;
mod operations;
pub(crate) mod parted;
mod prune;
mod read;
mod refine;
mod scan;
pub(crate) mod schema;
mod span_file;
mod spans;
mod traces;
mod verify;
mod write;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use tracewell_model::StoreError;
use tracewell_model::store::AttributeKey;

use crate::files::{Access, File, FileError, Files};
use crate::listing::{OperationCounts, ServiceCounts};
use crate::manifest::BlockEntry;
use choose::KeyCount;
use index::Index;

pub(crate) use again::write_again;
pub use birth::Birth;
pub use scan::{BlockScan, GroupTime, ScanPart};
pub use span_file::read_span_file;
pub use verify::VerifiedBlock;
pub use write::write;
pub(crate) use write::{BlockWriter, DerivedRows};

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
        if path.extension().is_some_and(|end| end == "index") { index::VERSION } else { schema::VERSION }
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
    /// Whoever gathers the spans takes no more.
    #[error(transparent)]
    NotTaken(StoreError),
}

impl BlockError {
    pub(crate) fn damaged(path: &Path, reason: impl ToString) -> Self {
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

pub(crate) fn parquet_name(block: &str) -> String {
    format!("{block}.parquet")
}

/// The files of a block, in the order in which they are removed: what is left
/// of a removal that was cut short still says where it comes from.
pub(crate) fn block_paths(dir: &Path, name: &str) -> [PathBuf; 2] {
    [dir.join(index_name(name)), dir.join(parquet_name(name))]
}

fn index_name(block: &str) -> String {
    format!("{block}.index")
}

/// A file that is a block's by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlockFile<'a> {
    /// One of the two files of a block.
    Whole {
        /// The block.
        name: &'a str,
        /// Its number.
        number: u64,
    },
    /// One that was being written.
    Unfinished {
        /// The number of the block that it was to be.
        number: u64,
    },
}

/// What a file is by its name; `None` for one that is not ours.
pub(crate) fn block_file(file: &str) -> Option<BlockFile<'_>> {
    let (whole, is_unfinished) = match file.strip_suffix(write::UNFINISHED_SUFFIX) {
        Some(whole) => (whole, true),
        None => (file, false),
    };
    let (name, kind) = whole.split_once('.')?;
    let is_name = name.len() >= 10 && name.bytes().all(|byte| byte.is_ascii_digit());
    let number = name
        .parse()
        .ok()
        .filter(|number| block_name(*number) == name)?;
    (is_name && matches!(kind, "parquet" | "index")).then_some(match is_unfinished {
        true => BlockFile::Unfinished { number },
        false => BlockFile::Whole { name, number },
    })
}

/// Removes the files of a block that no manifest names any more. Whoever has
/// it open and read from it before can go on reading.
///
/// # Errors
/// The disk refuses; what is left of the block is an orphan.
pub fn remove(files: &dyn Files, dir: &Path, name: &str) -> Result<(), FileError> {
    for path in block_paths(dir, name) {
        match files.remove(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            removed => removed.map_err(FileError::on("remove", &path))?,
        }
    }
    files
        .sync_dir(dir)
        .map_err(FileError::on("sync directory", dir))
}

/// A block that was opened. The core of the index file is in memory; both
/// files stay open, so that whoever reads can go on when the block is removed.
#[derive(Debug)]
pub struct Block {
    meta: BlockEntry,
    path: PathBuf,
    parquet: Arc<dyn File>,
    index: Index,
    looks: OnceLock<operations::Looks>,
    faults: faults::Faults,
}

impl Block {
    /// Opens the block that `meta` speaks of.
    ///
    /// # Errors
    /// A file is missing, damaged, of a later version, or does not say what
    /// `meta` says.
    pub fn open(files: &dyn Files, dir: &Path, meta: BlockEntry) -> Result<Self, BlockError> {
        faults::twice(|| Self::open_once(files, dir, meta.clone()))
    }

    fn open_once(files: &dyn Files, dir: &Path, meta: BlockEntry) -> Result<Self, BlockError> {
        let path = dir.join(index_name(&meta.name));
        let index = Index::open(files, &path)?;
        let core = &index.core;
        let found = (
            core.spans,
            core.traces,
            core.min_start_ns,
            core.max_start_ns,
        );
        let expected = (
            meta.spans,
            meta.traces,
            meta.min_start_ns,
            meta.max_start_ns,
        );
        // Else it may be the index of another block.
        if found != expected {
            let reason = format!(
                "has (spans, traces, earliest start, latest start) {found:?}, expected {expected:?}"
            );
            return Err(BlockError::damaged(&path, reason));
        }
        let path = dir.join(parquet_name(&meta.name));
        let parquet = files
            .open(&path, Access::Read)
            .map_err(FileError::on("open", &path))?;
        let (bytes, expected) = (parquet.size(), index.core.parquet_bytes);
        let bytes = bytes.map_err(FileError::on("get the size of", &path))?;
        if bytes != expected {
            let reason = format!("has {bytes} bytes, expected {expected}");
            return Err(BlockError::damaged(&path, reason));
        }
        Ok(Self {
            meta,
            path,
            parquet,
            index,
            looks: OnceLock::new(),
            faults: faults::Faults::default(),
        })
    }

    /// What a manifest says of a block, read from the block; when it was listed
    /// is not known here and 0.
    ///
    /// # Errors
    /// As [`Block::open`].
    pub(crate) fn describe(
        files: &dyn Files,
        dir: &Path,
        name: &str,
    ) -> Result<BlockEntry, BlockError> {
        let path = dir.join(index_name(name));
        let core = Index::open(files, &path)?;
        let entry = BlockEntry {
            name: name.to_owned(),
            bytes: core.core.parquet_bytes + core.bytes(),
            spans: core.core.spans,
            traces: core.core.traces,
            min_start_ns: core.core.min_start_ns,
            max_start_ns: core.core.max_start_ns,
            listed_ns: 0,
        };
        Self::open(files, dir, entry.clone()).map(|_| entry)
    }

    /// The size of its Parquet file.
    pub(crate) fn parquet_bytes(&self) -> u64 {
        self.index.core.parquet_bytes
    }

    /// What the manifest knows of it.
    #[must_use]
    pub fn meta(&self) -> &BlockEntry {
        &self.meta
    }

    /// Adds its services to a list; answers whether these are all.
    pub fn count_services(&self, counts: &mut ServiceCounts) -> bool {
        let catalogue = &self.index.core.catalogue;
        for service in &catalogue.services {
            counts.add(&service.name, service.spans, service.failed);
        }
        catalogue.rest.is_none()
    }

    /// Adds those of its operations that are asked for to a list: those in
    /// memory, and where these are not all and a prefix is asked for, those in
    /// the index file.
    ///
    /// # Errors
    /// The index file, which has to be read, cannot be.
    pub fn count_operations(&self, counts: &mut OperationCounts<'_>) -> Result<(), BlockError> {
        let catalogue = &self.index.core.catalogue;
        let query = counts.query;
        let services = catalogue.services(query.service);
        let is_listed = query.service.is_some() && !services.is_empty();
        let is_whole = (is_listed || catalogue.rest.is_none())
            && services.iter().all(|service| service.rest.is_none());
        if !is_whole {
            if !query.prefix.is_empty() && counts.may_read(self.index.core_bytes()) {
                return self.index.operations(&mut |service, operation| {
                    if query.wants_service(service) {
                        let spans = (operation.spans, operation.failed);
                        counts.add(service, operation.name, operation.kind, spans);
                    }
                });
            }
            counts.note_more();
        }
        for service in services {
            for operation in &service.operations {
                let spans = (operation.spans, operation.failed);
                counts.add(&service.name, &operation.name, operation.kind, spans);
            }
        }
        Ok(())
    }

    /// Attribute keys that occur, sorted.
    pub fn attribute_keys(&self) -> impl Iterator<Item = &AttributeKey> {
        let entries = self.index.core.keys.iter().filter(|entry| entry.count > 0);
        entries.map(|entry| &entry.key)
    }

    /// Are these all?
    #[must_use]
    pub fn has_all_keys(&self) -> bool {
        self.index.core.unlisted_keys.is_empty()
    }

    /// How often each attribute key occurs: what the columns of a block that
    /// takes in this one are chosen by.
    pub(crate) fn key_counts(&self) -> impl Iterator<Item = KeyCount<'_>> {
        self.index.core.keys.iter().map(|entry| KeyCount {
            level: entry.key.level,
            key: &entry.key.key,
            value_type: entry.key.value_type,
            count: entry.count,
        })
    }

    /// Are the derived columns filled?
    #[must_use]
    pub fn has_derived(&self) -> bool {
        self.index.core.has_derived
    }

    /// Bytes of the part of the index that opening reads.
    pub(crate) fn core_bytes(&self) -> u64 {
        self.index.core_bytes()
    }

    /// Bytes of memory that the open block holds.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let looks = self.looks.get().map_or(0, operations::Looks::memory_bytes);
        self.index.memory_bytes() + looks
    }

    fn looks(&self) -> &operations::Looks {
        let catalogue = &self.index.core.catalogue;
        self.looks.get_or_init(|| operations::Looks::new(catalogue))
    }
}
