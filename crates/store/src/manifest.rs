//! The list of what the store consists of: its blocks, and from where on the
//! write-ahead log is needed.
//!
//! One file, `MANIFEST`, replaced as a whole: a reader sees the state before a
//! change or after it, never half of it. The layout is drawn in
//! `manifest/format.rs`. **The manifest never touches a block or the log, and
//! that it does not name a file is no reason to remove it**: see
//! `inventory.rs`.

mod format;
pub(crate) mod reserve;
#[cfg(test)]
mod tests;

use std::hash::BuildHasher as _;
use std::io;
use std::path::{Path, PathBuf};

use crate::files::{Access, FileError, Files, read_exact_at, write_all_at};
use crate::wal::WalPosition;

pub use self::format::MANIFEST_VERSION;

/// Name of the manifest in the data directory.
pub const MANIFEST_FILE: &str = "MANIFEST";

/// Name under which the next manifest is written.
const UNFINISHED_FILE: &str = "MANIFEST.tmp";

/// Names of blocks that went, which a manifest keeps.
const MAX_REMOVED: usize = 256;

/// A manifest larger than this is not ours: it would list some hundred
/// thousand blocks.
const MAX_MANIFEST_BYTES: u64 = 64 << 20;

/// A sealed block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockEntry {
    /// Name of its files without what follows the first dot: block `000001`
    /// owns `000001.parquet`. No dot, no slash.
    pub name: String,
    /// Bytes of all its files.
    pub bytes: u64,
    /// Spans in it.
    pub spans: u64,
    /// Traces with at least one span in it.
    pub traces: u64,
    /// Start of the earliest span, ns since the Unix epoch.
    pub min_start_ns: u64,
    /// Start of the latest span, ns since the Unix epoch.
    pub max_start_ns: u64,
    /// When it was written, ns since the Unix epoch: retention counts from
    /// here.
    pub listed_ns: u64,
}

/// What the store consists of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// Which life of the data directory this is: a word that the first start
    /// drew and that every block carries. Empty in a manifest of version 1.
    pub history: String,
    /// The blocks, in the order in which they were added.
    pub blocks: Vec<BlockEntry>,
    /// The first position of the log that no block holds.
    pub wal_from: WalPosition,
    /// The oldest segment of the log that was kept when this was saved: it
    /// must be there at the next start. `None` when none was.
    pub first_segment: Option<u64>,
    /// Number for the name of the next block; never used before.
    pub next_block: u64,
    /// The last blocks that were taken off the list, or failed before they came
    /// on it: where a file of theirs is still there, it is ours to remove.
    pub removed: Vec<Removed>,
}

/// A block that went. Its name alone is not it: in the history that follows on
/// an older list, another block may get the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// Its name.
    pub name: String,
    /// When it was written, ns since the Unix epoch, and its spans; `None` in
    /// manifests before version 3.
    pub written: Option<(u64, u64)>,
    /// Its spans went into another block, and not with retention.
    pub is_merged: bool,
}

impl Removed {
    /// A listed block that goes.
    #[must_use]
    pub fn of(block: &BlockEntry, is_merged: bool) -> Self {
        Self {
            name: block.name.clone(),
            written: Some((block.listed_ns, block.spans)),
            is_merged,
        }
    }

    /// Is it the block of this name that says so of itself? One that says
    /// nothing is of an early version, and known by its name.
    #[must_use]
    pub fn is(&self, listed_ns: Option<u64>, spans: u64) -> bool {
        match (self.written, listed_ns) {
            (Some(written), Some(listed_ns)) => written == (listed_ns, spans),
            _ => true,
        }
    }
}

/// Why the manifest cannot be used. The directory is as it was.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It was written by a newer version of the program.
    #[error(
        "{} has format version {found}, this version reads up to {MANIFEST_VERSION}; start the \
         newer version that wrote it, or choose another directory with --data-dir", path.display()
    )]
    NewerVersion {
        /// The manifest.
        path: PathBuf,
        /// The version found.
        found: u32,
    },
    /// It is not what was written.
    #[error("{} is damaged: {reason}; restore it from a backup, or choose another directory with --data-dir", path.display())]
    Damaged {
        /// The manifest.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// It would be larger than any start reads. Nothing was written.
    #[error(
        "the list of {blocks} blocks would take {bytes} bytes, the limit is {MAX_MANIFEST_BYTES}; \
         lower retention.age or retention.bytes"
    )]
    TooLarge {
        /// Blocks on it.
        blocks: usize,
        /// Bytes it would have.
        bytes: usize,
    },
    /// A file cannot be used. When this comes from [`Manifest::save`], the
    /// manifest on disk may be the old one or the new one.
    #[error(transparent)]
    File(#[from] FileError),
}

impl Manifest {
    /// Reads the manifest of a data directory as [`Manifest::find`] does; a
    /// directory without one is an empty store.
    ///
    /// # Errors
    /// As [`Manifest::find`].
    pub fn load(files: &dyn Files, dir: &Path) -> Result<Manifest, ManifestError> {
        Self::find(files, dir).map(Option::unwrap_or_default)
    }

