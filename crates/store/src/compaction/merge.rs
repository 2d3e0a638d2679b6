//! Makes one block of several, with bounded memory.
//!
//! ```text
//! key columns of all inputs ─► order of all rows, traces together
//!        └► rows that may be duplicates ─► read whole, equal ones dropped
//! per output row group: rows of all inputs ─► one batch + derived columns ─► file
//! ```
//!
//! In memory are some 40 bytes per span of the inputs and one row group. A
//! span that differs from another in anything stays. The inputs are never
//! changed, and a merge that fails leaves nothing behind.

mod derived;
mod duplicates;
mod inputs;
mod keys;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tracewell_model::batch::concat::BatchTooLarge;
use tracewell_model::{Level, batch::columns::ValueType};

use crate::block::choose::{self, ChosenColumn, KeyCount};
use crate::block::{Birth, Block, BlockError, BlockWriter};
use crate::files::Files;
use crate::manifest::BlockEntry;
use derived::DerivedColumns;
use inputs::Inputs;
use keys::Keys;

/// What is to be merged, and where the result goes.
#[derive(Debug)]
pub(crate) struct Merge<'a> {
    /// The disk.
    pub(crate) files: &'a dyn Files,
    /// The directory of the blocks.
    pub(crate) dir: &'a Path,
    /// Number of the block to be written.
    pub(crate) number: u64,
    /// Its certificate.
    pub(crate) birth: &'a Birth,
    /// The blocks, in the order in which they were sealed.
    pub(crate) inputs: &'a [Arc<Block>],
    /// Memory for the rows that are held at once, about.
    pub(crate) memory_bytes: u64,
    /// How far it is.
    pub(crate) progress: &'a Progress,
}

/// How far a merge is, for people who ask meanwhile.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Spans to merge; 0 when nothing is merged.
    pub(crate) spans: AtomicU64,
    /// Spans of them that are written.
    pub(crate) written: AtomicU64,
}

/// Called between steps with the bytes that the last one moved, about; `false`
/// ends the merge.
pub(crate) type Step<'s> = dyn FnMut(u64) -> bool + 's;

/// What a merge made.
#[derive(Debug)]
pub(crate) struct Merged {
    /// The block, durable and on no list yet.
    pub(crate) entry: BlockEntry,
    /// Exact duplicates that were left out.
    pub(crate) duplicates: u64,
}

/// Why there is no merged block. The inputs are as they were.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MergeError {
    /// An input cannot be read.
    #[error("block {name} cannot be read for compaction: {source}")]
    Input {
        /// Its name.
        name: String,
        /// Why.
        source: BlockError,
    },
    /// The result cannot be written.
    #[error("a compacted block cannot be written: {0}")]
    Output(#[source] BlockError),
    /// Rows do not fit a batch, or blocks have more rows than can be numbered.
    #[error("blocks cannot be compacted: {0}")]
    TooLarge(String),
    /// The step function said so.
    #[error("compaction was stopped")]
    Stopped,
}

impl From<BatchTooLarge> for MergeError {
    fn from(error: BatchTooLarge) -> Self {
        Self::TooLarge(error.to_string())
    }
}

impl MergeError {
    /// The input that will never be readable, whoever tries.
    pub(crate) fn damaged_input(&self) -> Option<&str> {
        match self {
            Self::Input {
                name,
                source: BlockError::Damaged { .. } | BlockError::Version { .. },
            } => Some(name),
            _ => None,
        }
    }
}

impl Merge<'_> {
    /// Merges.
    ///
    /// # Errors
    /// See [`MergeError`]; files that were begun are removed.
    pub(crate) fn run(&self, step: &mut Step<'_>) -> Result<Merged, MergeError> {
        let inputs = Inputs::new(self.inputs, self.memory_bytes)?;
        let (spans, written) = (&self.progress.spans, &self.progress.written);
        written.store(0, Ordering::Relaxed);
        spans.store(inputs.spans() as u64, Ordering::Relaxed);
        let merged = self.write(&inputs, step);
        spans.store(0, Ordering::Relaxed);
        merged
    }

    fn write(&self, inputs: &Inputs<'_>, step: &mut Step<'_>) -> Result<Merged, MergeError> {
        let (keys, mut order) = Keys::read(inputs, step)?;
        let duplicates = duplicates::drop_repeated(inputs, &keys, &mut order, step)?;
        let spans = order.rows.len() as u64;
        let chosen = chosen_columns(self.inputs, spans);
        let mut block = BlockWriter::create(self.files, self.dir, self.number, chosen, true)
            .map_err(MergeError::Output)?;
        let mut derived = DerivedColumns::new(&keys, &order);
        for rows in order.groups(inputs.rows_at_once()) {
            let (batch, places) = inputs.read(&order.rows[rows.clone()])?;
            let columns = derived.columns(rows.clone(), &batch, &places, inputs)?;
            block
                .row_group(&batch, &places, Some(&columns))
                .map_err(MergeError::Output)?;
            self.progress
                .written
                .fetch_add(rows.len() as u64, Ordering::Relaxed);
            // Read and written.
            if !step(2 * inputs.stored_bytes(rows.len())) {
                return Err(MergeError::Stopped);
            }
        }
        let entry = block.finish(self.birth).map_err(MergeError::Output)?;
        Ok(Merged { entry, duplicates })
    }
}

/// The attribute columns of the merged block, by how often the inputs have
/// each key.
fn chosen_columns(inputs: &[Arc<Block>], spans: u64) -> Vec<ChosenColumn> {
    let mut counts: HashMap<(Level, &str, ValueType), u64> = HashMap::new();
    for count in inputs.iter().flat_map(|block| block.key_counts()) {
        *counts
            .entry((count.level, count.key, count.value_type))
            .or_default() += count.count;
    }
    let counts = counts
        .into_iter()
        .map(|((level, key, value_type), count)| KeyCount {
            level,
            key,
            value_type,
            count,
        });
    choose::columns(counts, spans)
}
