//! Retention: what is too old or too much goes, oldest first.
//!
//! Whole blocks go, and only sealed ones, in the order in which they were
//! sealed. What else the data directory or the disk has counts, and costs the
//! newest block only where the disk would stand still with it. The manifest forgets a block before
//! its files do, so a crash between leaves orphans and no dangling entry.

use super::age::Look;
use super::options::headroom_bytes;
use super::seal::ChangeError;
use super::{FreeSpace, Inner};
use crate::layout::WAL_DIR;
use crate::manifest::BlockEntry;
use crate::quarantine::{self, QUARANTINE_DIR};
use std::collections::HashSet;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

/// The part of `retention.bytes` that the log may take before it is sealed for
/// that alone, as a divisor.
const LOG_SHARE: u64 = 8;

/// What the disk lacks to what it should keep free.
#[derive(Debug, Clone, Copy, Default)]
struct Missing {
    bytes: u64,
    /// For so much of it the newest block goes, too: less than half of what
    /// should be free is left, and the next block may find no room.
    of_newest_bytes: u64,
}

impl Inner {
    /// Removes the blocks that retention no longer keeps; whether there were
    /// any.
    pub(super) fn apply_retention(&self) -> Result<bool, ChangeError> {
        let _turn = self.options.neighbours.turn_to_make_room();
        let blocks = super::lock(&self.manifest).blocks.clone();
        let missing = self.missing_space(!blocks.is_empty());
        let gone = self.expired(&blocks, missing);
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

    fn expired(&self, blocks: &[BlockEntry], missing: Missing) -> Vec<BlockEntry> {
        let old = self.too_old(blocks);
        let limit = self.options.retention.bytes;
        let fits = limit.map_or(u64::MAX, |limit| limit - headroom_bytes(limit));
        let needs_bytes = limit.is_some() || missing.bytes > 0;
        let mut bytes = if needs_bytes {
            let aside_bytes = quarantine::bytes(&*self.files, &self.dir);
            let all_bytes = self.data_bytes(blocks) + aside_bytes;
            all_bytes - limit.map_or(0, |limit| self.not_counted(aside_bytes, limit))
        } else {
            0
        };
        let fits_from = bytes.saturating_sub(missing.bytes);
        let newest_fits_from = bytes.saturating_sub(missing.of_newest_bytes);
        let newest = blocks.last().map(|entry| entry.name.as_str());
        let expired = blocks.iter().filter(|entry| {
            // What the log takes is not the newest block's fault.
            let is_much = match newest == Some(entry.name.as_str()) {
                true => entry.bytes > fits || bytes > newest_fits_from,
                false => bytes > fits || bytes > fits_from,
            };
            let is_expired = old.contains(&entry.name) || is_much;
            if is_expired {
                bytes = bytes.saturating_sub(entry.bytes);
            }
            is_expired
        });
        expired.cloned().collect()
    }

    /// Bytes in quarantine that cost no block: nobody reads what lies there, so
    /// it may take half of the limit from what is read, and a person is told.
    fn not_counted(&self, aside_bytes: u64, limit: u64) -> u64 {
        let most = limit / 2;
        let told = (aside_bytes > most).then(|| {
            format!(
                "{} takes {aside_bytes} bytes, more than half of retention.bytes ({limit}), and \
                 the data directory may grow past it; remove from it what nobody needs",
                self.dir.join(QUARANTINE_DIR).display()
            )
        });
        let crowded = &mut *super::lock(&self.crowded);
        if let (None, Some(told)) = (&crowded, &told) {
            tracing::warn!("{told}");
        }
        *crowded = told;
        aside_bytes.saturating_sub(most)
    }

    /// Names of the blocks that age removes now; says once what waits.
    fn too_old(&self, blocks: &[BlockEntry]) -> Vec<String> {
        let Some(age) = &mut *super::lock(&self.age) else {
            return Vec::new();
        };
        let verdict = age.judge(blocks, Look::at(&*self.clock));
        let waits = &mut *super::lock(&self.waits);
        match (&waits, &verdict.waits) {
            (None, Some(why)) => tracing::warn!("deletion by age waits: {why}"),
            (Some(_), None) => tracing::info!("deletion by age no longer waits for the clock"),
            _ => {}
        }
        *waits = verdict
            .waits
            .map(|why| format!("deletion by age waits: {why}"));
        verdict.old
    }

    /// Bytes that the disk lacks to what it should keep free. Says so once.
    fn missing_space(&self, has_blocks: bool) -> Missing {
        if self.options.retention.free_space == FreeSpace::Any {
            return Missing::default();
        }
        // A disk that does not answer refuses writes as well, which is said
        // elsewhere; nothing is removed on a guess.
        let Ok(space) = self.files.space(&self.dir) else {
            return Missing::default();
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
        Missing {
            bytes: missing_bytes,
            of_newest_bytes: missing_bytes.saturating_sub(wanted_bytes / 2),
        }
    }

    /// Bytes of the data directory but for the quarantine: blocks, every segment
    /// of the log, and the few files beside them.
    pub(super) fn data_bytes(&self, blocks: &[BlockEntry]) -> u64 {
        let blocks: u64 = blocks.iter().map(|entry| entry.bytes).sum();
        let listed = [self.dir.clone(), self.dir.join(WAL_DIR)].map(|dir| {
            // A directory that cannot be listed refuses writes as well.
            let entries = self.files.list(&dir).unwrap_or_default();
            entries.iter().map(|entry| entry.bytes).sum::<u64>()
        });
        blocks + listed.iter().sum::<u64>()
    }

    /// Whether the log takes more than its part of `retention.bytes`: then a
    /// seal lets go of it.
    pub(super) fn is_log_large(&self) -> bool {
        let Some(limit) = self.options.retention.bytes else {
            return false;
        };
        let log = self.wal.read().unwrap_or_else(PoisonError::into_inner);
        let held = log
            .as_ref()
            .map_or(0, |wal| wal.stats().held_segments as u64);
        held > 1 && held * u64::from(self.options.wal.segment_bytes) > limit / LOG_SHARE
    }
}
