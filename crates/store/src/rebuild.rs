//! A lost list of blocks is written again from the blocks themselves.
//!
//! Each block says what the list said of it, and up to where it has the log
//! (`block/birth.rs`). Blocks whose spans are in a merged block that is there
//! as well stay off the list. Blocks without a certificate, of earlier
//! versions, are listed as if they were sealed now: what is in the log besides
//! is then stored twice and shown once. **Nothing is changed here.**

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::block::{Birth, Block};
use crate::files::{FileError, Files};
use crate::inventory::{self, Inventory};
use crate::layout::{BLOCKS_DIR, WAL_DIR};
use crate::manifest::{self, BlockEntry, Manifest};
use crate::wal::{self, WalPosition};

/// A list that was made from blocks.
#[derive(Debug, Default)]
pub(crate) struct Rebuilt {
    /// It.
    pub(crate) manifest: Manifest,
    /// Blocks that are not on it: their files, and why.
    pub(crate) left_out: Vec<LeftOut>,
    /// What of the log the listed blocks hold.
    pub(crate) held: Vec<Range<WalPosition>>,
}

/// A block that did not come onto the list.
#[derive(Debug)]
pub(crate) struct LeftOut {
    pub(crate) name: String,
    pub(crate) files: Vec<PathBuf>,
    pub(crate) why: String,
}

/// Makes the list of the blocks in the data directory `dir`. `known` is a list
/// that may be old: what it says of a block is taken for true.
///
/// # Errors
/// The directory cannot be listed.
pub(crate) fn from_blocks(
    files: &dyn Files,
    dir: &Path,
    known: &Manifest,
    now_ns: u64,
) -> Result<Rebuilt, FileError> {
    let blocks_dir = dir.join(BLOCKS_DIR);
    let found = Inventory::take(files, &blocks_dir, &Manifest::default())?;
    let mut rebuilt = Rebuilt::default();
    let mut blocks: Vec<(BlockEntry, Option<Birth>)> = Vec::new();
    for (name, paths) in found.unlisted {
        let read = Birth::read_counted(files, &blocks_dir, &name);
        let is_removed = |(birth, spans): &(Option<Birth>, u64)| {
            inventory::is_removed(known, &name, birth.as_ref(), *spans)
        };
        // Its going was cut short: the next start removes it.
        if !known.lists(&name) && read.as_ref().is_ok_and(is_removed) {
            continue;
        }
        let birth = read.map(|(birth, _)| birth);
        match Block::describe(files, &blocks_dir, &name).and_then(|entry| Ok((entry, birth?))) {
            Ok(block) => blocks.push(block),
            Err(error) => rebuilt.left_out.push(LeftOut {
                name,
                files: paths,
                why: error.to_string(),
            }),
        }
    }
    let history = match known.history.is_empty() {
        true => history(files, dir)?,
        false => known.history.clone(),
    };
    let is_ours = |birth: &Birth| birth.history.is_empty() || birth.history == history;
    let births = blocks.iter().filter_map(|(_, birth)| birth.as_ref());
    let ours = births.filter(|birth| is_ours(birth));
    let merged: HashSet<String> = ours.clone().flat_map(|b| b.parts.clone()).collect();
    let log_until = ours.map(|birth| birth.log_until).max();
    blocks.sort_by_cached_key(|(entry, birth)| {
        let from = birth
            .as_ref()
            .map_or(WalPosition::default(), |b| b.log_from);
        (from, entry.name.clone())
    });
    for (mut entry, birth) in blocks {
        let of_ours = birth.as_ref().is_none_or(is_ours);
        let why = match (of_ours, merged.contains(&entry.name)) {
            (false, _) => Some("it was written for another data directory"),
            (true, true) => Some("its spans are in a compacted block"),
            (true, false) => None,
        };
        if let Some(why) = why {
            let name = entry.name;
            rebuilt.left_out.push(LeftOut {
                files: crate::block::block_paths(&blocks_dir, &name).to_vec(),
                why: why.to_owned(),
                name,
            });
            continue;
        }
        if let Some(birth) = &birth {
            rebuilt.held.push(birth.log_from..birth.log_until);
        }
        let listed = known.blocks.iter().find(|known| known.name == entry.name);
        entry.listed_ns = match (listed, birth) {
            (Some(known), _) => known.listed_ns,
            (None, Some(birth)) => birth.listed_ns,
            (None, None) => now_ns,
        };
        rebuilt.manifest.blocks.push(entry);
    }
    rebuilt.manifest.history = history;
    rebuilt.manifest.wal_from = log_until.unwrap_or_default().max(known.wal_from);
    rebuilt.manifest.next_block = found.last_number.max(known.next_block);
    rebuilt.manifest.removed.clone_from(&known.removed);
    Ok(rebuilt)
}

/// Which life of the data directory its files speak of, where no list says it:
/// that of most blocks, else that of the log. Empty where nothing speaks. **What
/// is in quarantine is not asked**: it may be another's.
///
/// # Errors
/// A directory cannot be read.
pub(crate) fn history(files: &dyn Files, dir: &Path) -> Result<String, FileError> {
    let blocks = dir.join(BLOCKS_DIR);
    let found = Inventory::take(files, &blocks, &Manifest::default())?;
    // The youngest decides between as many.
    let mut votes: HashMap<String, (u64, u64)> = HashMap::new();
    for name in found.unlisted.keys() {
        if let Ok(Some(birth)) = Birth::read(files, &blocks, name) {
            let (count, listed_ns) = votes.entry(birth.history).or_default();
            *count += 1;
            *listed_ns = birth.listed_ns.max(*listed_ns);
        }
    }
    votes.remove("");
    if let Some((history, _)) = votes.into_iter().max_by_key(|(_, vote)| *vote) {
        return Ok(history);
    }
    let word = wal::log_in(files, &dir.join(WAL_DIR))?;
    Ok(word.map_or_else(String::new, manifest::history_of_log))
}
