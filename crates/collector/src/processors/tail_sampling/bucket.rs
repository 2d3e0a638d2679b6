//! So much a second, and a burst of it: what `rate_limiting` and `bytes_limiting`
//! count with.
//!
//! Time is handed in. **A trace that is larger than the bucket never passes**, as in
//! the Collector: raise the burst for it.

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

    /// Takes `amount`, or nothing where there is not so much.
    pub(super) fn take(&mut self, amount: u64, now_ns: u64) -> bool {
        let elapsed_ns = now_ns.saturating_sub(self.at_ns);
        self.at_ns = self.at_ns.max(now_ns);
        let filled = self.left + self.per_second * elapsed_ns as f64 / 1e9;
        self.left = filled.min(self.capacity);
        let is_enough = amount as f64 <= self.left;
        if is_enough {
            self.left -= amount as f64;
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
            assert_eq!(bucket.take(amount, at_ns), expected, "{amount} at {at_ns}");
        }
    }
}
