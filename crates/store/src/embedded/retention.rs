//! Retention: what is too old or too much goes, oldest first.
//!
//! Whole blocks go, and only sealed ones. The manifest forgets a block before
//! its files do, so a crash between leaves orphans and no dangling entry.

use super::seal::ChangeError;
use super::{FreeSpace, Inner};
use crate::manifest::BlockEntry;
use std::collections::HashSet;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

impl Inner {
    /// Removes the blocks that retention no longer keeps; whether there were
    /// any.
    pub(super) fn apply_retention(&self, now_ns: u64) -> Result<bool, ChangeError> {
        let blocks = super::lock(&self.manifest).blocks.clone();
        let missing_bytes = self.missing_space(!blocks.is_empty());
        let gone = self.expired(&blocks, now_ns, missing_bytes);
        if gone.is_empty() {
            return Ok(false);
        }
        let names: HashSet<&str> = gone.iter().map(|entry| entry.name.as_str()).collect();
        self.commit(
            |manifest| {
                // A merge may have taken one of them into a younger block since.
                let listed = manifest.blocks.iter();
                let here = listed.filter(|entry| names.contains(entry.name.as_str()));
                let is_current = here.count() == names.len();
                manifest
                    .blocks
                    .retain(|entry| !names.contains(entry.name.as_str()));
                is_current
            },
            |live| {
                let spans = gone.iter().map(|entry| entry.spans).sum();
                self.removed_spans.fetch_add(spans, Ordering::Relaxed);
                live.blocks
                    .write()
                    .unwrap_or_else(PoisonError::into_inner)
                    .retain(|block| !names.contains(block.meta().name.as_str()));
                names.iter().for_each(|name| self.remove_block_files(name));
                tracing::info!(blocks = gone.len(), "retention removed old blocks");
            },
        )
        .map_err(ChangeError::from)
    }

    fn expired(&self, blocks: &[BlockEntry], now_ns: u64, missing_bytes: u64) -> Vec<BlockEntry> {
        let retention = self.options.retention;
        let mut by_age: Vec<&BlockEntry> = blocks.iter().collect();
        by_age.sort_by_key(|entry| entry.listed_ns);
        let oldest_kept_ns = retention.age.map_or(0, |age| {
            now_ns.saturating_sub(u64::try_from(age.as_nanos()).unwrap_or(u64::MAX))
        });
        let mut bytes = self.data_bytes(blocks);
        let limit = retention.bytes.unwrap_or(u64::MAX);
        let fits_from = bytes.saturating_sub(missing_bytes);
        let expired = by_age.into_iter().filter(|entry| {
            let is_expired = entry.listed_ns < oldest_kept_ns || bytes > limit || bytes > fits_from;
            if is_expired {
                bytes = bytes.saturating_sub(entry.bytes);
            }
            is_expired
        });
        expired.cloned().collect()
    }

    /// Bytes that the disk lacks to what it should keep free. Says so once.
    fn missing_space(&self, has_blocks: bool) -> u64 {
        if self.options.retention.free_space == FreeSpace::Any {
            return 0;
        }
        // A disk that does not answer refuses writes as well, which is said
        // elsewhere; nothing is removed on a guess.
        let Ok(space) = self.files.space(&self.dir) else {
            return 0;
        };
        let wanted_bytes = self.options.retention.free_space.bytes(space.total_bytes);
        let missing_bytes = wanted_bytes.saturating_sub(space.free_bytes);
        let was_short = self
            .is_space_short
            .swap(missing_bytes > 0, Ordering::Relaxed);
        if missing_bytes > 0 && !was_short {
            tracing::warn!(
                free_bytes = space.free_bytes,
                wanted_bytes,
                "the disk of {} is nearly full; {}",
                self.dir.display(),
                if has_blocks {
                    "the oldest blocks are removed"
                } else {
                    "there is no block to remove"
                }
            );
        }
        missing_bytes
    }

    /// Bytes of the data directory: blocks and log.
    pub(super) fn data_bytes(&self, blocks: &[BlockEntry]) -> u64 {
        let log = self.wal.read().unwrap_or_else(PoisonError::into_inner);
        let segments = log
            .as_ref()
            .map_or(0, |wal| wal.stats().held_segments as u64);
        let blocks: u64 = blocks.iter().map(|entry| entry.bytes).sum();
        blocks + segments * u64::from(self.options.wal.segment_bytes)
    }
}
