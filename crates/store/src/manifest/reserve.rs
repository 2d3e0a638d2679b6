//! Room for one manifest, taken from the disk while there is some.
//!
//! On a full disk, data goes only after a manifest without it is safe. A file
//! that is removed to make room for it may lose that room to whoever fills
//! the disk; therefore the manifest is written **into** the reserve, in place,
//! which needs no byte more, and the reserve becomes the manifest. It must
//! never be read, and a start without it is a start like any other.

use std::io;
use std::path::{Path, PathBuf};

use crate::files::{Access, FileError, Files, write_all_at};

/// Name of the reserve in the data directory.
pub(crate) const RESERVE_FILE: &str = "MANIFEST.reserve";

/// The reserve is a multiple of this.
const STEP_BYTES: usize = 64 << 10;

fn path_in(dir: &Path) -> PathBuf {
    dir.join(RESERVE_FILE)
}

/// Makes a reserve for manifests up to somewhat more than `len` bytes, unless
/// there is one.
///
/// # Errors
/// The disk has no room for it, or refuses otherwise; nothing is left then.
pub(crate) fn ensure(files: &dyn Files, dir: &Path, len: usize) -> Result<(), FileError> {
    let path = path_in(dir);
    match files.open(&path, Access::Read).and_then(|file| file.size()) {
        Ok(bytes) if bytes >= len as u64 + len as u64 / 4 => return Ok(()),
        // Too small by now, or a start was interrupted while it was made.
        Ok(_) => remove(files, &path)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(FileError::on("open", &path)(error)),
    }
    let made = fill(files, &path, (2 * len).next_multiple_of(STEP_BYTES));
    // So that a full disk is not filled by the attempt to provide for it.
    if made.is_err()
        && let Err(error) = remove(files, &path)
    {
        tracing::debug!(%error, "an unfinished reserve stays until the next attempt");
    }
    made
}

fn fill(files: &dyn Files, path: &Path, bytes: usize) -> Result<(), FileError> {
    let file = files.create(path).map_err(FileError::on("create", path))?;
    write_all_at(&*file, &vec![0; bytes], 0).map_err(FileError::on("write", path))?;
    file.sync().map_err(FileError::on("sync", path))
}

fn remove(files: &dyn Files, path: &Path) -> Result<(), FileError> {
    files.remove(path).map_err(FileError::on("remove", path))
}

/// Makes the reserve the manifest `to`, with this text.
///
/// # Errors
/// There is no reserve, it is too small, or the disk refuses.
pub(super) fn become_manifest(
    files: &dyn Files,
    dir: &Path,
    to: &Path,
    text: &[u8],
) -> Result<(), FileError> {
    let path = path_in(dir);
    let file = files
        .open(&path, Access::Write)
        .map_err(FileError::on("open", &path))?;
    let bytes = file.size().map_err(FileError::on("read", &path))?;
    if bytes < text.len() as u64 {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        return Err(FileError::on("write", &path)(full));
    }
    write_all_at(&*file, text, 0).map_err(FileError::on("write", &path))?;
    file.set_size(text.len() as u64)
        .map_err(FileError::on("cut", &path))?;
    file.sync().map_err(FileError::on("sync", &path))?;
    files
        .rename(&path, to)
        .map_err(FileError::on("rename", &path))
}
