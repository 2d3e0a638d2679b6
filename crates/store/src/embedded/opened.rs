//! How opening a data directory ended: what was found, or why it is not open.
//!
//! **It only says; nothing is done here.**

use crate::files::FileError;
use crate::layout::{BLOCKS_DIR, WAL_DIR};
use crate::lock::LockError;
use crate::manifest::{MANIFEST_FILE, ManifestError};
use crate::wal::{self, RecoveryReport};
use std::path::PathBuf;

/// Why a data directory cannot be opened. It is as it was.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it, or it cannot be written.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The list of blocks cannot be used.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// There is nothing to look into.
    #[error(
        "{} is no data directory: it has neither {MANIFEST_FILE} nor {WAL_DIR} nor {BLOCKS_DIR}; \
         name the right one with --data-dir", dir.display()
    )]
    NoStore {
        /// The directory.
        dir: PathBuf,
    },
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
    /// Files that were left over from work that was cut short, and removed.
    pub removed_files: usize,
    /// What a person should read: blocks or entries that are lost or damaged.
    pub warnings: Vec<String>,
}
