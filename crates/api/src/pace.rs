//! How often an answer that is on its way says how far it is.

use std::time::{Duration, Instant};

/// A person sees no more than this, and a store of many small parts would
/// otherwise say more about its progress than about what it found.
const EVERY: Duration = Duration::from_millis(100);

/// Lets something through every so often.
pub(crate) struct Pace {
    last: Instant,
}

impl Pace {
    /// The first time is not at once.
    pub(crate) fn starting() -> Self {
        Self {
            last: Instant::now(),
        }
    }

    /// Is it time again?
    pub(crate) fn is_due(&mut self) -> bool {
        let is_due = self.last.elapsed() >= EVERY;
        if is_due {
            self.last = Instant::now();
        }
        is_due
    }
}
