//! Index files that are lost, damaged or another block's are made again.
//!
//! The Parquet file has all that an index says. What is written has a number of
//! its own, and the old files go aside: **nothing is overwritten.**

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::Path;

use tracewell_model::clock::Clock;

use super::RepairError;
use crate::block::{self, Birth, Block, BlockError};
use crate::files::{Files, ensure_dir};
use crate::inventory::Inventory;
use crate::layout::BLOCKS_DIR;
use crate::manifest::{BlockEntry, Manifest};
use crate::quarantine::{self, Return};

/// Blocks whose index file is lost or damaged are written anew from their
/// Parquet files, under a number of their own; the old files go aside. Answers
/// the names, old and new.
pub(super) fn all(
    files: &dyn Files,
    dir: &Path,
    known: &Manifest,
    clock: &dyn Clock,
    changes: &mut Vec<String>,
) -> Result<Vec<String>, RepairError> {
    let mut written_names = Vec::new();
    let blocks = dir.join(BLOCKS_DIR);
    ensure_dir(files, &blocks)?;
    let found = Inventory::take(files, &blocks, &Manifest::default())?;
    let used = quarantine::last_number(files, dir)?.max(known.next_block);
    let mut number = found.last_number.max(used);
    let exchanged = exchanged(files, &blocks, found.unlisted.keys());
    for (name, paths) in &found.unlisted {
        let listed = known.blocks.iter().find(|block| block.name == *name);
        let entry = match listed {
            // What the list says tells whether the index file is its own.
            Some(listed) => Ok(listed.clone()),
            None => Block::describe(files, &blocks, name),
        };
        let opened = entry.and_then(|entry| Block::open(files, &blocks, entry));
        let damage = match opened.and_then(|block| block.index_damage()) {
            Ok(None) if exchanged.contains(name) => BlockError::damaged(
                &block::block_paths(&blocks, name)[1],
                "the index file is that of another block",
            ),
            Ok(None) => continue,
            Ok(Some(damage)) => damage,
            Err(damage) if damage.is_index_lost() => damage,
            Err(error) => {
                changes.push(format!("block {name} cannot be read: {error}"));
                continue;
            }
        };
        number += 1;
        let listed_ns = listed.map_or_else(|| clock.now_ns(), |block| block.listed_ns);
        let written = Birth::read(files, &blocks, name).and_then(|birth| {
            let birth = birth.unwrap_or_else(|| Birth {
                listed_ns,
                ..Birth::default()
            });
            block::write_again(files, &blocks, name, number, &birth)
        });
        match written {
            Ok(entry) => {
                let why = format!("it was written again as {}: {damage}", entry.name);
                quarantine::set_aside(files, dir, name, paths, &why, Return::OnRequest)?;
                changes.push(format!(
                    "block {name} was written again as {} with {} spans: {damage}",
                    entry.name, entry.spans
                ));
                written_names.extend([name.clone(), entry.name]);
            }
            Err(BlockError::File(error)) if error.source.kind() != io::ErrorKind::NotFound => {
                return Err(error.into());
            }
            Err(error) => changes.push(format!("block {name} cannot be read: {error}")),
        }
    }
    Ok(written_names)
}

/// Blocks whose index file is that of another one. Where no list says what they
/// hold, nothing else than the size of their Parquet files tells them apart.
fn exchanged<'a>(
    files: &dyn Files,
    blocks: &Path,
    names: impl Iterator<Item = &'a String>,
) -> HashSet<String> {
    let open = |entry: BlockEntry| Block::open(files, blocks, entry);
    let mut alike: HashMap<u64, Vec<BlockEntry>> = HashMap::new();
    for entry in names.filter_map(|name| Block::describe(files, blocks, name).ok()) {
        if let Ok(block) = open(entry.clone()) {
            alike.entry(block.parquet_bytes()).or_default().push(entry);
        }
    }
    let mut exchanged = HashSet::new();
    for entries in alike.into_values().filter(|alike| alike.len() > 1) {
        let opened: Vec<Block> = entries.into_iter().filter_map(|e| open(e).ok()).collect();
        let others = opened
            .iter()
            .filter(|block| block.index_of_another(&opened).unwrap_or(false));
        exchanged.extend(others.map(|block| block.meta().name.clone()));
    }
    exchanged
}
