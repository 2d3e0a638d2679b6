//! Sealing: live batches become a block, and the log lets go of them.
//!
//! The order keeps every crash harmless: block files, synced → manifest that
//! lists the block and moves the log's start → readers switch → log released.
//! Before the manifest, the block's files are orphans that the next start
//! removes; after it, the log's entries are not replayed.

use super::{Inner, Live};
use crate::block::{self, Birth, Block, BlockError};
use crate::layout::BLOCKS_DIR;
use crate::live::LiveBatch;
use crate::manifest::{Manifest, ManifestError, Removed};
use crate::wal::WalPosition;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use tracewell_model::SpanBatch;
use tracewell_model::batch::concat::{BatchJoiner, BatchTooLarge};

/// Why a block was not sealed or removed. Everything is still where it was.
#[derive(Debug, thiserror::Error)]
pub(super) enum ChangeError {
    #[error(transparent)]
    Block(#[from] BlockError),
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error(transparent)]
    TooLarge(#[from] BatchTooLarge),
}

impl Inner {
    /// Seals the oldest live batches up to the size of a block.
    pub(super) fn seal(&self) -> Result<(), ChangeError> {
        let _turn = self.options.neighbours.turn_to_seal();
        let live = self.live.batches.snapshot();
        let mut bytes = 0;
        let fits = live.iter().take_while(|batch| {
            let is_room = bytes < self.options.seal_bytes;
            bytes += batch.bytes as u64;
            is_room
        });
        let count = fits.count();
        let Some(last) = live[..count].last() else {
            return Ok(());
        };
        self.save_history()?;
        let joined = join(&live[..count])?;
        let number = self.take_block_number();
        let listed_ns = self.clock.now_ns();
        let attempt = Removed {
            name: block::block_name(number),
            written: Some((listed_ns, joined.len() as u64)),
            is_merged: false,
        };
        self.add_block(number, listed_ns, joined, count, last.position)
            .inspect_err(|_| self.discard(attempt))?;
        self.compactor.ring();
        if let Some(wal) = &*self.wal.read().unwrap_or_else(PoisonError::into_inner) {
            let first_segment = super::lock(&self.manifest).first_segment;
            wal.release_before(last.position, first_segment);
        }
        Ok(())
    }

    /// Writes the oldest `sealed` live batches as a block and puts it on the
    /// list, which moves the log's start.
    fn add_block(
        &self,
        number: u64,
        listed_ns: u64,
        spans: SpanBatch,
        sealed: usize,
        wal_from: WalPosition,
    ) -> Result<(), ChangeError> {
        let dir = self.dir.join(BLOCKS_DIR);
        let birth = {
            let manifest = super::lock(&self.manifest);
            Birth {
                history: manifest.history.clone(),
                listed_ns,
                log_from: manifest.wal_from,
                log_until: wal_from,
                parts: Vec::new(),
            }
        };
        let entry = block::write(&*self.files, &dir, number, &birth, &spans)?;
        drop(spans);
        let block = Arc::new(Block::open(&*self.files, &dir, entry.clone())?);
        self.commit(
            |manifest| {
                manifest.blocks.push(entry);
                manifest.wal_from = wal_from;
                // Without the log nothing is released either, and what was kept
                // is there.
                if let Some(wal) = &*self.wal.read().unwrap_or_else(PoisonError::into_inner) {
                    manifest.first_segment = wal.first_segment_from(wal_from);
                }
                true
            },
            |live| live.replace_with_block(sealed, block),
        )?;
        Ok(())
    }

    /// Removes what a failed attempt left of a block, so that attempt after
    /// attempt does not fill the disk; unless the manifest was replaced before
    /// its failure: then the next start may need the block, until another
    /// manifest is saved.
    pub(super) fn discard(&self, block: Removed) {
        let name = block.name.clone();
        let on_disk = Manifest::load(&*self.files, &self.dir);
        // A removal that is not durable can be undone by a power cut: the next
        // manifest says that the name is ours to remove.
        super::lock(&self.perhaps_listed).push(block);
        if !on_disk.is_ok_and(|found| !found.lists(&name)) {
            return;
        }
        for path in block::block_paths(&self.dir.join(BLOCKS_DIR), &name) {
            match self.files.remove(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    tracing::warn!(%error, path = %path.display(), "a file stays for now");
                }
                _ => {}
            }
        }
    }

    /// A number for a block, taken for good, so that a failed attempt never
    /// shares its name.
    pub(super) fn take_block_number(&self) -> u64 {
        let mut manifest = super::lock(&self.manifest);
        manifest.next_block += 1;
        manifest.next_block
    }

    /// Saves a changed manifest, unless `change` says that it does not apply
    /// any more; once it is durable, and before anybody else can change it,
    /// `show` lets readers see the same. Answers whether it applied.
    pub(super) fn commit(
        &self,
        change: impl FnOnce(&mut Manifest) -> bool,
        show: impl FnOnce(&Live),
    ) -> Result<bool, ManifestError> {
        let mut manifest = super::lock(&self.manifest);
        let mut changed = manifest.clone();
        if !change(&mut changed) {
            return Ok(false);
        }
        let unsure = super::lock(&self.perhaps_listed).clone();
        // Retention adds no block, and sealing takes none off the list.
        let is_merge = changed
            .blocks
            .iter()
            .any(|block| !manifest.lists(&block.name));
        let blocks = manifest.blocks.iter();
        let gone = blocks
            .map(|block| Removed::of(block, is_merge))
            .chain(unsure);
        let gone: Vec<Removed> = gone.filter(|of| !changed.lists(&of.name)).collect();
        changed.note_removed(gone.into_iter());
        self.wants_reserve.store(true, Ordering::Release);
        changed.save(&*self.files, &self.dir)?;
        self.is_history_durable.store(true, Ordering::Release);
        *manifest = changed;
        show(&self.live);
        self.live.unopened.keep_listed(&manifest.blocks);
        self.compactor.keep_listed(&manifest.blocks);
        // Now it is certain what the next start finds.
        let perhaps_listed = std::mem::take(&mut *super::lock(&self.perhaps_listed));
        for block in perhaps_listed {
            if !manifest.lists(&block.name) {
                self.remove_block_files(&block.name);
            }
        }
        Ok(true)
    }
}

fn join(live: &[LiveBatch]) -> Result<SpanBatch, BatchTooLarge> {
    let mut joiner = BatchJoiner::new();
    live.iter()
        .try_for_each(|batch| joiner.append(&batch.batch))?;
    Ok(joiner.finish())
}

impl Live {
    /// Readers see the block from now on, and the oldest batches no more.
    fn replace_with_block(&self, sealed: usize, block: Arc<Block>) {
        let mut blocks = self.blocks.write().unwrap_or_else(PoisonError::into_inner);
        self.batches.remove_oldest(sealed);
        blocks.push(block);
    }
}
