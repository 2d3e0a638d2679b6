//! A copy of a data directory, consistent while a process works in it.
//!
//! It works from outside, by files alone, and rests on two orders that the
//! store keeps: a block is complete before the manifest names it, and the
//! manifest is saved before the log lets go of anything. So: read the manifest,
//! link or copy its blocks, copy the log from where the manifest needs it, and
//! read the manifest again. If the log's start has not moved, all of that
//! belongs together; else another round fetches what is new. What was
//! acknowledged before is in it. **The source is never written, never locked,
//! and no file of it that may still change is linked.**

mod block_files;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use crate::files::{Access, FileError, Files, ensure_dir, write_all_at};
use crate::layout::{self, BLOCKS_DIR, WAL_DIR};
use crate::manifest::{MANIFEST_FILE, Manifest, ManifestError};
use crate::verify::{Problem, VerifyError, VerifyEvent, VerifyReport, verify};
use crate::wal;
use block_files::BlockCopies;

/// Rounds before giving up. The log's start moves with each sealed block, every
/// few seconds at most, and a round after the first takes less than one.
const MAX_ROUNDS: u32 = 100;

/// Stands where the manifest will be, so that nobody takes half a backup for a
/// store, or for one that is sound.
const UNFINISHED: &[u8] = b"this backup was not finished: remove the directory\n";

/// How a backup is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackupOptions {
    /// Copy the blocks even where they could be linked.
    pub always_copy: bool,
    /// Do not read and check what was linked or copied.
    pub unchecked: bool,
}

/// Told while the backup runs.
#[derive(Debug)]
pub enum BackupEvent<'a> {
    /// So many bytes of blocks of so many are linked or copied.
    Fetched {
        /// Bytes there.
        done_bytes: u64,
        /// Bytes there will be.
        total_bytes: u64,
    },
    /// So many bytes of so many are checked.
    Checked {
        /// Bytes checked.
        done_bytes: u64,
        /// Bytes there are to check.
        total_bytes: u64,
    },
    /// Something in the copy is not as it should be.
    Problem(&'a Problem),
}

/// What a backup holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackupReport {
    /// Files of blocks that share their bytes with the source.
    pub linked_files: u64,
    /// Files of blocks that were copied.
    pub copied_files: u64,
    /// Bytes of the log's copy.
    pub log_bytes: u64,
    /// Rounds until everything belonged together.
    pub rounds: u32,
    /// What the check of the finished copy found.
    pub checked: VerifyReport,
}

/// Why there is no backup. What is in the destination is not one.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is no store to back up.
    #[error(
        "{} is no data directory: it has neither {MANIFEST_FILE} nor {WAL_DIR} nor {BLOCKS_DIR}; \
         name the right one with --data-dir", dir.display()
    )]
    NoStore {
        /// The directory.
        dir: PathBuf,
    },
    /// The destination has something in it.
    #[error("{} is not empty; name a directory that is, or one that does not exist", dir.display())]
    NotEmpty {
        /// The destination.
        dir: PathBuf,
    },
    /// The destination is in the data directory.
    #[error("{} is inside the data directory; name one outside of it", dir.display())]
    Inside {
        /// The destination.
        dir: PathBuf,
    },
    /// The list of blocks cannot be used, or not be written.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] wal::OpenError),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The source changes faster than it can be copied.
    #[error(
        "the store sealed a block during each of {rounds} rounds: the destination is too slow; \
         back up to a faster disk"
    )]
    Restless {
        /// Rounds tried.
        rounds: u32,
    },
    /// The copy cannot be checked.
    #[error("the backup is written, but cannot be checked: {0}")]
    Check(#[from] VerifyError),
}

