//! A place for what nobody can vouch for: `quarantine/` in the data directory.
//!
//! ```text
//! quarantine/0000000012/0000000012.parquet
//!                       0000000012.index
//!                       WHY                 one line for people
//!                       STAYS               a repair leaves it here
//! ```
//!
//! Files are renamed into it, which works on a full disk. **Nothing is ever
//! removed from it**: that is for a person to do, or for `tracewell repair`,
//! which takes blocks back, but for those that a person put here
//! or that were written again under another name (`STAYS`).

use std::io;
use std::path::{Path, PathBuf};

use crate::files::{FileError, Files, ensure_dir, write_all_at};

/// Directory below the data directory.
pub(crate) const QUARANTINE_DIR: &str = "quarantine";

/// The file that says why.
const WHY_FILE: &str = "WHY";

/// The file that says that a repair leaves the block where it is.
const STAYS_FILE: &str = "STAYS";

/// Who may take back what goes into quarantine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Return {
    /// The next repair, if it belongs here.
    ByRepair,
    /// A repair that is asked for it by name.
    OnRequest,
}

/// Moves these files into a directory of their own named after `name`, and
/// answers where they are.
///
/// # Errors
/// The disk refuses; each file is where it was or in the quarantine.
pub(crate) fn set_aside(
    files: &dyn Files,
    data_dir: &Path,
    name: &str,
    paths: &[PathBuf],
    why: &str,
    comes_back: Return,
) -> Result<PathBuf, FileError> {
    let parent = data_dir.join(QUARANTINE_DIR);
    ensure_dir(files, &parent)?;
    let place = free_place(files, &parent, name)?;
    ensure_dir(files, &place)?;
    if comes_back == Return::OnRequest {
        // First, or a crash leaves a block here that comes back.
        stay(files, &place)?;
    }
    for path in paths {
        let Some(file) = path.file_name() else {
            continue;
        };
        files
            .rename(path, &place.join(file))
            .map_err(FileError::on("rename", path))?;
    }
    write_why(files, &place, why);
    // First where they are, then where they are no more.
    let emptied = paths.iter().filter_map(|path| path.parent());
    for dir in std::iter::once(place.as_path()).chain(emptied.take(1)) {
        files
            .sync_dir(dir)
            .map_err(FileError::on("sync directory", dir))?;
    }
    Ok(place)
}

/// Says that the block stays in its place.
fn stay(files: &dyn Files, place: &Path) -> Result<(), FileError> {
    let path = place.join(STAYS_FILE);
    files
        .create(&path)
        .map_err(FileError::on("create", &path))?;
    files
        .sync_dir(place)
        .map_err(FileError::on("sync directory", place))
}

/// Does the block in this place stay until somebody asks for it?
///
/// # Errors
/// The place cannot be listed.
pub(crate) fn stays(files: &dyn Files, place: &Path) -> Result<bool, FileError> {
    let entries = files.list(place).map_err(FileError::on("list", place))?;
    Ok(entries.iter().any(|entry| entry.name == STAYS_FILE))
}

/// Lets the next repair take back what is in a place.
///
/// # Errors
/// The disk refuses.
pub(crate) fn let_go(files: &dyn Files, place: &Path) -> Result<(), FileError> {
    let path = place.join(STAYS_FILE);
    files.remove(&path).map_err(FileError::on("remove", &path))
}

/// Directories in the quarantine, sorted.
///
/// # Errors
/// It cannot be listed.
pub(crate) fn places(files: &dyn Files, data_dir: &Path) -> Result<Vec<PathBuf>, FileError> {
    let parent = data_dir.join(QUARANTINE_DIR);
    let entries = match files.list(&parent) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(FileError::on("list", &parent))?,
    };
    let dirs = entries.into_iter().filter(|entry| entry.is_dir);
    let mut places: Vec<PathBuf> = dirs.map(|entry| parent.join(entry.name)).collect();
    places.sort();
    Ok(places)
}

/// Bytes of all files in it; what cannot be listed counts nothing.
pub(crate) fn bytes(files: &dyn Files, data_dir: &Path) -> u64 {
    let places = places(files, data_dir).unwrap_or_default();
    let listed = places.iter().flat_map(|place| files.list(place));
    listed.flatten().map(|entry| entry.bytes).sum()
}

/// The largest number of a block that was ever put there.
///
/// # Errors
/// It cannot be listed.
pub(crate) fn last_number(files: &dyn Files, data_dir: &Path) -> Result<u64, FileError> {
    let places = places(files, data_dir)?;
    let names = places
        .iter()
        .filter_map(|place| place.file_name()?.to_str());
    let numbers = names.filter_map(|name| name.split('-').next()?.parse().ok());
    Ok(numbers.max().unwrap_or(0))
}

/// A directory that is not there yet: the same block may come more than once.
fn free_place(files: &dyn Files, parent: &Path, name: &str) -> Result<PathBuf, FileError> {
    let taken = files.list(parent).map_err(FileError::on("list", parent))?;
    let mut place = name.to_owned();
    let mut copy = 1;
    while taken.iter().any(|entry| entry.name == place) {
        copy += 1;
        place = format!("{name}-{copy}");
    }
    Ok(parent.join(place))
}

/// Where the disk has no room for a line, the log has it.
fn write_why(files: &dyn Files, place: &Path, why: &str) {
    let path = place.join(WHY_FILE);
    let written = files.create(&path).and_then(|file| {
        write_all_at(&*file, format!("{why}\n").as_bytes(), 0)?;
        file.sync()
    });
    if let Err(error) = written {
        tracing::warn!(path = %path.display(), %error, "the reason cannot be written");
    }
}
