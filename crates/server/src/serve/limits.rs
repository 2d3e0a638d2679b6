//! How the memory limit is shared out.
//!
//! One setting bounds the process. Its parts are fixed fractions, because a
//! person who knows better numbers for them does not exist; what is left over
//! is for sealing (which holds the live part a second time for a moment),
//! what queries hold beside spans, buffers of connections and the allocator.

use tracewell_model::QueryMemory;
use tracewell_store::embedded::Compaction;
use tracewell_store::neighbours::Neighbours;

/// What a merge holds beside its rows: keys, tokens for the index, what is
/// encoded.
const MERGE_OVERHEAD_BYTES: u64 = 16 << 20;

/// What queries hold beside spans: what they write, threads, freed pages.
const QUERY_OVERHEAD_BYTES: u64 = 16 << 20;

/// A merge below this would write row groups of a page or two.
const LEAST_MERGE_BYTES: u64 = 8 << 20;

/// Bytes each part may hold.
#[derive(Debug, Clone)]
pub(super) struct MemoryShares {
    /// Requests that are being received, decoded or written to the log.
    pub(super) intake_bytes: usize,
    /// Live spans at which a block is sealed.
    pub(super) seal_bytes: u64,
    /// Live spans at which receivers push back: sealing does not keep up.
    pub(super) live_bytes: u64,
    /// How blocks are merged.
    pub(super) compaction: Compaction,
    /// Traces and candidates that queries hold, together and each.
    pub(super) queries: QueryMemory,
    /// All spans of the store in memory.
    pub(super) memory_store_bytes: u64,
    /// The stores that share all this.
    pub(super) neighbours: Neighbours,
}

impl MemoryShares {
    pub(super) fn of(limit_bytes: u64) -> Self {
        let queries_bytes = limit_bytes / 8 * 3;
        let queries_bytes = queries_bytes
            .saturating_sub(QUERY_OVERHEAD_BYTES)
            .max(queries_bytes / 2);
        let bytes = |share: u64| usize::try_from(share).unwrap_or(usize::MAX);
        Self {
            queries: QueryMemory::new(
                bytes(queries_bytes),
                // With the default limit the skeleton of a million spans fits.
                bytes(queries_bytes.min(limit_bytes / 16 * 5)),
            ),
            compaction: compaction(limit_bytes),
            intake_bytes: bytes(limit_bytes / 4),
            seal_bytes: limit_bytes / 12,
            live_bytes: limit_bytes / 4,
            memory_store_bytes: limit_bytes / 2,
            neighbours: Neighbours::default(),
        }
    }
}

/// A merge takes about a third of the limit: keys of all its spans, and its rows
/// a part of a row group at a time.
fn compaction(limit_bytes: u64) -> Compaction {
    let usual = Compaction::default();
    let rows_bytes = (limit_bytes / 4).saturating_sub(MERGE_OVERHEAD_BYTES);
    Compaction {
        max_spans: (limit_bytes / 512).clamp(100_000, usual.max_spans),
        memory_bytes: rows_bytes.clamp(LEAST_MERGE_BYTES, usual.memory_bytes),
        ..usual
    }
}
