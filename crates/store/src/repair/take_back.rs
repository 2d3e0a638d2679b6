//! Blocks come back from quarantine.
//!
//! Only those of this history, and only where they are of use: not when a block
//! of their name has come since, nor when a compacted block has their spans.
//! **What a person put there stays** until it is asked for by name.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::block::{Birth, Block, block_paths};
use crate::files::{Access, FileError, Files};
use crate::inventory::Inventory;
use crate::layout::BLOCKS_DIR;
use crate::manifest::Manifest;
use crate::quarantine;

/// A block of ours in quarantine.
struct Aside {
    name: String,
    place: PathBuf,
    files: Vec<PathBuf>,
}

/// Takes back what may come back; one line for each.
///
/// # Errors
/// The disk refuses.
pub(super) fn all(
    files: &dyn Files,
    dir: &Path,
    known: &Manifest,
    changes: &mut Vec<String>,
) -> Result<(), FileError> {
    let blocks = dir.join(BLOCKS_DIR);
    let mut merged = HashSet::new();
    let here = Inventory::take(files, &blocks, &Manifest::default())?;
    for name in here.unlisted.keys() {
        if let Some(birth) = ours(files, &blocks, name, known)
            && Block::describe(files, &blocks, name).is_ok()
        {
            merged.extend(birth.parts);
        }
    }
    let mut aside = Vec::new();
    for place in quarantine::places(files, dir)? {
        if quarantine::stays(files, &place)? {
            continue;
        }
        let found = Inventory::take(files, &place, &Manifest::default())?;
        for (name, paths) in found.unlisted {
            let Some(birth) = ours(files, &place, &name, known) else {
                continue;
            };
            if Block::describe(files, &place, &name).is_ok() {
                merged.extend(birth.parts);
            }
            aside.push(Aside {
                name,
                place: place.clone(),
                files: paths,
            });
        }
    }
    aside.retain(|block| !merged.contains(&block.name));
    aside.retain(|block| !is_taken(files, &blocks, &block.name));
    for block in &aside {
        move_back(files, &blocks, block, changes)?;
    }
    // First where they are, then where they are no more.
    let emptied = aside.iter().map(|block| block.place.as_path());
    for dir in std::iter::once(blocks.as_path()).chain(emptied) {
        files
            .sync_dir(dir)
            .map_err(FileError::on("sync directory", dir))?;
    }
    Ok(())
}

/// Lets the next repair take back this block, although somebody put it aside;
/// `false` when there is none.
///
/// # Errors
/// The disk refuses.
pub(super) fn allow(files: &dyn Files, dir: &Path, name: &str) -> Result<bool, FileError> {
    let mut is_there = false;
    for place in quarantine::places(files, dir)? {
        let found = Inventory::take(files, &place, &Manifest::default())?;
        if found.unlisted.contains_key(name) && quarantine::stays(files, &place)? {
            quarantine::let_go(files, &place)?;
            is_there = true;
        }
    }
    Ok(is_there)
}

/// The certificate of a block, if it is one of this history.
fn ours(files: &dyn Files, dir: &Path, name: &str, known: &Manifest) -> Option<Birth> {
    let birth = Birth::read(files, dir, name).ok().flatten()?;
    (birth.history == known.history).then_some(birth)
}

fn is_taken(files: &dyn Files, blocks: &Path, name: &str) -> bool {
    let paths = block_paths(blocks, name);
    paths
        .iter()
        .any(|path| files.open(path, Access::Read).is_ok())
}

fn move_back(
    files: &dyn Files,
    blocks: &Path,
    block: &Aside,
    changes: &mut Vec<String>,
) -> Result<(), FileError> {
    for path in &block.files {
        let to = blocks.join(path.file_name().unwrap_or_default());
        files
            .rename(path, &to)
            .map_err(FileError::on("rename", path))?;
    }
    let (name, place) = (&block.name, block.place.display());
    changes.push(format!("block {name} came back from {place}"));
    Ok(())
}