    /// Reads the manifest of a data directory, and changes nothing; `None`
    /// when there is none, or no directory.
    ///
    /// # Errors
    /// A newer version, damage, or a file that cannot be read.
    pub fn find(files: &dyn Files, dir: &Path) -> Result<Option<Manifest>, ManifestError> {
        let path = dir.join(MANIFEST_FILE);
        let file = match files.open(&path, Access::Read) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(None);
            }
            Err(error) => return Err(FileError::on("open", &path)(error).into()),
        };
        let bytes = file.size().map_err(FileError::on("read", &path))?;
        if bytes > MAX_MANIFEST_BYTES {
            return Err(ManifestError::Damaged {
                path,
                reason: format!("{bytes} bytes are more than any manifest has"),
            });
        }
        let mut text = vec![0; bytes as usize];
        read_exact_at(&*file, &mut text, 0).map_err(FileError::on("read", &path))?;
        format::decode(&text)
            .map(Some)
            .map_err(|error| match error {
                format::DecodeError::NewerVersion { found } => {
                    ManifestError::NewerVersion { path, found }
                }
                format::DecodeError::Damaged { reason } => ManifestError::Damaged { path, reason },
            })
    }

    /// Draws the word of a history that begins.
    pub fn begin_history(&mut self) {
        // Seeded by the system anew for each state.
        let drawn = std::hash::RandomState::new().hash_one(self.next_block);
        self.history = history_of_log((drawn as u32).max(1));
    }

    /// The word that segments of the log carry; 0 for a history without name.
    #[must_use]
    pub fn log_word(&self) -> u32 {
        if self.history.is_empty() {
            return 0;
        }
        let is_word = self.history.len() == 8;
        let word = u32::from_str_radix(&self.history, 16).ok();
        word.filter(|_| is_word)
            .unwrap_or_else(|| crc32c::crc32c(self.history.as_bytes()))
            .max(1)
    }

    /// Remembers that files of these blocks are ours to remove.
    pub fn note_removed(&mut self, blocks: impl Iterator<Item = Removed>) {
        for block in blocks {
            if !self.removed.contains(&block) {
                self.removed.push(block);
            }
        }
        let surplus = self.removed.len().saturating_sub(MAX_REMOVED);
        self.removed.drain(..surplus);
    }

    /// Does the list name this block?
    #[must_use]
    pub fn lists(&self, name: &str) -> bool {
        self.blocks.iter().any(|block| block.name == name)
    }

    /// Replaces the manifest of a data directory; durable when it returns.
    ///
    /// # Errors
    /// After an error it is unknown which manifest the next start finds: until
    /// a later save succeeds, the caller keeps every block of both, and
    /// releases nothing of the log.
    pub fn save(&self, files: &dyn Files, dir: &Path) -> Result<(), ManifestError> {
        let path = dir.join(MANIFEST_FILE);
        let text = format::encode(self);
        if text.len() as u64 > MAX_MANIFEST_BYTES {
            return Err(ManifestError::TooLarge {
                blocks: self.blocks.len(),
                bytes: text.len(),
            });
        }
        match write_unfinished(files, dir, &text) {
            Ok(unfinished) => files
                .rename(&unfinished, &path)
                .map_err(FileError::on("rename", &unfinished))?,
            Err(error) if error.is_disk_full() => {
                remove_unfinished(files, dir)?;
                // What the disk said first is what a person can mend.
                reserve::become_manifest(files, dir, &path, &text).map_err(|_| error)?;
            }
            Err(error) => return Err(error.into()),
        }
        files
            .sync_dir(dir)
            .map_err(FileError::on("sync directory", dir))?;
        Ok(())
    }

    /// Provides for a manifest on a full disk.
    ///
    /// # Errors
    /// There is no room for that now.
    pub(crate) fn ensure_reserve(&self, files: &dyn Files, dir: &Path) -> Result<(), FileError> {
        reserve::ensure(files, dir, format::encode(self).len())
    }
}

/// The history whose log carries this word.
pub(crate) fn history_of_log(word: u32) -> String {
    format!("{word:08x}")
}

/// Writes a manifest under the name that a start does not look at, durably.
fn write_unfinished(files: &dyn Files, dir: &Path, text: &[u8]) -> Result<PathBuf, FileError> {
    let unfinished = dir.join(UNFINISHED_FILE);
    remove_unfinished(files, dir)?;
    let file = files
        .create(&unfinished)
        .map_err(FileError::on("create", &unfinished))?;
    write_all_at(&*file, text, 0).map_err(FileError::on("write", &unfinished))?;
    file.sync().map_err(FileError::on("sync", &unfinished))?;
    Ok(unfinished)
}

/// Removes what a save that did not finish left behind.
///
/// # Errors
/// The file is there and cannot be removed.
pub fn remove_unfinished(files: &dyn Files, dir: &Path) -> Result<(), FileError> {
    let path = dir.join(UNFINISHED_FILE);
    match files.remove(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(FileError::on("remove", &path)(error))
        }
        _ => Ok(()),
    }
}
