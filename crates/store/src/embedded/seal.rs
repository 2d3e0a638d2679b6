//! Sealing: live batches become a block, and the log lets go of them.
//!
//! The order keeps every crash harmless: block files, synced → manifest that
//! lists the block and moves the log's start → readers switch → log released.
//! Before the manifest, the block's files are orphans that the next start
//! removes; after it, the log's entries are not replayed.

use super::{BLOCKS_DIR, Inner, Live};
use crate::block::{self, Block, BlockError};
use crate::live::LiveBatch;
use crate::manifest::{Manifest, ManifestError};
use crate::wal::WalPosition;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tracewell_model::SpanBatch;
use tracewell_model::batch::concat::{BatchJoiner, BatchTooLarge};

/// How often the background thread looks around without being called.
const TICK: Duration = Duration::from_secs(1);

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
    /// The background thread, until the store stops.
    pub(super) fn run_background(&self) {
        crate::priority::lower_this_thread();
        let mut live_since_ns = None;
        let mut pause = TICK;
        while let Some(is_called) = self.live.wait(pause) {
            self.live.batches.join_small();
            self.open_again();
            let now_ns = self.clock.now_ns();
            let is_empty = self.live.batches.spans() == 0;
            let since = *live_since_ns.get_or_insert(now_ns);
            if is_empty {
                live_since_ns = None;
            }
            let age = Duration::from_nanos(now_ns.saturating_sub(since));
            let is_full = self.live.batches.bytes() >= self.options.seal_bytes;
            let is_due = !is_empty && (is_called || is_full || age >= self.options.seal_age);
            let sealed = if is_due { self.seal() } else { Ok(()) };
            if is_due && sealed.is_ok() {
                live_since_ns = None;
            }
            let changed = sealed.and_then(|()| self.apply_retention(now_ns));
            pause = self.note(changed);
        }
    }

    /// Remembers what went wrong and says it once; answers how long to wait.
    fn note(&self, changed: Result<(), ChangeError>) -> Duration {
        let mut trouble = super::lock(&self.trouble);
        match changed {
            Ok(()) => {
                if trouble.take().is_some() {
                    tracing::info!("the store can change its blocks again");
                }
                TICK
            }
            Err(error) => {
                let text = error.to_string();
                if trouble.as_ref() != Some(&text) {
                    tracing::error!(%error, "a block could not be sealed or removed; trying again");
                }
                *trouble = Some(text);
                self.options.retry_after
            }
        }
    }

    /// Seals the oldest live batches up to the size of a block.
    pub(super) fn seal(&self) -> Result<(), ChangeError> {
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
        let joined = join(&live[..count])?;
        let number = self.take_block_number();
        self.add_block(number, joined, count, last.position)
            .inspect_err(|_| self.discard(&block::block_name(number)))?;
        self.compactor.ring();
        if let Some(wal) = &*self.wal.read().unwrap_or_else(PoisonError::into_inner) {
            wal.release_before(last.position);
        }
        Ok(())
    }

    /// Writes the oldest `sealed` live batches as a block and puts it on the
    /// list, which moves the log's start.
    fn add_block(
        &self,
        number: u64,
        spans: SpanBatch,
        sealed: usize,
        wal_from: WalPosition,
    ) -> Result<(), ChangeError> {
        let dir = self.dir.join(BLOCKS_DIR);
        let mut entry = block::write(&*self.files, &dir, number, &spans)?;
        entry.listed_ns = self.clock.now_ns();
        drop(spans);
        let block = Arc::new(Block::open(&*self.files, &dir, entry.clone())?);
        self.commit(
            |manifest| {
                manifest.blocks.push(entry);
                manifest.wal_from = wal_from;
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
    pub(super) fn discard(&self, name: &str) {
        let on_disk = Manifest::load(&*self.files, &self.dir);
        if !on_disk.is_ok_and(|found| found.blocks.iter().all(|block| block.name != name)) {
            super::lock(&self.perhaps_listed).push(name.to_owned());
            return;
        }
        let dir = self.dir.join(BLOCKS_DIR);
        for entry in self.files.list(&dir).unwrap_or_default() {
            if entry.name.split('.').next() == Some(name)
                && let Err(error) = self.files.remove(&dir.join(&entry.name))
            {
                tracing::warn!(%error, name = entry.name, "a file stays until the next start");
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
        changed.save(&*self.files, &self.dir)?;
        *manifest = changed;
        show(&self.live);
        self.live.unopened.keep_listed(&manifest.blocks);
        // Now it is certain what the next start finds.
        let perhaps_listed = std::mem::take(&mut *super::lock(&self.perhaps_listed));
        for name in perhaps_listed {
            if !manifest.blocks.iter().any(|block| block.name == name) {
                self.remove_block_files(&name);
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
    /// Waits for the bell or the time; `None` means that the store stops,
    /// `Some(true)` that a seal was asked for.
    fn wait(&self, at_most: Duration) -> Option<bool> {
        let bell = super::lock(&self.bell);
        let quiet = |bell: &mut super::Bell| !bell.seal && !bell.stop;
        let (mut bell, _) = self
            .rung
            .wait_timeout_while(bell, at_most, quiet)
            .unwrap_or_else(PoisonError::into_inner);
        (!bell.stop).then(|| std::mem::take(&mut bell.seal))
    }

    /// Readers see the block from now on, and the oldest batches no more.
    fn replace_with_block(&self, sealed: usize, block: Arc<Block>) {
        let mut blocks = self.blocks.write().unwrap_or_else(PoisonError::into_inner);
        self.batches.remove_oldest(sealed);
        blocks.push(block);
    }
}
