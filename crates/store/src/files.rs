//! The one door to the disk: every file of the store is opened through
//! [`Files`].
//!
//! It exists so that durability can be tested instead of believed:
//! [`DiskFiles`] is the operating system, [`faulty::FaultyFiles`] a disk in
//! memory that fails on request and forgets on a power cut whatever was not
//! synced. The rest of the store must never name `std::fs`, and nothing here
//! may retry a failed sync: after one, what is on the disk is unknown.

pub mod disk;
pub mod faulty;
mod read_only;

use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use disk::DiskFiles;
pub(crate) use read_only::ReadOnly;

/// What an opened file is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reading only.
    Read,
    /// Reading and writing in place.
    Write,
}

/// One name in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirEntry {
    /// File name without its directory. Names that are not UTF-8 are never
    /// ours and are left out of a listing.
    pub name: String,
    /// Size in bytes; 0 for a directory.
    pub bytes: u64,
    /// Whether it is a directory.
    pub is_dir: bool,
}

/// Room on a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Bytes that this process may still write.
    pub free_bytes: u64,
    /// Bytes of the whole file system.
    pub total_bytes: u64,
}

/// A file system, as much of it as the store needs.
///
/// Creating, renaming and removing change a directory, and a directory is
/// durable only after [`sync_dir`](Files::sync_dir) on it returned `Ok`.
pub trait Files: Debug + Send + Sync {
    /// Creates one directory; its parent must exist.
    ///
    /// # Errors
    /// `AlreadyExists` if the name is taken, whatever it names.
    fn create_dir(&self, path: &Path) -> io::Result<()>;

    /// Creates an empty file for reading and writing.
    ///
    /// # Errors
    /// `AlreadyExists` if the name is taken.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>>;

    /// Opens an existing file.
    ///
    /// # Errors
    /// `NotFound` if there is none.
    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn File>>;

    /// Lists a directory, in no particular order.
    ///
    /// # Errors
    /// `NotFound` if there is none.
    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>>;

    /// Gives a file another name, replacing what had that name before.
    ///
    /// # Errors
    /// `NotFound` if there is no `from`.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives a file a second name. Both name the same bytes until one of them
    /// is removed, so only files that never change may be linked.
    ///
    /// # Errors
    /// `NotFound` if there is no `from`, `AlreadyExists` if `to` is taken;
    /// `CrossesDevices`, or something else, where a link cannot be made.
    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file. Handles that are open stay usable.
    ///
    /// # Errors
    /// `NotFound` if there is none.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a directory durable.
    ///
    /// # Errors
    /// After any error it is unknown which names survive a power cut.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// Room on the file system that has this directory.
    ///
    /// # Errors
    /// Whatever the system answers.
    fn space(&self, dir: &Path) -> io::Result<Space>;
}

/// An open file, shared between threads; every access names its offset.
///
/// [`read_at`](File::read_at) and [`write_at`](File::write_at) may move fewer
/// bytes than asked; callers use [`read_exact_at`] and [`write_all_at`].
pub trait File: Debug + Send + Sync {
    /// Size in bytes.
    ///
    /// # Errors
    /// Whatever the system answers.
    fn size(&self) -> io::Result<u64>;

    /// Reads from `offset`; 0 bytes means the end of the file.
    ///
    /// # Errors
    /// Whatever the system answers.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes at `offset`, growing the file if needed.
    ///
    /// # Errors
    /// After any error, part of `data` may have been written.
    fn write_at(&self, data: &[u8], offset: u64) -> io::Result<usize>;

    /// Cuts the file, or extends it with zeros.
    ///
    /// # Errors
    /// Whatever the system answers.
    fn set_size(&self, bytes: u64) -> io::Result<()>;

    /// Makes content and size durable (fdatasync).
    ///
    /// # Errors
    /// After any error it is unknown which writes since the last successful
    /// sync are on the disk, and a later success says nothing about them.
    fn sync(&self) -> io::Result<()>;

    /// Takes the exclusive advisory lock of the file, without waiting; it is
    /// given back when the handle is dropped or the process ends. `false` if
    /// another handle holds it.
    ///
    /// # Errors
    /// `Unsupported` on file systems without locks.
    fn try_lock(&self) -> io::Result<bool>;
}

/// A failed operation on a named file: what every store error carries, since
/// an [`io::Error`] alone does not say which file.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {source}", path.display())]
pub struct FileError {
    /// What was tried, as a verb: `open`, `write`.
    pub action: &'static str,
    /// The file or directory.
    pub path: PathBuf,
    /// What the system answered.
    pub source: io::Error,
}

impl FileError {
    /// For `map_err`: puts the action and the path to an [`io::Error`].
    pub fn on(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FileError {
        move |source| FileError {
            action,
            path: path.to_path_buf(),
            source,
        }
    }

    /// Whether the disk, or the owner's share of it, is full.
    pub fn is_disk_full(&self) -> bool {
        is_disk_full(&self.source)
    }
}

/// Whether an error says that the disk, or the owner's share of it, is full.
pub fn is_disk_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// Writes all of `data` at `offset`, however few bytes each write takes.
///
/// # Errors
/// The first error other than an interruption; part of `data` may be written.
pub fn write_all_at(file: &dyn File, mut data: &[u8], mut offset: u64) -> io::Result<()> {
    while !data.is_empty() {
        match file.write_at(data, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                data = &data[written..];
                offset += written as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Fills `buffer` from `offset`.
///
/// # Errors
/// `UnexpectedEof` if the file ends before; otherwise the first error other
/// than an interruption.
pub fn read_exact_at(file: &dyn File, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        match file.read_at(buffer, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                buffer = &mut buffer[read..];
                offset += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Creates a directory and its missing parents, durably. One that exists is
/// left as it is, but its name is made durable: the process that created it may
/// have been killed before it came to that.
///
/// # Errors
/// Names the first directory that cannot be created or synced.
pub fn ensure_dir(files: &dyn Files, path: &Path) -> Result<(), FileError> {
    let Some(parent) = parent(path) else {
        return Ok(());
    };
    match files.create_dir(path) {
        // Its parent may be as new, and was then not made durable by us.
        Ok(()) => sync_name(files, parent)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return sync_name(files, path);
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            ensure_dir(files, parent)?;
            files
                .create_dir(path)
                .map_err(FileError::on("create directory", path))?;
        }
        Err(error) => return Err(FileError::on("create directory", path)(error)),
    }
    files
        .sync_dir(parent)
        .map_err(FileError::on("sync directory", parent))
}

/// Makes the name of an existing directory durable, unless its parent is not
/// ours to read: then we cannot have created it.
fn sync_name(files: &dyn Files, path: &Path) -> Result<(), FileError> {
    let Some(parent) = parent(path) else {
        return Ok(());
    };
    match files.sync_dir(parent) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        other => other.map_err(FileError::on("sync directory", parent)),
    }
}

/// The directory that holds a path; `None` for the root.
fn parent(path: &Path) -> Option<&Path> {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Some(Path::new(".")),
        other => other,
    }
}
