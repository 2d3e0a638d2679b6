//! Names below a data directory.
//!
//! ```text
//! LOCK  MANIFEST  MANIFEST.reserve  wal/  blocks/  quarantine/
//! ```
//!
//! Whoever works on a directory asks here whether it is one. Files are named by
//! those who write them.

use std::io;
use std::path::Path;

use crate::files::{FileError, Files};
use crate::manifest::MANIFEST_FILE;

/// Directory of the log.
pub(crate) const WAL_DIR: &str = "wal";

/// Directory of the blocks.
pub(crate) const BLOCKS_DIR: &str = "blocks";

/// Whether a data directory is there: one of its parts is.
///
/// # Errors
/// The directory cannot be listed.
pub(crate) fn has_store(files: &dyn Files, dir: &Path) -> Result<bool, FileError> {
    let entries = match files.list(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        other => other.map_err(FileError::on("list", dir))?,
    };
    let is_ours = |name: &str| [MANIFEST_FILE, WAL_DIR, BLOCKS_DIR].contains(&name);
    Ok(entries.iter().any(|entry| is_ours(&entry.name)))
}
