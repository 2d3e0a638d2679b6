//! Settings of the log, with the reasons for their defaults.

use std::time::Duration;

use super::entry::ENTRY_HEADER_BYTES;
use super::error::OpenError;
use super::segment::{MAX_SEGMENT_BYTES, SEGMENT_HEADER_BYTES};

/// The smallest segment, for tests; real ones are megabytes.
pub const MIN_SEGMENT_BYTES: u32 = 4 << 10;

/// Takes any batch that a receiver's limits let through, and is zeroed in some
/// tens of milliseconds.
const DEFAULT_SEGMENT_BYTES: u32 = 32 << 20;
/// As many as a seal of the live part releases at once, with defaults.
const DEFAULT_SPARE_SEGMENTS: usize = 2;
/// About a third of a second of 100,000 spans/s.
const DEFAULT_QUEUE_BYTES: u64 = 32 << 20;
/// A person who made space should not wait; a full disk should not be busy.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(1);

/// When an entry counts as written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// It survives a power cut: acknowledged after fdatasync.
    #[default]
    Fsync,
    /// It survives the process: acknowledged after the write.
    Os,
    /// It may be lost with the process: acknowledged before the write.
    None,
}

/// How the log behaves.
#[derive(Clone, Debug)]
pub struct WalOptions {
    /// When an entry is acknowledged.
    pub durability: Durability,
    /// Size of a segment, [`MIN_SEGMENT_BYTES`] to [`MAX_SEGMENT_BYTES`]. An
    /// entry must fit in one.
    pub segment_bytes: u32,
    /// How many released segments are kept for reuse; more are deleted.
    pub spare_segments: usize,
    /// Payload bytes, before compression, that may wait before appends are
    /// refused.
    pub queue_bytes: u64,
    /// How long after a failure to make a segment the next attempt is made.
    pub retry_after: Duration,
}

impl Default for WalOptions {
    fn default() -> Self {
        WalOptions {
            durability: Durability::default(),
            segment_bytes: DEFAULT_SEGMENT_BYTES,
            spare_segments: DEFAULT_SPARE_SEGMENTS,
            queue_bytes: DEFAULT_QUEUE_BYTES,
            retry_after: DEFAULT_RETRY_AFTER,
        }
    }
}

impl WalOptions {
    /// Stored bytes of the largest entry, its header and padding included.
    pub(super) fn max_entry_bytes(&self) -> u64 {
        u64::from(self.segment_bytes - SEGMENT_HEADER_BYTES - ENTRY_HEADER_BYTES)
    }

    pub(super) fn validate(&self) -> Result<(), OpenError> {
        if (MIN_SEGMENT_BYTES..=MAX_SEGMENT_BYTES).contains(&self.segment_bytes) {
            return Ok(());
        }
        Err(OpenError::SegmentBytes {
            bytes: self.segment_bytes,
            min: MIN_SEGMENT_BYTES,
            max: MAX_SEGMENT_BYTES,
        })
    }
}
