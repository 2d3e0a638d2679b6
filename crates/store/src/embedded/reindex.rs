//! A start finds a block whose index file is lost or damaged: its Parquet file
//! holds every span, so the block is written again from it, and the new one
//! takes the place of the old on the list.
//!
//! The list is saved before the old files go to `quarantine/`: a crash in
//! between leaves files that are provably left over. **What cannot be written
//! again is left exactly as it was**, and told as any block that does not open.

use std::path::Path;

use crate::block::{self, Birth, Block, BlockError};
use crate::files::Files;
use crate::layout::BLOCKS_DIR;
use crate::manifest::{BlockEntry, Manifest, ManifestError, Removed};
use crate::quarantine::{self, Return};

/// Why a block was not written again.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReindexError {
    /// Its Parquet file cannot be read whole, or the disk refuses.
    #[error(transparent)]
    Block(#[from] BlockError),
    /// The list cannot be saved.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The Parquet file is not what the list speaks of.
    #[error("{0}")]
    Other(String),
}

/// Writes the block at `place` of the list again, and opens it. Answers what a
/// person should read.
pub(super) fn write_again(
    files: &dyn Files,
    dir: &Path,
    manifest: &mut Manifest,
    place: usize,
    damage: &BlockError,
) -> Result<(Block, String), ReindexError> {
    let blocks = dir.join(BLOCKS_DIR);
    let old = manifest.blocks[place].clone();
    let spans = old.spans;
    tracing::warn!(
        block = old.name,
        spans,
        "{damage}; the block is written again from its Parquet file, which may take a while"
    );
    let birth = Birth {
        history: manifest.history.clone(),
        listed_ns: old.listed_ns,
        // What is left of either is a leftover as long as the other is listed.
        parts: vec![old.name.clone()],
        ..Birth::read(files, &blocks, &old.name)?.unwrap_or_default()
    };
    let number = manifest.next_block + 1;
    let new = block::write_again(files, &blocks, &old.name, number, &birth)?;
    let opened = compare(&old, &new).and_then(|()| {
        let listed = BlockEntry {
            listed_ns: old.listed_ns,
            ..new.clone()
        };
        let block = Block::open(files, &blocks, listed.clone())?;
        list(files, dir, manifest, place, listed)?;
        Ok(block)
    });
    let block = match opened {
        Ok(block) => block,
        Err(error) => {
            // Else the next start takes it for one that may be needed.
            if !matches!(error, ReindexError::Manifest(_)) {
                block::remove(files, &blocks, &new.name).map_err(BlockError::from)?;
            }
            return Err(error);
        }
    };
    let paths = block::block_paths(&blocks, &old.name);
    let left = paths.iter().filter(|path| is_there(files, path));
    let left: Vec<_> = left.cloned().collect();
    let put = quarantine::set_aside(
        files,
        dir,
        &old.name,
        &left,
        &damage.to_string(),
        Return::OnRequest,
    );
    let put = match put {
        Ok(place) => format!("what was left of it is in {}", place.display()),
        Err(error) => format!("what was left of it stays until the next start: {error}"),
    };
    let told = format!(
        "block {} was written again from its Parquet file as {} with {spans} spans, and nothing \
         of it is lost ({damage}); {put}",
        old.name, new.name
    );
    Ok((block, told))
}

/// Does the new block hold what the list said of the old one?
fn compare(old: &BlockEntry, new: &BlockEntry) -> Result<(), ReindexError> {
    let facts = |of: &BlockEntry| (of.spans, of.traces, of.min_start_ns, of.max_start_ns);
    if facts(old) == facts(new) {
        return Ok(());
    }
    Err(ReindexError::Other(format!(
        "its Parquet file has (spans, traces, earliest start, latest start) {:?}, expected {:?}",
        facts(new),
        facts(old)
    )))
}

/// Puts the new block into the place of the old one.
fn list(
    files: &dyn Files,
    dir: &Path,
    manifest: &mut Manifest,
    place: usize,
    new: BlockEntry,
) -> Result<(), ManifestError> {
    let mut changed = manifest.clone();
    changed.next_block += 1;
    let old = std::mem::replace(&mut changed.blocks[place], new);
    changed.note_removed(std::iter::once(Removed::of(&old, true)));
    changed.save(files, dir)?;
    *manifest = changed;
    Ok(())
}

fn is_there(files: &dyn Files, path: &Path) -> bool {
    files.open(path, crate::files::Access::Read).is_ok()
}
