//! Whose are the files of the block directory?
//!
//! ```text
//! 0000000012.parquet, .index          a block: listed, or not
//! 0000000012.parquet.tmp, .index.tmp  being written when a process ended
//! anything else                       not ours
//! ```
//!
//! A file goes only when it can be proved that nothing is lost with it: it has
//! one of our temporary names, or it is a block whose going the manifest wrote
//! down, whose spans are still in the log or in a listed block of the same part
//! of it, or whose parts are listed and there, or went into a listed block.
//! **That no list names a file is never a reason to remove it**: the list may
//! be lost, or be an older one.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::block::{Birth, Block, BlockError, BlockFile, block_file};
use crate::files::{FileError, Files};
use crate::manifest::Manifest;
use crate::wal::RecoveryReport;

/// The files of the block directory, compared with a manifest.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Inventory {
    /// Blocks that the manifest does not name, with the files they have.
    pub(crate) unlisted: BTreeMap<String, Vec<PathBuf>>,
    /// Listed blocks of which no file is there.
    pub(crate) missing: Vec<String>,
    /// Files that were being written.
    pub(crate) unfinished: Vec<PathBuf>,
    /// What else lies there.
    pub(crate) foreign: Vec<PathBuf>,
    /// The largest number that a block here has, or was to have.
    pub(crate) last_number: u64,
}

impl Inventory {
    /// Looks at `dir`, which may be missing. Changes nothing.
    ///
    /// # Errors
    /// It cannot be listed.
    pub(crate) fn take(
        files: &dyn Files,
        dir: &Path,
        manifest: &Manifest,
    ) -> Result<Self, FileError> {
        let entries = match files.list(dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            other => other.map_err(FileError::on("list", dir))?,
        };
        let mut missing: Vec<String> = manifest.blocks.iter().map(|b| b.name.clone()).collect();
        let mut found = Self::default();
        for entry in entries {
            let path = dir.join(&entry.name);
            match block_file(&entry.name).filter(|_| !entry.is_dir) {
                None => found.foreign.push(path),
                Some(BlockFile::Unfinished { number }) => {
                    found.last_number = found.last_number.max(number);
                    found.unfinished.push(path);
                }
                Some(BlockFile::Whole { name, number }) => {
                    found.last_number = found.last_number.max(number);
                    missing.retain(|listed| listed != name);
                    if !manifest.lists(name) {
                        let files = found.unlisted.entry(name.to_owned()).or_default();
                        files.push(path);
                    }
                }
            }
        }
        found.missing = missing;
        Ok(found)
    }
}

/// What becomes of a block that the manifest does not name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nothing is lost with it.
    Leftover,
    /// It may be all that is left of its spans, for this reason.
    Keep(String),
}

