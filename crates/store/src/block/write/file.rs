//! The files of a block until they have their names.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::files::{File, FileError, Files, write_all_at};

/// What a name ends in while the file is written.
pub(in crate::block) const UNFINISHED_SUFFIX: &str = ".tmp";

/// A file that is written from its beginning, under a temporary name.
#[derive(Debug)]
pub(super) struct Sink {
    file: Arc<dyn File>,
    at: u64,
    crc: u32,
}

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        write_all_at(&*self.file, bytes, self.at)?;
        self.at += bytes.len() as u64;
        self.crc = crc32c::crc32c_append(self.crc, bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink {
    /// Bytes written.
    pub(super) fn len(&self) -> u64 {
        self.at
    }

    /// CRC-32C of them.
    pub(super) fn crc(&self) -> u32 {
        self.crc
    }
}

/// Files that exist and belong to no block yet. Unless [`Unfinished::keep`] is
/// called they are removed in the end: after a full disk they would only keep
/// it full.
#[derive(Debug)]
pub(super) struct Unfinished<'a> {
    files: &'a dyn Files,
    dir: PathBuf,
    paths: Vec<PathBuf>,
}

impl<'a> Unfinished<'a> {
    pub(super) fn new(files: &'a dyn Files, dir: &Path) -> Self {
        Self {
            files,
            dir: dir.to_path_buf(),
            paths: Vec::new(),
        }
    }

    /// Where the file `name` is while it is written.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}{UNFINISHED_SUFFIX}"))
    }

    pub(super) fn create(&mut self, name: &str) -> Result<Sink, FileError> {
        let path = self.path(name);
        let file = self
            .files
            .create(&path)
            .map_err(FileError::on("create", &path))?;
        self.paths.push(path);
        Ok(Sink {
            file,
            at: 0,
            crc: 0,
        })
    }

    /// Makes the content of a file durable.
    pub(super) fn sync(&self, name: &str, sink: &Sink) -> Result<(), FileError> {
        let path = self.path(name);
        sink.file.sync().map_err(FileError::on("sync", &path))
    }

    /// Gives a file its name.
    pub(super) fn rename(&mut self, name: &str) -> Result<(), FileError> {
        let (from, to) = (self.path(name), self.dir.join(name));
        self.files
            .rename(&from, &to)
            .map_err(FileError::on("rename", &from))?;
        self.paths.retain(|path| *path != from);
        self.paths.push(to);
        Ok(())
    }

    /// Makes the names durable; from here on the files are the caller's.
    pub(super) fn keep(mut self) -> Result<(), FileError> {
        self.files
            .sync_dir(&self.dir)
            .map_err(FileError::on("sync directory", &self.dir))?;
        self.paths.clear();
        Ok(())
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        // The Parquet file last: it says where the block comes from.
        for path in self.paths.iter().rev() {
            if let Err(error) = self.files.remove(path) {
                let path = path.display();
                tracing::debug!(%path, %error, "an unfinished block file stays until the next start");
            }
        }
    }
}
