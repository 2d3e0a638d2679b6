//! So much a second, and a burst of it: what `rate_limiting` and `bytes_limiting`
//! count with.
//!
//! Time is handed in. **A trace that is larger than the bucket never passes**, as in
//! the Collector: raise the burst for it.

use super::rule::Asked;

/// Full at first; fills as time goes by.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bucket {
    per_second: f64,
    capacity: f64,
    left: f64,
    at_ns: u64,
}

impl Bucket {
    pub(super) fn new(per_second: u64, capacity: u64) -> Self {
        Self {
            per_second: per_second as f64,
            capacity: capacity as f64,
            left: capacity as f64,
            at_ns: 0,
        }
    }

    /// Is there so much at this time? In earnest it is then taken.
    pub(super) fn lets(&mut self, amount: u64, now_ns: u64, asked: Asked<'_>) -> bool {
        let elapsed_ns = now_ns.saturating_sub(self.at_ns);
        let filled = self.left + self.per_second * elapsed_ns as f64 / 1e9;
        let left = filled.min(self.capacity);
        let is_enough = amount as f64 <= left;
        if matches!(asked, Asked::InEarnest) {
            self.at_ns = self.at_ns.max(now_ns);
            self.left = if is_enough {
                left - amount as f64
            } else {
                left
            };
        }
        is_enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_what_it_has_and_fills_again() {
        const SECOND: u64 = 1_000_000_000;
        let mut bucket = Bucket::new(10, 20);
        let takes = [
            (0, 15, true),
            (0, 6, false),
            (0, 5, true),
            (SECOND / 2, 6, false),
            (SECOND / 2, 5, true),
            // A clock that steps back fills nothing.
            (0, 1, false),
            (100 * SECOND, 21, false),
            (100 * SECOND, 20, true),
        ];
        for (at_ns, amount, expected) in takes {
            for _ in 0..2 {
                let supposed = bucket.lets(amount, at_ns, Asked::Supposing(&[]));
                assert_eq!(supposed, expected, "{amount} at {at_ns}, supposing");
            }
            let taken = bucket.lets(amount, at_ns, Asked::InEarnest);
            assert_eq!(taken, expected, "{amount} at {at_ns}");
        }
    }
}
