//! What a start does with a lost list, and with files that no list names.
//!
//! A list that is not there is made again from the blocks. A block that is not
//! on the list is removed only when it is proved to be a leftover, and else
//! goes to `quarantine/` with the reason. **Files with names that are not ours
//! are not touched.**

use super::Inner;
use super::opened::{OpenError, OpenReport};
use crate::block::Birth;
use crate::files::{FileError, Files, ensure_dir};
use crate::inventory::{self, Fate, Inventory};
use crate::layout::{BLOCKS_DIR, WAL_DIR};
use crate::manifest::{MANIFEST_FILE, Manifest, ManifestError};
use crate::quarantine::{self, Return};
use crate::rebuild::{self, LeftOut};
use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;

/// See [`Start::read`].
pub(super) type PutAway<'a> = dyn Fn(&LeftOut) -> Result<String, FileError> + 'a;

/// The list that a start goes by.
pub(super) struct Start {
    pub(super) manifest: Manifest,
    /// It is the one on the disk.
    pub(super) is_durable: bool,
    /// What a person should read.
    pub(super) warnings: Vec<String>,
}

impl Start {
    /// Reads the list, or makes it when there is none. `put_away` gets the
    /// blocks that cannot be on one, and answers what to say of them.
    pub(super) fn read(
        files: &dyn Files,
        dir: &Path,
        now_ns: u64,
        put_away: &PutAway<'_>,
    ) -> Result<Self, OpenError> {
        let mut start = match Manifest::find(files, dir)? {
            Some(manifest) => Self {
                is_durable: !manifest.history.is_empty(),
                manifest,
                warnings: Vec::new(),
            },
            None => Self::without_list(files, dir, now_ns, put_away)?,
        };
        if start.manifest.history.is_empty() {
            // The log may carry a word of a start that could not save it.
            start.manifest.history = rebuild::history(files, dir)?;
        }
        if start.manifest.history.is_empty() {
            start.manifest.begin_history();
        }
        Ok(start)
    }

    fn without_list(
        files: &dyn Files,
        dir: &Path,
        now_ns: u64,
        put_away: &PutAway<'_>,
    ) -> Result<Self, OpenError> {
        let rebuilt = rebuild::from_blocks(files, dir, &Manifest::default(), now_ns)?;
        let mut warnings = Vec::new();
        let listed = rebuilt.manifest.blocks.len();
        if listed + rebuilt.left_out.len() > 0 {
            let spans: u64 = rebuilt.manifest.blocks.iter().map(|b| b.spans).sum();
            warnings.push(format!(
                "{} is missing: the list of blocks was made again from the {listed} blocks that \
                 are there, with {spans} spans",
                dir.join(MANIFEST_FILE).display(),
            ));
        }
        for left_out in &rebuilt.left_out {
            warnings.push(put_away(left_out)?);
        }
        Ok(Self {
            manifest: rebuilt.manifest,
            is_durable: false,
            warnings,
        })
    }
}

/// A used directory without a log has lost it, whatever was in it. **Asked
/// before the log is opened**, which makes the directory.
pub(super) fn lost_log(files: &dyn Files, dir: &Path, start: &Start) -> Option<String> {
    let wal = dir.join(WAL_DIR);
    let is_used = start.is_durable || !start.manifest.blocks.is_empty();
    let is_gone = matches!(files.list(&wal), Err(error) if error.kind() == io::ErrorKind::NotFound);
    (is_used && is_gone).then(|| {
        format!(
            "{} is missing, with all spans that were in no block yet",
            wal.display()
        )
    })
}

/// The largest segment of the log that a block names which is not on the list:
/// what the listed ones name is before the manifest's place in the log.
pub(super) fn last_named_segment(
    files: &dyn Files,
    dir: &Path,
    manifest: &Manifest,
) -> Result<u64, FileError> {
    let aside = quarantine::places(files, dir)?.into_iter();
    let nothing = Manifest::default();
    let aside = aside.map(|place| (place, &nothing));
    let mut last = 0;
    for (place, listed) in aside.chain([(dir.join(BLOCKS_DIR), manifest)]) {
        let found = Inventory::take(files, &place, listed)?;
        for name in found.unlisted.keys() {
            // A block that cannot say it comes onto no list either.
            if let Ok(Some(birth)) = Birth::read(files, &place, name) {
                last = last.max(birth.log_until.segment);
            }
        }
    }
    Ok(last)
}

/// Removes leftovers, puts what may not be lost into quarantine, and sees to it
/// that no block gets a name that was used before.
pub(super) fn blocks_dir(
    files: &dyn Files,
    dir: &Path,
    manifest: &mut Manifest,
    report: &mut OpenReport,
) -> Result<(), OpenError> {
    let blocks = dir.join(BLOCKS_DIR);
    ensure_dir(files, &blocks)?;
    let found = Inventory::take(files, &blocks, manifest)?;
    for path in &found.unfinished {
        remove(files, path, report)?;
    }
    for (name, paths) in found.unlisted {
        match inventory::judge(files, &blocks, &name, manifest, &report.wal)? {
            Fate::Leftover => {
                for path in &paths {
                    remove(files, path, report)?;
                }
            }
            Fate::Keep(why) => {
                let left_out = LeftOut {
                    name,
                    files: paths,
                    why,
                };
                report.warnings.push(put_away(files, dir, &left_out)?);
            }
        }
    }
    let used = found.last_number.max(quarantine::last_number(files, dir)?);
    manifest.next_block = manifest.next_block.max(used);
    Ok(())
}

fn remove(files: &dyn Files, path: &Path, report: &mut OpenReport) -> Result<(), FileError> {
    files.remove(path).map_err(FileError::on("remove", path))?;
    report.removed_files += 1;
    Ok(())
}

/// Into quarantine.
pub(super) fn put_away(
    files: &dyn Files,
    dir: &Path,
    left_out: &LeftOut,
) -> Result<String, FileError> {
    let LeftOut {
        name,
        files: paths,
        why,
    } = left_out;
    let place = quarantine::set_aside(files, dir, name, paths, why, Return::ByRepair)?;
    Ok(format!(
        "block {name} is on no list and was put aside into {}: {why}; `tracewell repair` lists it \
         again if it belongs here",
        place.display()
    ))
}

impl Inner {
    /// Makes durable which history the blocks that follow belong to, if it is
    /// not yet.
    pub(super) fn save_history(&self) -> Result<(), ManifestError> {
        if !self.is_history_durable.load(Ordering::Acquire) {
            self.commit(|_| true, |_| {})?;
        }
        Ok(())
    }
}
