//! A backup as one file.
//!
//! The backup is made as a directory beside the file, where blocks can be
//! links, checked there, and then written into a tar archive. Until that is
//! synced it has another name, so **an archive under its own name is whole**.
//! What is in a block is compressed already, so the archive is not.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::super::error::CliError;

/// How the names of archives end.
const SUFFIX: &str = "tar";

/// The files of a backup that becomes an archive.
#[derive(Debug)]
pub(super) struct Archive {
    file: PathBuf,
}

impl Archive {
    /// The archive that a destination names; `None` if it names a directory.
    ///
    /// # Errors
    /// The file is there already, or would be compressed.
    pub(super) fn of(destination: &Path) -> Result<Option<Self>, CliError> {
        let name = destination.file_name().unwrap_or_default();
        let name = name.to_string_lossy().to_lowercase();
        if [".tar.gz", ".tgz", ".tar.zst", ".zip"]
            .iter()
            .any(|suffix| name.ends_with(suffix))
        {
            return Err(CliError::Usage(format!(
                "{}: blocks are compressed already, so a backup is a plain archive; name a file \
                 that ends in .tar, or a directory",
                destination.display()
            )));
        }
        let is_archive = destination.extension().is_some_and(|ext| ext == SUFFIX);
        if !is_archive || destination.is_dir() {
            return Ok(None);
        }
        if destination.symlink_metadata().is_ok() {
            return Err(CliError::Usage(format!(
                "{} is there already; name a file that is not",
                destination.display()
            )));
        }
        let archive = Self {
            file: destination.to_path_buf(),
        };
        let dir = archive.dir();
        if dir.symlink_metadata().is_ok() {
            return Err(CliError::Usage(format!(
                "{} is left of a backup that was interrupted, or is being made: remove it, or \
                 name another file",
                dir.display()
            )));
        }
        Ok(Some(archive))
    }

    /// Where the backup is made first.
    pub(super) fn dir(&self) -> PathBuf {
        self.beside("unfinished")
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.file.clone().into_os_string();
        name.push(format!(".{suffix}"));
        name.into()
    }

    /// Writes the archive and removes the directory.
    ///
    /// # Errors
    /// The disk refuses. The directory, a whole backup, is still there.
    pub(super) fn write(&self) -> Result<(), CliError> {
        let (dir, unfinished) = (self.dir(), self.beside("tmp"));
        let written = pack(&dir, &unfinished).and_then(|()| {
            fs::rename(&unfinished, &self.file)?;
            sync_parent(&self.file)
        });
        if let Err(error) = written {
            // It may be what fills the disk; that it is gone is no news.
            fs::remove_file(&unfinished).ok();
            return Err(CliError::Failed(format!(
                "cannot write {}: {error}; {} is a whole backup, as a directory",
                self.file.display(),
                dir.display()
            )));
        }
        fs::remove_dir_all(&dir).map_err(|error| {
            let (file, dir) = (self.file.display(), dir.display());
            CliError::Failed(format!(
                "{file} is written, but {dir} stays and can be removed: {error}"
            ))
        })
    }
}

/// Makes a durable archive of what is in a directory.
fn pack(dir: &Path, archive: &Path) -> io::Result<()> {
    let mut builder = tar::Builder::new(BufWriter::new(File::create(archive)?));
    builder.append_dir_all(".", dir)?;
    let mut out = builder.into_inner()?;
    out.flush()?;
    out.get_ref().sync_all()
}

fn sync_parent(file: &Path) -> io::Result<()> {
    let parent = file.parent().filter(|dir| !dir.as_os_str().is_empty());
    File::open(parent.unwrap_or_else(|| Path::new(".")))?.sync_all()
}
