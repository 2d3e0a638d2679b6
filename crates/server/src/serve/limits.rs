//! How the memory limit is shared out.
//!
//! One setting bounds the process. Its parts are fixed fractions, because a
//! person who knows better numbers for them does not exist; what is left over
//! is for sealing (which holds the live part a second time for a moment),
//! queries, buffers of connections and the allocator.

/// Bytes each part may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MemoryShares {
    /// Requests that are being received, decoded or written to the log.
    pub(super) intake_bytes: usize,
    /// Live spans at which a block is sealed.
    pub(super) seal_bytes: u64,
    /// Live spans at which receivers push back: sealing does not keep up.
    pub(super) live_bytes: u64,
    /// All spans of the store in memory.
    pub(super) memory_store_bytes: u64,
}

impl MemoryShares {
    pub(super) fn of(limit_bytes: u64) -> Self {
        Self {
            intake_bytes: usize::try_from(limit_bytes / 4).unwrap_or(usize::MAX),
            seal_bytes: limit_bytes / 12,
            live_bytes: limit_bytes / 4,
            memory_store_bytes: limit_bytes / 2,
        }
    }
}
