//! A token bucket in one number.
//!
//! It exists because every thread asks it. The number is the time at which the
//! bucket will be full again (the generic cell rate algorithm of ATM networks,
//! ITU-T I.371). It must never lock.

use std::sync::atomic::{AtomicU64, Ordering};

const NS_PER_SECOND: f64 = 1e9;

/// How fast tokens come, and how many can wait.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    interval_ns: u64,
    burst_ns: u64,
}

impl Pace {
    /// So many tokens a second; as many as come in a second can wait, one at
    /// least. `None` where none ever comes.
    pub(super) fn per_second(rate: f64) -> Option<Pace> {
        if rate.is_nan() || rate <= 0.0 {
            return None;
        }
        // A float beyond the range becomes its nearest end.
        let interval_ns = ((NS_PER_SECOND / rate) as u64).max(1);
        Some(Pace {
            interval_ns,
            burst_ns: interval_ns.max(NS_PER_SECOND as u64),
        })
    }
}

/// Tokens left, as the time at which all are back.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    full_at_ns: AtomicU64,
}

impl Bucket {
    /// Takes a token if there is one.
    pub(super) fn take(&self, pace: Pace, now_ns: u64) -> bool {
        let taken =
            self.full_at_ns
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full_at_ns| {
                    let full_at_ns = full_at_ns.max(now_ns).saturating_add(pace.interval_ns);
                    (full_at_ns - now_ns <= pace.burst_ns).then_some(full_at_ns)
                });
        taken.is_ok()
    }

    /// All tokens are back.
    #[cfg(feature = "jaeger-remote")]
    pub(super) fn refill(&self) {
        self.full_at_ns.store(0, Ordering::Relaxed);
    }
}
