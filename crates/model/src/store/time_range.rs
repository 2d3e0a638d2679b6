//! From when to when: which spans belong.
//!
//! There is one meaning of both ends, **and it is this one**: APIs that count
//! otherwise convert at their edge.

/// A time: from `start_ns` up to and without `end_ns`, ns since the epoch. An
/// end of `u64::MAX` is no end: the last of all ns belongs as well.
///
/// A span belongs to it that starts in it or runs into it from before
/// ([`TimeRange::includes`], ADR-016).
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

    /// Does a span belong that starts and lasts so?
    #[must_use]
    pub fn includes(&self, start_ns: u64, duration_ns: i64) -> bool {
        let end_ns = start_ns.saturating_add(duration_ns.max(0) as u64);
        let has_no_end = self.end_ns == u64::MAX;
        let is_empty = self.start_ns >= self.end_ns && !has_no_end;
        let is_begun = start_ns < self.end_ns || has_no_end;
        !is_empty && is_begun && (start_ns >= self.start_ns || end_ns > self.start_ns)
    }

    /// Does a moment belong?
    #[must_use]
    pub fn contains(&self, moment_ns: u64) -> bool {
        self.overlaps(moment_ns, moment_ns)
    }

    /// Does anything from `first_ns` to `last_ns`, both included, belong?
    #[must_use]
    pub fn overlaps(&self, first_ns: u64, last_ns: u64) -> bool {
        (first_ns < self.end_ns || self.end_ns == u64::MAX) && last_ns >= self.start_ns
    }
}