/// Writes a copy of the store in `source` into `target`, which is empty or does
/// not exist, and checks it. A process may be at work in `source`.
///
/// # Errors
/// See [`BackupError`]. Damage in the copy is no error: it is told and counted,
/// and what could be copied is there.
pub fn backup(
    files: &dyn Files,
    source: &Path,
    target: &Path,
    options: BackupOptions,
    tell: &mut dyn FnMut(BackupEvent<'_>),
) -> Result<BackupReport, BackupError> {
    check_source(files, source)?;
    check_target(files, source, target)?;
    for dir in [target, &target.join(BLOCKS_DIR), &target.join(WAL_DIR)] {
        ensure_dir(files, dir)?;
    }
    mark_unfinished(files, target)?;
    let mut copies = BlockCopies::new(files, source, target, options.always_copy);
    let (manifest, log_bytes, rounds) = fetch(files, source, target, &mut copies, tell)?;
    copies.finish(&manifest)?;
    sync_log(files, &target.join(WAL_DIR))?;
    manifest.save(files, target)?;
    let mut report = BackupReport {
        linked_files: copies.linked_files,
        copied_files: copies.copied_files,
        log_bytes,
        rounds,
        checked: VerifyReport::default(),
    };
    if options.unchecked {
        return Ok(report);
    }
    let never = AtomicBool::new(false);
    report.checked = verify(files, target, &never, &mut |event| {
        tell(match event {
            VerifyEvent::Problem(problem) => BackupEvent::Problem(problem),
            VerifyEvent::Progress {
                done_bytes,
                total_bytes,
            } => BackupEvent::Checked {
                done_bytes,
                total_bytes,
            },
        });
    })?;
    Ok(report)
}

/// Round after round, until blocks and log belong together.
fn fetch(
    files: &dyn Files,
    source: &Path,
    target: &Path,
    copies: &mut BlockCopies<'_>,
    tell: &mut dyn FnMut(BackupEvent<'_>),
) -> Result<(Manifest, u64, u32), BackupError> {
    let (from, into) = (source.join(WAL_DIR), target.join(WAL_DIR));
    let mut manifest = Manifest::load(files, source)?;
    for round in 1..=MAX_ROUNDS {
        let is_whole = copies.fetch(&manifest, tell)?;
        let mut now = Manifest::load(files, source)?;
        // The first round may have copied blocks for hours.
        if now.wal_from == manifest.wal_from && (is_whole || now.blocks == manifest.blocks) {
            let log = wal::copy_log(files, &from, &into, manifest.wal_from)?;
            now = Manifest::load(files, source)?;
            if now.wal_from == manifest.wal_from {
                manifest.first_segment = log.first_segment;
                return Ok((manifest, log.bytes, round));
            }
            clear(files, &into)?;
        }
        manifest = now;
    }
    Err(BackupError::Restless { rounds: MAX_ROUNDS })
}

fn check_source(files: &dyn Files, source: &Path) -> Result<(), BackupError> {
    match layout::has_store(files, source)? {
        true => Ok(()),
        false => Err(BackupError::NoStore {
            dir: source.to_path_buf(),
        }),
    }
}

fn check_target(files: &dyn Files, source: &Path, target: &Path) -> Result<(), BackupError> {
    let dir = target.to_path_buf();
    // A path that cannot be made absolute is compared as it is written.
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    if absolute(target).starts_with(absolute(source)) {
        return Err(BackupError::Inside { dir });
    }
    match files.list(target) {
        Ok(entries) if entries.is_empty() => Ok(()),
        Ok(_) => Err(BackupError::NotEmpty { dir }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(FileError::on("list", target)(error).into()),
    }
}

fn mark_unfinished(files: &dyn Files, target: &Path) -> Result<(), FileError> {
    let path = target.join(MANIFEST_FILE);
    let file = files
        .create(&path)
        .map_err(FileError::on("create", &path))?;
    write_all_at(&*file, UNFINISHED, 0).map_err(FileError::on("write", &path))?;
    file.sync().map_err(FileError::on("sync", &path))?;
    files
        .sync_dir(target)
        .map_err(FileError::on("sync directory", target))
}

/// Removes the log of a round that did not count.
fn clear(files: &dyn Files, dir: &Path) -> Result<(), FileError> {
    for entry in files.list(dir).map_err(FileError::on("list", dir))? {
        let path = dir.join(entry.name);
        files
            .remove(&path)
            .map_err(FileError::on("remove", &path))?;
    }
    Ok(())
}

fn sync_log(files: &dyn Files, dir: &Path) -> Result<(), FileError> {
    for entry in files.list(dir).map_err(FileError::on("list", dir))? {
        let path = dir.join(entry.name);
        files
            .open(&path, Access::Write)
            .and_then(|file| file.sync())
            .map_err(FileError::on("sync", &path))?;
    }
    files
        .sync_dir(dir)
        .map_err(FileError::on("sync directory", dir))
}
