//! Makes a data directory whole again, as far as its own files allow: the list
//! of blocks from the blocks, index files from Parquet files.
//!
//! Run by a person, while no process has the directory. **Nothing is removed**:
//! what has no place any more goes to `quarantine/` with the reason, a damaged
//! list too.

mod index_again;
mod rescue;
mod take_back;

use std::io;
use std::path::{Path, PathBuf};

use tracewell_model::batch::concat::BatchTooLarge;
use tracewell_model::clock::Clock;

use crate::block::{Block, BlockError};
use crate::files::{FileError, Files, ReadOnly, ensure_dir};
use crate::inventory::Inventory;
use crate::layout::{BLOCKS_DIR, WAL_DIR};
use crate::lock::{DirLock, LockError};
use crate::manifest::{MANIFEST_FILE, Manifest, ManifestError};
use crate::quarantine::{self, Return};
use crate::rebuild::{self, Rebuilt};
use crate::wal;

/// Why a directory was not repaired. Nothing of it is lost.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// A process has it, or it cannot be written.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The list is of a newer version, or cannot be written.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] wal::OpenError),
    /// A block cannot be written.
    #[error(transparent)]
    Block(#[from] BlockError),
    /// Spans of the log cannot become a block.
    #[error(transparent)]
    TooLarge(#[from] BatchTooLarge),
    /// There is no such block.
    #[error("there is no block {0} in {dir}; `tracewell verify` names those that are damaged", dir = .1.display())]
    NoBlock(String, PathBuf),
    /// No such block was put aside.
    #[error("block {0} is not among those that were put aside into {dir}/quarantine", dir = .1.display())]
    NotAside(String, PathBuf),
    /// There is nothing that could be repaired.
    #[error("{} has no {BLOCKS_DIR}; name the data directory with --data-dir", .0.display())]
    NoStore(PathBuf),
}

/// What was done, one line each, and what there is now.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Repaired {
    /// What was changed.
    pub changes: Vec<String>,
    /// Blocks on the list.
    pub blocks: u64,
    /// Spans in them.
    pub spans: u64,
}

/// Takes a block off the list and puts its files into quarantine, where they
/// stay until [`take_back`].
///
/// # Errors
/// See [`RepairError`].
pub fn set_aside(files: &dyn Files, dir: &Path, name: &str) -> Result<Repaired, RepairError> {
    let _lock = lock(files, dir)?;
    let mut manifest = Manifest::load(files, dir)?;
    let blocks = dir.join(BLOCKS_DIR);
    let found = Inventory::take(files, &blocks, &Manifest::default())?;
    let paths = found.unlisted.get(name).cloned().unwrap_or_default();
    if paths.is_empty() && !manifest.lists(name) {
        return Err(RepairError::NoBlock(name.to_owned(), dir.to_path_buf()));
    }
    manifest.blocks.retain(|block| block.name != name);
    manifest.next_block = manifest.next_block.max(found.last_number);
    manifest.save(files, dir)?;
    let mut repaired = summary(&manifest);
    repaired.changes.push(match paths.is_empty() {
        true => format!("block {name}, of which no file is there, is off the list"),
        false => {
            let why = format!(
                "somebody asked for it; `tracewell repair --take-back {name}` lists it again"
            );
            let place = quarantine::set_aside(files, dir, name, &paths, &why, Return::OnRequest)?;
            format!("block {name} is off the list and in {}", place.display())
        }
    });
    Ok(repaired)
}

/// Takes back a block that somebody set aside, and repairs all else.
///
/// # Errors
/// See [`RepairError`].
pub fn take_back(
    files: &dyn Files,
    dir: &Path,
    name: &str,
    clock: &dyn Clock,
) -> Result<Repaired, RepairError> {
    let lock = lock(files, dir)?;
    if !take_back::allow(files, dir, name)? {
        return Err(RepairError::NotAside(name.to_owned(), dir.to_path_buf()));
    }
    drop(lock);
    repair(files, dir, clock)
}

/// Lists what can be listed and makes again what can be made.
///
/// # Errors
/// See [`RepairError`].
pub fn repair(files: &dyn Files, dir: &Path, clock: &dyn Clock) -> Result<Repaired, RepairError> {
    let _lock = lock(files, dir)?;
    let mut changes = Vec::new();
    let mut known = known_list(files, dir, &mut changes)?;
    let has_list = !known.history.is_empty() || !known.blocks.is_empty();
    if known.history.is_empty() {
        known.history = rebuild::history(files, dir)?;
    }
    take_back::all(files, dir, &known, &mut changes)?;
    let written = index_again::all(files, dir, &known, clock, &mut changes)?;
    let Rebuilt {
        mut manifest,
        left_out,
        held,
    } = rebuild::from_blocks(files, dir, &known, clock.now_ns())?;
    if manifest.history.is_empty() {
        manifest.begin_history();
    }
    if manifest.wal_from == known.wal_from {
        manifest.first_segment = known.first_segment;
    }
    settle_log(files, dir, &mut manifest, &mut changes)?;
    let used = quarantine::last_number(files, dir)?;
    manifest.next_block = manifest.next_block.max(used);
    let from = match has_list {
        true => known.wal_from,
        // From where the oldest block begins: what was before that went with
        // the blocks that had it.
        false => held
            .iter()
            .map(|range| range.start)
            .min()
            .unwrap_or_default(),
    };
    let listed = manifest.blocks.len();
    let rescued = rescue::from_log(files, dir, from, &held, &mut manifest, clock.now_ns())?;
    let is_told = |name: &str| written.iter().any(|told| told == name);
    let added = manifest.blocks[..listed].iter();
    let added = added.filter(|b| !known.lists(&b.name) && !is_told(&b.name));
    changes
        .extend(added.map(|b| format!("block {} with {} spans is listed again", b.name, b.spans)));
    changes.extend(rescued);
    let gone = known.blocks.iter();
    for gone in gone.filter(|b| !manifest.lists(&b.name) && !is_told(&b.name)) {
        let is_here = left_out.iter().any(|left| left.name == gone.name);
        let what = if is_here {
            "goes aside"
        } else {
            "is lost or in a compacted block"
        };
        changes.push(format!(
            "block {} with {} spans {what}",
            gone.name, gone.spans
        ));
    }
    manifest.save(files, dir)?;
    for left in &left_out {
        // What cannot be read now cannot be the next time.
        let comes_back = match Block::describe(files, &dir.join(BLOCKS_DIR), &left.name) {
            Ok(_) => Return::ByRepair,
            Err(_) => Return::OnRequest,
        };
        let place =
            quarantine::set_aside(files, dir, &left.name, &left.files, &left.why, comes_back)?;
        let (name, why) = (&left.name, &left.why);
        changes.push(format!("block {name} is in {}: {why}", place.display()));
    }
    Ok(Repaired {
        changes,
        ..summary(&manifest)
    })
}

