//! From when to when: which starts of spans belong.
//!
//! There is one meaning of both ends, **and it is this one**: APIs that count
//! otherwise convert at their edge.

/// Starts of spans: from `start_ns` up to and without `end_ns`, ns since the
/// epoch. An end of `u64::MAX` is no end: the last of all ns belongs as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// First ns that belongs.
    pub start_ns: u64,
    /// First ns that no longer belongs; `u64::MAX` when there is none.
    pub end_ns: u64,
}

impl TimeRange {
    /// All of time.
    pub const ALL: Self = Self {
        start_ns: 0,
        end_ns: u64::MAX,
    };

    /// Does a start belong?
    #[must_use]
    pub fn contains(&self, start_ns: u64) -> bool {
        self.overlaps(start_ns, start_ns)
    }

    /// Does anything from `first_ns` to `last_ns`, both included, belong?
    #[must_use]
    pub fn overlaps(&self, first_ns: u64, last_ns: u64) -> bool {
        (first_ns < self.end_ns || self.end_ns == u64::MAX) && last_ns >= self.start_ns
    }
}
