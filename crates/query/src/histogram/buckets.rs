//! Equal parts of time whose edges people can read: whole seconds, minutes,
//! hours, days, counted from the epoch.
//!
//! Edges do not depend on when somebody looks, so that **the same span is in
//! the same bucket in every answer of one step**.

use tracewell_model::TimeRange;

const SECOND_NS: u64 = 1_000_000_000;
const MINUTE_NS: u64 = 60 * SECOND_NS;
const HOUR_NS: u64 = 60 * MINUTE_NS;
const DAY_NS: u64 = 24 * HOUR_NS;
const WEEK_NS: u64 = 7 * DAY_NS;

/// Lengths from a second to a week, ascending.
const STEPS_NS: [u64; 20] = [
    SECOND_NS,
    2 * SECOND_NS,
    5 * SECOND_NS,
    10 * SECOND_NS,
    15 * SECOND_NS,
    30 * SECOND_NS,
    MINUTE_NS,
    2 * MINUTE_NS,
    5 * MINUTE_NS,
    10 * MINUTE_NS,
    15 * MINUTE_NS,
    30 * MINUTE_NS,
    HOUR_NS,
    2 * HOUR_NS,
    3 * HOUR_NS,
    6 * HOUR_NS,
    12 * HOUR_NS,
    DAY_NS,
    2 * DAY_NS,
    WEEK_NS,
];

/// Buckets of one length, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buckets {
    /// Where the first begins, ns since the epoch: a multiple of the length.
    pub start_ns: u64,
    /// How long each is, ns.
    pub step_ns: u64,
    /// How many.
    pub count: usize,
}

impl Buckets {
    /// The shortest buckets that cover a range with at most `most` of them; the
    /// first may begin before it and the last end after it. None for a range
    /// to which nothing belongs.
    #[must_use]
    pub fn covering(range: TimeRange, most: usize) -> Self {
        let last_ns = match range.end_ns {
            u64::MAX => u64::MAX,
            end_ns => end_ns.saturating_sub(1),
        };
        if most == 0 || !range.overlaps(last_ns, last_ns) || last_ns < range.start_ns {
            return Self {
                start_ns: range.start_ns,
                step_ns: 1,
                count: 0,
            };
        }
        let count = |step_ns: u64| (last_ns / step_ns - range.start_ns / step_ns).saturating_add(1);
        let step_ns = steps_ns()
            .find(|step_ns| count(*step_ns) <= most as u64)
            .unwrap_or(u64::MAX);
        Self {
            start_ns: range.start_ns / step_ns * step_ns,
            step_ns,
            // The last ns of all would need a second bucket of that length.
            count: usize::try_from(count(step_ns)).map_or(most, |count| count.min(most)),
        }
    }

    /// The bucket of a moment.
    #[must_use]
    pub fn place(&self, ns: u64) -> Option<usize> {
        let after_ns = ns.checked_sub(self.start_ns)?;
        let place = usize::try_from(after_ns / self.step_ns).ok()?;
        (place < self.count).then_some(place)
    }

    /// The first bucket all of which is after a moment; their number if none is.
    #[must_use]
    pub fn first_after(&self, ns: u64) -> usize {
        if ns < self.start_ns {
            return 0;
        }
        self.place(ns).map_or(self.count, |place| place + 1)
    }
}

/// All lengths, ascending: 1, 2, 5 times powers of ten below a second, then
/// those of clocks and calendars, then twice as many weeks each time.
fn steps_ns() -> impl Iterator<Item = u64> {
    let tens = (0..9).map(|power| 10u64.pow(power));
    let below_second = tens.flat_map(|ten| [ten, 2 * ten, 5 * ten]);
    let weeks = std::iter::successors(Some(2 * WEEK_NS), |step_ns| step_ns.checked_mul(2));
    below_second.chain(STEPS_NS).chain(weeks)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn range(start_ns: u64, end_ns: u64) -> TimeRange {
        TimeRange { start_ns, end_ns }
    }

    #[test]
    fn the_shortest_readable_buckets_that_are_few_enough() {
        let noon = 20_000 * DAY_NS + 12 * HOUR_NS;
        for (of, most, start_ns, step_ns, count) in [
            (range(noon, noon + HOUR_NS), 60, noon, MINUTE_NS, 60),
            (range(noon, noon + HOUR_NS + 1), 60, noon, 2 * MINUTE_NS, 31),
            (
                range(noon + 1, noon + HOUR_NS + 1),
                60,
                noon,
                2 * MINUTE_NS,
                31,
            ),
            (range(noon + 1, noon + HOUR_NS + 1), 61, noon, MINUTE_NS, 61),
            (
                range(noon - DAY_NS, noon),
                60,
                noon - DAY_NS,
                30 * MINUTE_NS,
                48,
            ),
            (range(noon, noon + 1), 60, noon, 1, 1),
            (range(noon, noon + 100), 60, noon, 2, 50),
            (range(noon, noon + 100), 1, noon, 100, 1),
            (range(7, 7), 60, 7, 1, 0),
            (range(9, 7), 60, 9, 1, 0),
            (range(u64::MAX, u64::MAX), 60, u64::MAX, 1, 1),
        ] {
            let want = Buckets {
                start_ns,
                step_ns,
                count,
            };
            assert_eq!(Buckets::covering(of, most), want, "{of:?} by {most}");
        }
        let all = Buckets::covering(TimeRange::ALL, 1);
        assert_eq!((all.count, all.place(u64::MAX - 1)), (1, Some(0)));
    }

    #[test]
    fn every_moment_of_a_range_has_its_bucket_and_buckets_their_edges() {
        let lengths = [1, 59, 1_000, 777_777_777, 3_600 * SECOND_NS, 400 * DAY_NS];
        for start_ns in [0, 1, 1_795_966_592_468_276_013] {
            for length_ns in lengths {
                for most in [1, 2, 7, 60, 500] {
                    let of = range(start_ns, start_ns + length_ns);
                    let buckets = Buckets::covering(of, most);
                    assert!((1..=most).contains(&buckets.count), "{of:?} {buckets:?}");
                    assert_eq!(buckets.start_ns % buckets.step_ns, 0);
                    assert_eq!(buckets.place(of.start_ns), Some(0));
                    assert_eq!(buckets.place(of.end_ns - 1), Some(buckets.count - 1));
                    let edge_ns = buckets.start_ns + buckets.step_ns;
                    assert_eq!(buckets.first_after(edge_ns - 1), 1.min(buckets.count));
                }
            }
        }
    }
}
