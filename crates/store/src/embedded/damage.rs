//! Blocks that could not be opened, what the log lost, and what is known of
//! damage in open blocks.
//!
//! A block that the manifest lists and that does not open is missing from every
//! answer; so is what the log had acknowledged and the start did not find. **Answers and the status say so for as long as it is listed**, not
//! one line at the start alone. Where the disk refused and may not the next
//! time (too many open files), the background thread tries again.

use super::{Inner, Live};
use crate::block::{Block, BlockError};
use crate::layout::BLOCKS_DIR;
use crate::manifest::BlockEntry;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tracewell_model::store::{DamagedBlock, ScanReport};
use tracewell_model::{StoreError, TimeRange};

/// Listed blocks that are not open, and what the start missed in the log.
#[derive(Debug, Default)]
pub(super) struct Unopened {
    blocks: Mutex<Vec<Missing>>,
    /// Spans, as far as known, if any are missing.
    of_log: OnceLock<u64>,
}

#[derive(Debug)]
struct Missing {
    entry: BlockEntry,
    reason: String,
    is_lasting: bool,
}

impl Unopened {
    pub(super) fn add(&self, entry: BlockEntry, error: &BlockError) {
        super::lock(&self.blocks).push(Missing {
            entry,
            reason: error.to_string(),
            is_lasting: error.is_lasting(),
        });
    }

    /// The start did not find all of the log: these spans, as far as known.
    pub(super) fn lose_of_log(&self, spans: u64) {
        self.of_log.get_or_init(|| spans);
    }

    /// Counts those with spans in the range as left out. When the lost spans of
    /// the log started is not known.
    pub(super) fn count(&self, range: TimeRange, report: &mut ScanReport) {
        if let Some(spans) = self.of_log.get() {
            report.lacks_log = true;
            report.unread_blocks += 1;
            report.unread_spans += spans;
        }
        for Missing { entry, .. } in &*super::lock(&self.blocks) {
            if range.overlaps(entry.min_start_ns, entry.max_start_ns) {
                report.total_blocks += 1;
                report.unread_blocks += 1;
                report.unread_spans += entry.spans;
            }
        }
    }

    /// Forgets those that retention has removed.
    pub(super) fn keep_listed(&self, listed: &[BlockEntry]) {
        let is_listed = |name: &str| listed.iter().any(|entry| entry.name == name);
        super::lock(&self.blocks).retain(|missing| is_listed(&missing.entry.name));
    }

    /// Those that may open the next time.
    fn worth_a_try(&self) -> Vec<BlockEntry> {
        let missing = super::lock(&self.blocks);
        let worth = missing.iter().filter(|missing| !missing.is_lasting);
        worth.map(|missing| missing.entry.clone()).collect()
    }

    fn set_reason(&self, name: &str, error: &BlockError) {
        let mut missing = super::lock(&self.blocks);
        for missing in missing.iter_mut().filter(|of| of.entry.name == name) {
            missing.reason = error.to_string();
            missing.is_lasting = error.is_lasting();
        }
    }

    fn remove(&self, name: &str) {
        super::lock(&self.blocks).retain(|missing| missing.entry.name != name);
    }
}

impl Live {
    /// What is damaged: blocks that are not open first.
    pub(super) fn damaged(&self, blocks: &[Arc<Block>]) -> Vec<DamagedBlock> {
        let missing = super::lock(&self.unopened.blocks);
        let missing = missing.iter().map(|missing| DamagedBlock {
            name: missing.entry.name.clone(),
            spans: missing.entry.spans,
            reason: missing.reason.clone(),
            is_lasting: missing.is_lasting,
        });
        missing
            .chain(blocks.iter().filter_map(|block| block.damage()))
            .collect()
    }
}

impl Inner {
    /// What a person should know though the store works, apart from damage.
    pub(super) fn attention(&self) -> Vec<String> {
        let found = self.found_at_start.iter().cloned();
        let later = [&self.waits, &self.crowded].map(|text| super::lock(text).clone());
        found.chain(later.into_iter().flatten()).collect()
    }

    /// Opens blocks that the disk refused before.
    pub(super) fn open_again(&self) {
        let dir = self.dir.join(BLOCKS_DIR);
        for entry in self.live.unopened.worth_a_try() {
            match Block::open(&*self.files, &dir, entry.clone()) {
                Ok(block) => self.show_again(Arc::new(block)),
                Err(error) => self.live.unopened.set_reason(&entry.name, &error),
            }
        }
    }

    /// Puts a block back into its place among the others, if it is still
    /// listed.
    fn show_again(&self, block: Arc<Block>) {
        let manifest = super::lock(&self.manifest);
        let name = &block.meta().name;
        let place_of = |name: &str| manifest.blocks.iter().position(|of| of.name == name);
        let Some(place) = place_of(name) else {
            return;
        };
        let mut blocks = self
            .live
            .blocks
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let before = |other: &Arc<Block>| place_of(&other.meta().name) < Some(place);
        let at = blocks.partition_point(before);
        tracing::info!(block = name, "a block that could not be opened is back");
        blocks.insert(at, Arc::clone(&block));
        self.live.unopened.remove(name);
    }
}

/// Goes on without so many spans of a block, or all.
///
/// # Errors
/// The read was cancelled, or whoever asked takes no more.
pub(super) fn leave_out(
    block: &Block,
    spans: u64,
    error: BlockError,
    report: &mut ScanReport,
) -> Result<(), StoreError> {
    if matches!(error, BlockError::Cancelled | BlockError::NotTaken(_)) {
        return Err(refusal(error));
    }
    block.note_fault(&error.to_string(), error.is_lasting());
    report.unread_blocks += 1;
    report.unread_spans += spans;
    Ok(())
}

pub(super) fn refusal(error: BlockError) -> StoreError {
    match error {
        BlockError::Cancelled => StoreError::Cancelled,
        BlockError::NotTaken(refusal) => refusal,
        other => StoreError::Damaged(other.to_string()),
    }
}