/// A log that is gone, or its beginning, is said here for the last time: what
/// is left counts as whole from now on.
fn settle_log(
    files: &dyn Files,
    dir: &Path,
    manifest: &mut Manifest,
    changes: &mut Vec<String>,
) -> Result<(), RepairError> {
    let wal = dir.join(WAL_DIR);
    let names = match files.list(&wal) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        other => Some(other.map_err(FileError::on("list", &wal))?),
    };
    let Some(names) = names else {
        changes.push(format!(
            "{} was missing, with all spans that were in no block yet",
            wal.display()
        ));
        manifest.first_segment = None;
        return Ok(ensure_dir(files, &wal)?);
    };
    if let Some(segment) = manifest.first_segment {
        let path = wal::segment_path(&wal, segment);
        let is_there = names.iter().any(|entry| path.ends_with(&entry.name));
        if !is_there {
            changes.push(format!(
                "{} is missing, with all spans in it",
                path.display()
            ));
            manifest.first_segment = None;
        }
    }
    if manifest.first_segment.is_none() {
        begin_log(files, &wal, manifest, changes)?;
    }
    Ok(())
}

/// Where no list says it, nobody can tell whether the segments before the
/// oldest one were released or lost: retention may have removed the blocks that
/// had their spans.
fn begin_log(
    files: &dyn Files,
    wal: &Path,
    manifest: &mut Manifest,
    changes: &mut Vec<String>,
) -> Result<(), RepairError> {
    let known = wal::Known {
        from: manifest.wal_from,
        log: manifest.log_word(),
        ..wal::Known::default()
    };
    let found = wal::rehearse(&ReadOnly(files), wal, known, |_, _, _, _| {})?;
    let Some(oldest) = found.first_segment else {
        return Ok(());
    };
    // Of what is missing before others nothing more will ever be known, also
    // where an older segment happens to be there.
    let filled = || found.given_back.iter().map(|(at, _)| at.segment);
    let newest = filled().next_back().unwrap_or(oldest);
    let missing = found.missing_segments.iter().copied();
    let gone = missing.filter(|missing| *missing < newest).max();
    let first = match gone {
        Some(gone) => filled().chain([oldest]).filter(|at| *at > gone).min(),
        None => Some(oldest),
    };
    if let Some(first) = first.filter(|_| gone.is_some()) {
        changes.push(format!(
            "the log begins with {}: what was before it is in blocks, was removed by retention, \
             or is lost",
            wal::segment_path(wal, first).display()
        ));
    }
    // Whoever loses it from now on is told.
    manifest.first_segment = first;
    Ok(())
}

fn lock(files: &dyn Files, dir: &Path) -> Result<DirLock, RepairError> {
    // Before the lock creates a directory that was only mistyped.
    if files.list(&dir.join(BLOCKS_DIR)).is_err() {
        return Err(RepairError::NoStore(dir.to_path_buf()));
    }
    Ok(DirLock::acquire(files, dir)?)
}

/// The list as it is. A damaged one is put aside: it says nothing.
fn known_list(
    files: &dyn Files,
    dir: &Path,
    changes: &mut Vec<String>,
) -> Result<Manifest, RepairError> {
    match Manifest::find(files, dir) {
        Ok(Some(manifest)) => Ok(manifest),
        Ok(None) => {
            changes.push(format!("{MANIFEST_FILE} was missing and is made again"));
            Ok(Manifest::default())
        }
        Err(ManifestError::Damaged { path, reason }) => {
            let place = quarantine::set_aside(
                files,
                dir,
                MANIFEST_FILE,
                &[path],
                &reason,
                Return::OnRequest,
            )?;
            let place = place.display();
            changes.push(format!(
                "{MANIFEST_FILE} was damaged ({reason}), is in {place} and is made again"
            ));
            Ok(Manifest::default())
        }
        Err(error) => Err(error.into()),
    }
}

fn summary(manifest: &Manifest) -> Repaired {
    Repaired {
        changes: Vec::new(),
        blocks: manifest.blocks.len() as u64,
        spans: manifest.blocks.iter().map(|block| block.spans).sum(),
    }
}
