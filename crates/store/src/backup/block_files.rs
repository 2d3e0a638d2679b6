//! The files of blocks in a backup: linked where the file system can, copied
//! where it cannot.
//!
//! A block never changes and its name is never used again, so what one round
//! fetched is good for the next. A block that is gone from the source was
//! merged or removed, which the next manifest says; or it is lost, and the
//! check of the backup says so. It must never write into the source: a linked
//! file is not opened for writing.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use super::BackupEvent;
use crate::block::block_paths;
use crate::files::{Access, FileError, Files, write_all_at};
use crate::inventory::Inventory;
use crate::layout::BLOCKS_DIR;
use crate::manifest::{BlockEntry, Manifest};

/// Files are copied in pieces of this size.
const COPY_BYTES: usize = 1 << 20;

/// What is there so far.
#[derive(Debug)]
pub(super) struct BlockCopies<'a> {
    files: &'a dyn Files,
    source: PathBuf,
    target: PathBuf,
    /// Whether links are still tried.
    may_link: bool,
    fetched: BTreeSet<PathBuf>,
    pub(super) linked_files: u64,
    pub(super) copied_files: u64,
}

impl<'a> BlockCopies<'a> {
    pub(super) fn new(
        files: &'a dyn Files,
        source: &Path,
        target: &Path,
        always_copy: bool,
    ) -> BlockCopies<'a> {
        BlockCopies {
            files,
            source: source.join(BLOCKS_DIR),
            target: target.join(BLOCKS_DIR),
            may_link: !always_copy,
            fetched: BTreeSet::new(),
            linked_files: 0,
            copied_files: 0,
        }
    }

    /// Fetches the blocks of a manifest; `false` if one is gone.
    pub(super) fn fetch(
        &mut self,
        manifest: &Manifest,
        tell: &mut dyn FnMut(BackupEvent<'_>),
    ) -> Result<bool, FileError> {
        let total_bytes = manifest.blocks.iter().map(|block| block.bytes).sum();
        let (mut is_whole, mut done_bytes) = (true, 0);
        for block in &manifest.blocks {
            is_whole &= self.block(block)?;
            done_bytes += block.bytes;
            tell(BackupEvent::Fetched {
                done_bytes,
                total_bytes,
            });
        }
        Ok(is_whole)
    }

    fn block(&mut self, block: &BlockEntry) -> Result<bool, FileError> {
        for from in block_paths(&self.source, &block.name) {
            if !self.fetched.contains(&from) && !self.file(from)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Links or copies one file; `false` if it is gone.
    fn file(&mut self, from: PathBuf) -> Result<bool, FileError> {
        let to = self.target.join(from.file_name().unwrap_or_default());
        if self.may_link {
            match self.files.hard_link(&from, &to) {
                Ok(()) => {
                    self.linked_files += 1;
                    self.fetched.insert(from);
                    return Ok(true);
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
                // Whatever keeps a link from being made, a copy is as good: it
                // meets the same error if that is not about links.
                Err(error) => {
                    tracing::debug!(%error, file = %from.display(), "copied, since it cannot be linked");
                    self.may_link = error.kind() != io::ErrorKind::CrossesDevices;
                }
            }
        }
        let is_there = self.copy(&from, &to)?;
        if is_there {
            self.copied_files += 1;
            self.fetched.insert(from);
        }
        Ok(is_there)
    }

    fn copy(&self, from: &Path, to: &Path) -> Result<bool, FileError> {
        // Once it is open, it can be read whatever happens to its name.
        let source = match self.files.open(from, Access::Read) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            other => other.map_err(FileError::on("open", from))?,
        };
        let target = self.files.create(to).map_err(FileError::on("create", to))?;
        let mut buffer = vec![0; COPY_BYTES];
        let mut at = 0;
        loop {
            let read = match source.read_at(&mut buffer, at) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(FileError::on("read", from)(error)),
            };
            write_all_at(&*target, &buffer[..read], at).map_err(FileError::on("write", to))?;
            at += read as u64;
        }
        target.sync().map_err(FileError::on("sync", to))?;
        Ok(true)
    }

    /// Removes what only earlier manifests named, and makes the rest durable.
    pub(super) fn finish(&mut self, manifest: &Manifest) -> Result<(), FileError> {
        let found = Inventory::take(self.files, &self.target, manifest)?;
        for path in found.unlisted.into_values().flatten() {
            self.files
                .remove(&path)
                .map_err(FileError::on("remove", &path))?;
        }
        self.files
            .sync_dir(&self.target)
            .map_err(FileError::on("sync directory", &self.target))
    }
}
