//! Time of spans: a monotonic clock anchored to the wall clock.
//!
//! It exists because a span's duration must not jump when somebody sets the
//! clock, and because one read per end of a span is all it may cost. A span
//! must never end before it starts.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Above this the wall clock was set, not slewed, and spans follow it.
const MAX_DRIFT_NS: u64 = 5_000_000;

#[derive(Debug)]
pub(crate) struct Clock {
    anchor: Instant,
    /// Unix time of the anchor, in nanoseconds.
    anchor_unix_ns: AtomicU64,
}

impl Clock {
    pub(crate) fn new() -> Clock {
        let anchor = Instant::now();
        Clock {
            anchor,
            anchor_unix_ns: AtomicU64::new(wall_unix_ns()),
        }
    }

    /// Nanoseconds since the anchor.
    pub(crate) fn now_ns(&self) -> u64 {
        self.anchor.elapsed().as_nanos() as u64
    }

    /// The same for an earlier moment.
    pub(super) fn ns_at(&self, moment: Instant) -> u64 {
        moment.saturating_duration_since(self.anchor).as_nanos() as u64
    }

    /// The Unix time of such a reading, in nanoseconds.
    pub(crate) fn unix_ns(&self, now_ns: u64) -> u64 {
        self.anchor_unix_ns
            .load(Ordering::Relaxed)
            .saturating_add(now_ns)
    }

    /// Follows the wall clock if it was set. Called off the application's
    /// threads, every few seconds.
    pub(crate) fn follow_wall_clock(&self) {
        let anchor_unix_ns = wall_unix_ns().saturating_sub(self.now_ns());
        if anchor_unix_ns.abs_diff(self.anchor_unix_ns.load(Ordering::Relaxed)) > MAX_DRIFT_NS {
            self.anchor_unix_ns.store(anchor_unix_ns, Ordering::Relaxed);
        }
    }
}

/// The wall clock, in seconds since 1970.
pub(crate) fn wall_unix_s() -> u64 {
    wall_unix_ns() / 1_000_000_000
}

/// The wall clock, in nanoseconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the crate's clock; the model crate's is not published with it"
)]
pub(crate) fn wall_unix_ns() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
        })
}
