//! Settings of the embedded store, with the reasons for their defaults.

use crate::compaction::pace::Pace;
use crate::neighbours::Neighbours;
use crate::wal::{MIN_SEGMENT_BYTES, WalOptions};
use std::time::Duration;
use tracewell_model::QueryMemory;

/// Live bytes at which a block is sealed. Blocks below some ten megabytes of
/// memory cost more in files and look-ups than they save.
const DEFAULT_SEAL_BYTES: u64 = 40 << 20;

/// With a limit on bytes, a segment of the log is at most this part of it: the
/// log must leave room for blocks.
const SEGMENTS_OF_RETENTION: u64 = 16;

/// Retention removes whole blocks; with this many blocks it is this exact.
pub(super) const BLOCKS_OF_RETENTION: u64 = 8;

const MAX_MERGED_BYTES: u64 = 512 << 20;

/// Live bytes at which appends are refused: sealing does not keep up.
const DEFAULT_LIVE_BYTES: u64 = 128 << 20;

/// The most for a block, whatever memory there is: live batches are joined into
/// one whose text is addressed by 32 bits, and merged blocks are smaller.
const MAX_SEAL_BYTES: u64 = 1 << 30;

/// The age at which a smaller live part is sealed all the same, so that the
/// log does not hold on to its segments for days.
const DEFAULT_SEAL_AGE: Duration = Duration::from_secs(30 * 60);

/// How long to wait after a seal or a removal that failed.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(5);

/// Spans of a compacted block: some 40 MB of typical spans, of which a search
/// reads a few columns, and a merge needs about as many bytes of memory.
const DEFAULT_MAX_SPANS: u64 = 1_000_000;

/// Memory for the rows that a merge holds at once: enough for a row group of
/// typical spans.
const DEFAULT_MERGE_BYTES: u64 = 192 << 20;

/// Half a core and the rate of a slow disk are several times what merging at
/// 100,000 spans a second takes.
const DEFAULT_PACE: Pace = Pace {
    cpu_percent: 50,
    bytes_per_second: 64 << 20,
};

/// The share of the disk that [`FreeSpace::Share`] keeps free, as a divisor,
/// and the most it keeps.
const FREE_SHARE: u64 = 20;
const MOST_FREE_BYTES: u64 = 1 << 30;

/// When stored spans may be removed, oldest first; whichever limit is reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    /// A block goes this long after it was sealed, whatever times its spans
    /// claim: what was imported yesterday is not removed today, and a clock
    /// that runs ahead keeps nothing for ever.
    pub age: Option<Duration>,
    /// Bytes the data directory may have.
    pub bytes: Option<u64>,
    /// What the file system of the data directory keeps free.
    pub free_space: FreeSpace,
}

/// Free space below which the oldest blocks go, however young and few they
/// are: a store that forgets goes on, one on a full disk stands still.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FreeSpace {
    /// Nothing is removed for the disk's sake.
    #[default]
    Any,
    /// A twentieth of the disk, at most 1 GiB: what the log, a block and a
    /// merge need, and not much of a small disk.
    Share,
    /// So many bytes.
    Bytes(u64),
}

impl FreeSpace {
    /// Bytes to keep free on a disk of this size.
    #[must_use]
    pub fn bytes(self, total_bytes: u64) -> u64 {
        match self {
            Self::Any => 0,
            Self::Share => (total_bytes / FREE_SHARE).min(MOST_FREE_BYTES),
            Self::Bytes(bytes) => bytes,
        }
    }
}

/// How sealed blocks are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compaction {
    /// Most spans of a merged block; some 40 bytes of each are in memory.
    pub max_spans: u64,
    /// Memory for the rows that are merged at once, all copies of them, about.
    pub memory_bytes: u64,
    /// What merging may take while nothing presses.
    pub pace: Pace,
}

/// How the store behaves.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// The write-ahead log.
    pub wal: WalOptions,
    /// Live bytes at which a block is sealed.
    pub seal_bytes: u64,
    /// Age of the live part at which a block is sealed.
    pub seal_age: Duration,
    /// Live bytes at which appends are refused.
    pub live_bytes: u64,
    /// When spans may be removed.
    pub retention: Retention,
    /// How sealed blocks are merged.
    pub compaction: Compaction,
    /// How long to wait after a seal, a removal or a merge that failed.
    pub retry_after: Duration,
    /// What reads may hold.
    pub query_memory: QueryMemory,
    /// Other stores of the process, with which `live_bytes` and the turns to
    /// seal and merge are shared.
    pub neighbours: Neighbours,
}

impl Default for Compaction {
    fn default() -> Self {
        Self {
            max_spans: DEFAULT_MAX_SPANS,
            memory_bytes: DEFAULT_MERGE_BYTES,
            pace: DEFAULT_PACE,
        }
    }
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            wal: WalOptions::default(),
            seal_bytes: DEFAULT_SEAL_BYTES,
            seal_age: DEFAULT_SEAL_AGE,
            live_bytes: DEFAULT_LIVE_BYTES,
            retention: Retention::default(),
            compaction: Compaction::default(),
            retry_after: DEFAULT_RETRY_AFTER,
            query_memory: QueryMemory::default(),
            neighbours: Neighbours::default(),
        }
    }
}

/// What stays free of a limit for what comes before anything can go: three
/// segments of the log, and a merged block beside its parts.
pub(super) fn headroom_bytes(limit: u64) -> u64 {
    let segments = (limit / SEGMENTS_OF_RETENTION).min(32 << 20) * 3;
    segments + merged_bytes(Some(limit))
}

/// Most bytes of a merged block: what one query reads and one retention step
/// removes stays of a reasonable size even with very large spans.
pub(super) fn merged_bytes(limit: Option<u64>) -> u64 {
    MAX_MERGED_BYTES.min(limit.unwrap_or(u64::MAX) / BLOCKS_OF_RETENTION)
}

impl StoreOptions {
    /// The same, within what the store can do.
    pub(super) fn fitted(mut self) -> Self {
        if let Some(limit) = self.retention.bytes {
            let share = limit / SEGMENTS_OF_RETENTION / u64::from(MIN_SEGMENT_BYTES);
            let most = share.max(1) * u64::from(MIN_SEGMENT_BYTES);
            if most < u64::from(self.wal.segment_bytes) {
                self.wal.segment_bytes = most as u32;
                self.wal.spare_segments = self.wal.spare_segments.min(1);
            }
        }
        self.seal_bytes = self.seal_bytes.min(MAX_SEAL_BYTES);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_a_memory_limit_of_a_tebibyte_a_block_can_still_be_joined() {
        let options = StoreOptions {
            seal_bytes: (1 << 40) / 12,
            ..StoreOptions::default()
        };
        // The last batch may reach over the limit by the largest request.
        assert!(options.fitted().seal_bytes < u64::from(u32::MAX) / 2);
    }
}
