//! Which blocks are merged next. Pure arithmetic over a list of sizes.
//!
//! Blocks stand in the order in which they were sealed, and only neighbours
//! are merged: their spans are of about the same time, parts of one trace lie
//! in few blocks, and the merged block is removed by retention when its parts
//! would have been. Three reasons to merge:
//!
//! - **fill**: the oldest blocks of a run make a full block. A block over half
//!   the limit is full and never touched again, so at steady load each span is
//!   written once more than sealing did.
//! - **growth**: at least [`FAN_IN`] neighbours of similar size. Each span then
//!   lies in a block several times larger, so small blocks cost a logarithm.
//! - **closed**: what is left between full blocks, or of a time that is over.
//!
//! Every merge makes the list shorter, so merging ends.

use std::ops::Range;

/// How many blocks are merged for growth, at least and at most.
const FAN_IN: Range<usize> = 8..17;

/// A merge for growth must make a block this many times its largest part.
const LEAST_GROWTH: u64 = 4;

/// In a run longer than this any growth will do: sizes of a nasty pattern must
/// not pile up for ever.
const LONGEST_RUN: usize = 64;

/// Most bytes of the core of a merged block's index, as far as its parts tell:
/// it is read whole at every start, and names that are ids make it as large as
/// the spans.
const MAX_CORE_BYTES: u64 = 32 << 20;

/// How many merges ahead the backlog is counted.
const BACKLOG_MERGES: usize = 100;

/// The limits of merged blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Policy {
    /// Most spans of a merged block.
    pub(crate) max_spans: u64,
    /// Most bytes of a merged block, as far as its parts tell.
    pub(crate) max_bytes: u64,
    /// Only blocks listed in the same window of this length are merged, ns:
    /// what retention keeps too long because it lies beside something younger
    /// is at most this old. `None` merges across all time.
    pub(crate) window_ns: Option<u64>,
}

/// A block, as far as the policy is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// Spans in it.
    pub(crate) spans: u64,
    /// Bytes of its files.
    pub(crate) bytes: u64,
    /// Bytes of the core of its index.
    pub(crate) core_bytes: u64,
    /// When it was listed, ns since the Unix epoch.
    pub(crate) listed_ns: u64,
}

/// What waits to be merged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Backlog {
    /// Blocks that merges will read.
    pub(crate) blocks: u64,
    /// Bytes that merges will read.
    pub(crate) bytes: u64,
}

impl Policy {
    /// The blocks to merge next, as places in the list; at least two. Of all
    /// merges that are worth it, the one that reads least per block it saves.
    /// `to_the_end` merges also what would wait for more blocks to come.
    pub(crate) fn next(&self, blocks: &[Candidate], to_the_end: bool) -> Option<Range<usize>> {
        let weights: Vec<u64> = blocks.iter().map(|block| self.weight(block)).collect();
        let mut best: Option<(u64, Range<usize>)> = None;
        let mut from = 0;
        while from < blocks.len() {
            let run = self.run(blocks, &weights, from);
            from = run.end.max(from + 1);
            let closed = to_the_end || run.end < blocks.len();
            self.merges_of(&weights, run, closed, |range| {
                let read: u64 = weights[range.clone()].iter().sum();
                let cost = read / (range.len() as u64 - 1);
                if best.as_ref().is_none_or(|(least, _)| cost < *least) {
                    best = Some((cost, range));
                }
            });
        }
        best.map(|(_, range)| range)
    }

    /// What [`Policy::next`] will say until it says nothing more, as far as
    /// 100 merges ahead.
    pub(crate) fn backlog(&self, blocks: &[Candidate]) -> Backlog {
        let mut blocks = blocks.to_vec();
        let mut backlog = Backlog::default();
        for _ in 0..BACKLOG_MERGES {
            let Some(range) = self.next(&blocks, false) else {
                break;
            };
            let parts = &blocks[range.clone()];
            let merged = Candidate {
                spans: parts.iter().map(|part| part.spans).sum(),
                bytes: parts.iter().map(|part| part.bytes).sum(),
                core_bytes: parts.iter().map(|part| part.core_bytes).sum(),
                listed_ns: parts.iter().map(|part| part.listed_ns).max().unwrap_or(0),
            };
            backlog.blocks += parts.len() as u64;
            backlog.bytes += merged.bytes;
            blocks.splice(range, [merged]);
        }
        backlog
    }

    /// Its share of a full block, in spans: fat spans and many names fill a
    /// block earlier.
    fn weight(&self, block: &Candidate) -> u64 {
        let share = |bytes: u64, most: u64| {
            let scaled = u128::from(bytes) * u128::from(self.max_spans);
            u64::try_from(scaled / u128::from(most.max(1))).unwrap_or(u64::MAX)
        };
        block
            .spans
            .max(share(block.bytes, self.max_bytes))
            .max(share(block.core_bytes, MAX_CORE_BYTES))
    }

    fn is_full(&self, weight: u64) -> bool {
        weight > self.max_spans / 2
    }

    /// Neighbours from `from` on that may be merged; empty if that one is full.
    fn run(&self, blocks: &[Candidate], weights: &[u64], from: usize) -> Range<usize> {
        let window = |block: &Candidate| self.window_ns.map(|window| block.listed_ns / window);
        let first = window(&blocks[from]);
        let fits =
            |place: &usize| !self.is_full(weights[*place]) && window(&blocks[*place]) == first;
        from..from + (from..blocks.len()).take_while(fits).count()
    }

    fn merges_of(
        &self,
        weights: &[u64],
        run: Range<usize>,
        closed: bool,
        mut propose: impl FnMut(Range<usize>),
    ) {
        let filling = run.start + self.fitting(&weights[run.clone()]);
        // Only from the start of the run: a full block in its middle would
        // leave the blocks before it alone.
        if filling < run.end || (closed && run.len() > 1) {
            propose(run.start..filling);
        }
        let least_growth = match run.len() {
            0..=LONGEST_RUN => LEAST_GROWTH,
            _ => 0,
        };
        for from in run.clone() {
            let most = if from == run.start {
                self.max_spans
            } else {
                self.max_spans / 2
            };
            for to in FAN_IN
                .map(|blocks| from + blocks)
                .take_while(|to| *to <= run.end)
            {
                let parts = &weights[from..to];
                let sum: u64 = parts.iter().sum();
                let largest = parts.iter().max().copied().unwrap_or(0);
                if sum <= most && sum >= largest.saturating_mul(least_growth) {
                    propose(from..to);
                }
            }
        }
    }

    /// How many blocks from the start fit one block together.
    fn fitting(&self, weights: &[u64]) -> usize {
        let mut sum = 0u64;
        let fits = |weight: &&u64| {
            sum = sum.saturating_add(**weight);
            sum <= self.max_spans
        };
        weights.iter().take_while(fits).count()
    }
}

#[cfg(test)]
mod tests;
