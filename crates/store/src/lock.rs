//! One process per data directory.
//!
//! Two processes that write one log destroy it. The file `LOCK` carries the
//! operating system's advisory lock, which ends with the process however it
//! ends, and the owner's process id for the message that the second one
//! prints. The file is never removed: removing would let two processes lock
//! two different files of that name.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::files::{
    Access, File, FileError, Files, ensure_dir, is_disk_full, read_exact_at, write_all_at,
};

/// Name of the lock file in the data directory.
pub const LOCK_FILE: &str = "LOCK";

/// The longest process id that is read back.
const MAX_PID_BYTES: u64 = 20;

/// Why the data directory is not ours.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error(
        "data directory {} is in use by {owner}; stop that process, or choose another directory \
         with --data-dir", dir.display()
    )]
    Held {
        /// The data directory.
        dir: PathBuf,
        /// `process 1234`, or `another process` if it left no id.
        owner: String,
    },
    /// The lock file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
}

/// The right to use a data directory, until dropped.
#[derive(Debug)]
pub struct DirLock {
    file: Arc<dyn File>,
}

impl DirLock {
    /// Locks `dir`, which is created if it is missing. Never waits.
    ///
    /// # Errors
    /// [`LockError::Held`] if another process has it; [`LockError::File`] if
    /// the directory cannot be created or the lock file cannot be written.
    pub fn acquire(files: &dyn Files, dir: &Path) -> Result<DirLock, LockError> {
        ensure_dir(files, dir)?;
        let path = dir.join(LOCK_FILE);
        let file = open_or_create(files, &path).map_err(FileError::on("open", &path))?;
        if !file.try_lock().map_err(FileError::on("lock", &path))? {
            return Err(LockError::Held {
                dir: dir.to_path_buf(),
                owner: owner(&*file),
            });
        }
        let pid = format!("{}\n", std::process::id());
        let written = file
            .set_size(0)
            .and_then(|()| write_all_at(&*file, pid.as_bytes(), 0));
        match written {
            // The id is for people only, and a full disk can still be read.
            Err(error) if is_disk_full(&error) => {}
            other => other.map_err(FileError::on("write", &path))?,
        }
        Ok(DirLock { file })
    }
}

impl DirLock {
    /// Locks `dir` for somebody who only reads through `files`, which MUST drop
    /// what is written; `None` where there is nothing
    /// to lock: a copy without the lock file, a file system without locks.
    ///
    /// # Errors
    /// [`LockError::Held`] if another process has it; [`LockError::File`] if
    /// the lock file cannot be opened.
    pub(crate) fn of_reader(files: &dyn Files, dir: &Path) -> Result<Option<DirLock>, LockError> {
        let path = dir.join(LOCK_FILE);
        let file = match files.open(&path, Access::Write) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(FileError::on("open", &path)(error).into()),
        };
        match file.try_lock() {
            Ok(true) => Ok(Some(DirLock { file })),
            Ok(false) => Err(LockError::Held {
                dir: dir.to_path_buf(),
                owner: owner(&*file),
            }),
            Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(None),
            Err(error) => Err(FileError::on("lock", &path)(error).into()),
        }
    }
}

impl Drop for DirLock {
    fn drop(&mut self) {
        // The id is for people only; the lock itself goes with the handle.
        if let Err(error) = self.file.set_size(0) {
            tracing::debug!(%error, "the process id stays in the lock file");
        }
    }
}

fn open_or_create(files: &dyn Files, path: &Path) -> io::Result<Arc<dyn File>> {
    match files.open(path, Access::Write) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        other => return other,
    }
    match files.create(path) {
        // Another process was quicker: the lock decides.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            files.open(path, Access::Write)
        }
        other => other,
    }
}

/// Who holds the lock, as far as the file tells.
fn owner(file: &dyn File) -> String {
    let bytes = file.size().unwrap_or(0).min(MAX_PID_BYTES);
    let mut text = vec![0; bytes as usize];
    let pid = match read_exact_at(file, &mut text, 0) {
        Ok(()) => str::from_utf8(&text)
            .ok()
            .and_then(|t| t.trim().parse::<u32>().ok()),
        Err(_) => None,
    };
    match pid {
        Some(pid) => format!("process {pid}"),
        None => "another process".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::DiskFiles;
    use crate::files::faulty::{EROFS, Fault, FaultyFiles, Operation};

    #[test]
    fn a_second_owner_is_told_who_has_the_directory_and_what_to_do() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("deep/data");
        let faulty = FaultyFiles::new();
        for (files, dir) in [
            (&DiskFiles as &dyn Files, dir.as_path()),
            (&faulty, Path::new("/data")),
        ] {
            let first = DirLock::acquire(files, dir).unwrap();
            let message = DirLock::acquire(files, dir).unwrap_err().to_string();
            assert_eq!(
                message,
                format!(
                    "data directory {} is in use by process {}; stop that process, or choose \
                     another directory with --data-dir",
                    dir.display(),
                    std::process::id()
                )
            );
            drop(first);
            DirLock::acquire(files, dir).unwrap();
        }
    }

    #[test]
    fn a_lock_file_without_an_id_still_gives_a_clear_message() {
        for content in ["", "rubbish", "99999999999999999999999999"] {
            let files = FaultyFiles::new();
            let lock = DirLock::acquire(&files, Path::new("data")).unwrap();
            lock.file.set_size(0).unwrap();
            write_all_at(&*lock.file, content.as_bytes(), 0).unwrap();
            let error = DirLock::acquire(&files, Path::new("data")).unwrap_err();
            assert!(error.to_string().contains("in use by another process"));
        }
    }

    #[test]
    fn a_read_only_file_system_is_named() {
        let files = FaultyFiles::new();
        files.fail(Fault {
            operation: Operation::Create,
            name: "",
            skip: 0,
            times: 9,
            errno: EROFS,
        });
        let error = DirLock::acquire(&files, Path::new("data")).unwrap_err();
        let expected = "cannot create directory data: Read-only file system";
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}
