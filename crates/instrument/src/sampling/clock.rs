//! The time that samplers go by.
//!
//! It exists so that tests set it. It must never go backwards.

use std::fmt;
use std::time::Instant;

/// A clock for samplers that count per second.
pub trait SamplingClock: Send + Sync + fmt::Debug {
    /// Nanoseconds since some moment before, the same one for every call.
    fn now_ns(&self) -> u64;
}

/// The operating system's monotonic clock.
#[derive(Debug)]
pub struct Monotonic(Instant);

impl Default for Monotonic {
    fn default() -> Monotonic {
        Monotonic(Instant::now())
    }
}

impl SamplingClock for Monotonic {
    fn now_ns(&self) -> u64 {
        // 584 years of it fit.
        self.0.elapsed().as_nanos() as u64
    }
}
