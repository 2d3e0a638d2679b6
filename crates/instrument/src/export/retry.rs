//! How long to wait before the next try.
//!
//! It exists so that a backend that comes back is not met by all its clients at
//! once. What the backend asked for always goes before.

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
        if let Some(asked) = asked {
            return asked;
        }
        let base = self.next;
        self.next = (base * 2).min(LONGEST);
        let percent = 80 + u32::try_from(random % 41).unwrap_or_default();
        base * percent / 100
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit_and_yield_to_the_backend() {
        let mut backoff = Backoff::new();
        let waits: Vec<_> = (0..7).map(|_| backoff.wait(None, 20).as_millis()).collect();
        assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
        assert_eq!(backoff.wait(Some(Duration::ZERO), 0), Duration::ZERO);
        assert_eq!(Backoff::new().wait(None, 0), Duration::from_millis(400));
        assert_eq!(Backoff::new().wait(None, 40), Duration::from_millis(600));
    }
}
