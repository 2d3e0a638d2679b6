//! What can go wrong in the log, for those who append and those who open.
//!
//! Errors for appending are cheap to clone: one failed write is told to every
//! entry of its group. Nothing here logs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::segment::SEGMENT_VERSION;
use crate::files::FileError;

/// Why an entry is not in the log. After any of these the entry was not
/// acknowledged. Where a write or a sync of the log itself failed, which is
/// after [`Poisoned`](WalError::Poisoned), and after
/// [`DiskFull`](WalError::DiskFull) on file systems that need space to write in
/// place, it may nevertheless be there if the process is killed before it
/// writes again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WalError {
    /// More is waiting than the limit allows. Retry later.
    #[error(
        "write-ahead log is behind: {queued_bytes} bytes wait, limit {limit_bytes}; retry later"
    )]
    Backlogged {
        /// Payload bytes that wait, including those being written.
        queued_bytes: u64,
        /// The limit, [`WalOptions::queue_bytes`](super::WalOptions).
        limit_bytes: u64,
    },
    /// The entry can never be written.
    #[error(
        "batch of {bytes} bytes is over the log's limit of {limit_bytes}; send smaller batches"
    )]
    TooLarge {
        /// Bytes of the entry.
        bytes: u64,
        /// The limit for one entry.
        limit_bytes: u64,
    },
    /// The disk is full. Ends by itself when there is space again.
    #[error("disk is full, nothing is accepted until there is space: {reason}")]
    DiskFull {
        /// What failed, with the file.
        reason: Arc<str>,
    },
    /// No new segment can be made, for another reason than a full disk. Ends
    /// by itself when the reason does.
    #[error("write-ahead log cannot grow, nothing is accepted until it can: {reason}")]
    CannotGrow {
        /// What failed, with the file.
        reason: Arc<str>,
    },
    /// A write or a sync failed, so that what the disk holds is unknown.
    /// Stays until the process is started again.
    #[error(
        "write-ahead log stopped for good after a failure: {reason}; check the disk, then restart"
    )]
    Poisoned {
        /// What failed first, with the file.
        reason: Arc<str>,
    },
    /// The log was closed.
    #[error("write-ahead log is closed")]
    Closed,
}

impl WalError {
    /// No segment could be made.
    pub(super) fn no_segment(error: &FileError) -> WalError {
        let reason = error.to_string().into();
        match error.is_disk_full() {
            true => WalError::DiskFull { reason },
            false => WalError::CannotGrow { reason },
        }
    }

    /// A write of the log itself failed.
    pub(super) fn poisoned(error: &FileError) -> WalError {
        WalError::Poisoned {
            reason: error.to_string().into(),
        }
    }
}

/// Why the log cannot be opened. The directory is as it was.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A segment was written by a newer version of the program.
    #[error(
        "{} has log format {found}, this version reads up to {SEGMENT_VERSION}; start the newer \
         version that wrote it, or choose another directory with --data-dir", path.display()
    )]
    NewerVersion {
        /// The segment.
        path: PathBuf,
        /// The version found.
        found: u32,
    },
    /// An option is outside its range.
    #[error("wal segment size {bytes} is outside {min} to {max} bytes")]
    SegmentBytes {
        /// The value given.
        bytes: u32,
        /// The smallest allowed.
        min: u32,
        /// The largest allowed.
        max: u32,
    },
    /// A file of the log cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// The system refuses a thread.
    #[error("cannot start the thread {name}: {source}")]
    Thread {
        /// Name of the thread.
        name: &'static str,
        /// What the system answered.
        source: std::io::Error,
    },
}

impl OpenError {
    pub(super) fn newer(path: &Path, found: u32) -> OpenError {
        OpenError::NewerVersion {
            path: path.to_path_buf(),
            found,
        }
    }
}
