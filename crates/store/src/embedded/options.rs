//! Settings of the embedded store, with the reasons for their defaults.

use crate::wal::WalOptions;
use std::time::Duration;

/// Live bytes at which a block is sealed. Blocks below some ten megabytes of
/// memory cost more in files and look-ups than they save.
const DEFAULT_SEAL_BYTES: u64 = 40 << 20;

/// Live bytes at which appends are refused: sealing does not keep up.
const DEFAULT_LIVE_BYTES: u64 = 128 << 20;

/// The age at which a smaller live part is sealed all the same, so that the
/// log does not hold on to its segments for days.
const DEFAULT_SEAL_AGE: Duration = Duration::from_secs(30 * 60);

/// How long to wait after a seal or a removal that failed.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(5);

/// When stored spans may be removed, oldest first; whichever limit is reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    /// A block goes this long after it was sealed, whatever times its spans
    /// claim: what was imported yesterday is not removed today, and a clock
    /// that runs ahead keeps nothing for ever.
    pub age: Option<Duration>,
    /// Bytes the data directory may have.
    pub bytes: Option<u64>,
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
    /// How long to wait after a seal or a removal that failed.
    pub retry_after: Duration,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            wal: WalOptions::default(),
            seal_bytes: DEFAULT_SEAL_BYTES,
            seal_age: DEFAULT_SEAL_AGE,
            live_bytes: DEFAULT_LIVE_BYTES,
            retention: Retention::default(),
            retry_after: DEFAULT_RETRY_AFTER,
        }
    }
}
