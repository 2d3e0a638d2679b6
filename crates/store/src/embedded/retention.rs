//! Retention: what is too old or too much goes, oldest first.
//!
//! Whole blocks go, and only sealed ones. The manifest forgets a block before
//! its files do, so a crash between leaves orphans and no dangling entry.

use super::seal::ChangeError;
use super::{BLOCKS_DIR, Inner};
use crate::block;
use crate::manifest::BlockEntry;
use std::collections::HashSet;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

impl Inner {
    /// Removes the blocks that retention no longer keeps.
    pub(super) fn apply_retention(&self, now_ns: u64) -> Result<(), ChangeError> {
        let blocks = super::lock(&self.manifest).blocks.clone();
        let gone = self.expired(&blocks, now_ns);
        if gone.is_empty() {
            return Ok(());
        }
        let names: HashSet<&str> = gone.iter().map(|entry| entry.name.as_str()).collect();
        self.commit(|manifest| manifest.blocks.retain(|b| !names.contains(b.name.as_str())))?;
        self.live
            .blocks
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|block| !names.contains(block.meta().name.as_str()));
        for entry in &gone {
            self.removed_spans.fetch_add(entry.spans, Ordering::Relaxed);
            let dir = self.dir.join(BLOCKS_DIR);
            if let Err(error) = block::remove(&*self.files, &dir, &entry.name) {
                tracing::warn!(%error, "a removed block's file stays behind until the next start");
            }
        }
        tracing::info!(blocks = gone.len(), "retention removed old blocks");
        Ok(())
    }

    fn expired(&self, blocks: &[BlockEntry], now_ns: u64) -> Vec<BlockEntry> {
        let retention = self.options.retention;
        let mut by_age: Vec<&BlockEntry> = blocks.iter().collect();
        by_age.sort_by_key(|entry| entry.listed_ns);
        let oldest_kept_ns = retention.age.map_or(0, |age| {
            now_ns.saturating_sub(u64::try_from(age.as_nanos()).unwrap_or(u64::MAX))
        });
        let mut bytes = self.data_bytes(blocks);
        let limit = retention.bytes.unwrap_or(u64::MAX);
        let expired = by_age.into_iter().filter(|entry| {
            let is_expired = entry.listed_ns < oldest_kept_ns || bytes > limit;
            if is_expired {
                bytes = bytes.saturating_sub(entry.bytes);
            }
            is_expired
        });
        expired.cloned().collect()
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
