//! How long to wait before the next try.
//!
//! It exists so that a backend that comes back is not met by all its clients at
//! once. It must never come back sooner than the backend asked for.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(10);

/// Exponential, with up to a fifth more or less at random.
#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(super) fn new() -> Backoff {
        Backoff { next: FIRST }
    }

    /// The wait, given what the backend asked for and 64 random bits.
    pub(super) fn wait(&mut self, asked: Option<Duration>, random: u64) -> Duration {
        let base = self.next;
        self.next = (base * 2).min(LONGEST);
        let percent = 80 + u32::try_from(random % 41).unwrap_or_default();
        // Not sooner than without a word either: a backend that says "now" each
        // time would be asked without a pause.
        (base * percent / 100).max(asked.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit_and_are_never_shorter_than_the_backend_asked() {
        let mut backoff = Backoff::new();
        let waits: Vec<_> = (0..7).map(|_| backoff.wait(None, 20).as_millis()).collect();
        assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
        let longer = Duration::from_secs(60);
        assert_eq!(backoff.wait(Some(longer), 0), longer);
        let mut now = Backoff::new();
        let waits = [(); 3].map(|()| now.wait(Some(Duration::ZERO), 20).as_millis());
        assert_eq!(waits, [500, 1000, 2000], "told to come at once");
        assert_eq!(Backoff::new().wait(None, 0), Duration::from_millis(400));
        assert_eq!(Backoff::new().wait(None, 40), Duration::from_millis(600));
    }
}
