//! The time of log lines and records.
//!
//! It exists because both say when they were written. It must never be used to
//! measure how long something took: the wall clock may be set.

use std::time::{SystemTime, UNIX_EPOCH};

/// Nanoseconds since 1970.
pub(super) fn wall_unix_ns() -> u64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "a log line says when it was written"
    )]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos() as u64)
}
