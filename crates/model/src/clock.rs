//! The time of day, injected.
//!
//! Everything that asks for the time takes a [`Clock`], so that retention,
//! defaults of searches and sealing by age can be tested without waiting. No
//! other place in the workspace reads the system clock.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A source of the time of day.
pub trait Clock: std::fmt::Debug + Send + Sync + 'static {
    /// Nanoseconds since the Unix epoch.
    fn now_ns(&self) -> u64;

    /// Nanoseconds since some moment of this process, which nobody sets: what
    /// tells a jump of the clock from time that went by. A clock that is never
    /// set needs no other.
    fn steady_ns(&self) -> u64 {
        self.now_ns()
    }
}

/// The clock of the machine.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the clock"
    )]
    fn now_ns(&self) -> u64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| {
                u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
            })
    }

    fn steady_ns(&self) -> u64 {
        static START: OnceLock<Instant> = OnceLock::new();
        let start = START.get_or_init(Instant::now);
        u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// A clock that stands still until it is told otherwise.
#[derive(Debug)]
pub struct ManualClock {
    now_ns: AtomicU64,
    steady_ns: AtomicU64,
}

impl ManualClock {
    /// Starts at `now_ns`.
    #[must_use]
    pub fn new(now_ns: u64) -> Self {
        Self {
            now_ns: AtomicU64::new(now_ns),
            steady_ns: AtomicU64::new(0),
        }
    }

    /// Lets time go by.
    pub fn advance_ns(&self, by_ns: u64) {
        self.steady_ns.fetch_add(by_ns, Ordering::SeqCst);
        self.now_ns.fetch_add(by_ns, Ordering::SeqCst);
    }

    /// Sets the time of day, as a person or a time service does; no time goes
    /// by.
    pub fn set_ns(&self, now_ns: u64) {
        self.now_ns.store(now_ns, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now_ns(&self) -> u64 {
        self.now_ns.load(Ordering::SeqCst)
    }

    fn steady_ns(&self) -> u64 {
        self.steady_ns.load(Ordering::SeqCst)
    }
}