/// Judges a block in `dir` that `manifest` does not name. `log` is what was read
/// back from the manifest's place in the log on.
///
/// # Errors
/// The disk refuses, so that nothing can be said.
pub(crate) fn judge(
    files: &dyn Files,
    dir: &Path,
    name: &str,
    manifest: &Manifest,
    log: &RecoveryReport,
) -> Result<Fate, FileError> {
    let (birth, spans) = match Birth::read_counted(files, dir, name) {
        Ok((birth, spans)) if is_removed(manifest, name, birth.as_ref(), spans) => {
            return Ok(Fate::Leftover);
        }
        Ok((Some(birth), spans)) => (birth, spans),
        Ok((None, _)) => {
            let why = "it does not say where it comes from, as blocks of earlier versions";
            return Ok(Fate::Keep(why.to_owned()));
        }
        // An index alone: it holds no span, and can be made again from the
        // Parquet file wherever that is.
        Err(BlockError::File(error)) if error.source.kind() == io::ErrorKind::NotFound => {
            return Ok(Fate::Leftover);
        }
        Err(BlockError::File(error)) => return Err(error),
        Err(error) => return Ok(Fate::Keep(error.to_string())),
    };
    if manifest.history.is_empty() || birth.history != manifest.history {
        let why = "it was written for another data directory, or before MANIFEST was lost";
        return Ok(Fate::Keep(why.to_owned()));
    }
    if birth.log_until > manifest.wal_from {
        let was_in_log = birth.parts.is_empty() && birth.log_from >= manifest.wal_from;
        let is_in_log = log.holds(birth.log_from..birth.log_until, spans);
        return Ok(match (was_in_log, is_in_log) {
            (true, true) => Fate::Leftover,
            (true, false) => Fate::Keep("the log has lost some of what it holds".to_owned()),
            (false, _) => Fate::Keep("MANIFEST is older than this block".to_owned()),
        });
    }
    if birth.parts.is_empty() {
        return Ok(match has_twin(files, dir, &birth, spans, manifest)? {
            true => Fate::Leftover,
            false => Fate::Keep("no MANIFEST says that it went".to_owned()),
        });
    }
    let mut here = Vec::new();
    for part in &birth.parts {
        here.push(is_there(files, dir, part, manifest)?);
    }
    // Parts go together when their merge is listed: while one is there, the
    // others went with retention.
    let is_unmerged = here.contains(&true);
    for (part, is_here) in birth.parts.iter().zip(here) {
        let went = manifest.removed.iter().find(|of| of.name == *part);
        let is_safe = is_here
            || match went {
                None => false,
                Some(went) if went.is_merged && !is_unmerged => {
                    has_successor(files, dir, part, manifest)?
                }
                Some(_) => true,
            };
        if !is_safe {
            let why = format!("block {part}, which it was merged from, is not there");
            return Ok(Fate::Keep(why));
        }
    }
    Ok(Fate::Leftover)
}

/// Does the list say that this very block went? Another's may have its name, or
/// a later one that was written when an older list had been put back.
pub(crate) fn is_removed(
    manifest: &Manifest,
    name: &str,
    birth: Option<&Birth>,
    spans: u64,
) -> bool {
    let is_ours = |birth: &Birth| birth.history.is_empty() || birth.history == manifest.history;
    let listed_ns = birth.map(|birth| birth.listed_ns);
    let mut named = manifest.removed.iter().filter(|of| of.name == name);
    birth.is_none_or(is_ours) && named.any(|of| of.is(listed_ns, spans))
}

/// Is there a listed block that was merged from this one? That a list says it
/// went proves less: where the list is an older one, what it went into may be
/// lost, and the block that is judged may be all there is of it.
fn has_successor(
    files: &dyn Files,
    dir: &Path,
    part: &str,
    manifest: &Manifest,
) -> Result<bool, FileError> {
    for listed in &manifest.blocks {
        let Ok(Some(birth)) = Birth::read(files, dir, &listed.name) else {
            continue;
        };
        let is_merged = birth.parts.iter().any(|of| of == part);
        if is_merged && is_there(files, dir, &listed.name, manifest)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Does a listed block hold the same part of the log? After a manifest of which
/// nobody knew whether it was saved, the same batches are sealed once more.
fn has_twin(
    files: &dyn Files,
    dir: &Path,
    birth: &Birth,
    spans: u64,
    manifest: &Manifest,
) -> Result<bool, FileError> {
    for listed in manifest.blocks.iter().filter(|entry| entry.spans == spans) {
        let Ok(Some(other)) = Birth::read(files, dir, &listed.name) else {
            continue;
        };
        let is_same = other.parts.is_empty()
            && other.history == birth.history
            && (other.log_from, other.log_until) == (birth.log_from, birth.log_until);
        if is_same && is_there(files, dir, &listed.name, manifest)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Is a block listed and whole, as far as can be told without reading all of
/// it? An older list names blocks that are long merged.
fn is_there(
    files: &dyn Files,
    dir: &Path,
    name: &str,
    manifest: &Manifest,
) -> Result<bool, FileError> {
    match Block::describe(files, dir, name) {
        Ok(_) => Ok(manifest.lists(name)),
        Err(BlockError::File(error)) if error.source.kind() != io::ErrorKind::NotFound => {
            Err(error)
        }
        Err(_) => Ok(false),
    }
}

#[cfg(test)]
mod tests;
