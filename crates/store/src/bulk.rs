//! When most spans of a set start, and which lie far from that.
//!
//! A clock that is wrong dates spans in 1970 or 2100. Sets of spans are
//! searched newest first by the range of their starts, and one such span would
//! stretch the range of all that lie beside it. So those are told apart: the
//! *bulk* is where the densest half of the spans starts, with a wide margin,
//! and what lies outside is searched by itself. Data that spans a long time
//! evenly is all bulk. **Nothing is judged by the time of day**, and every span
//! is somewhere.

use tracewell_model::TimeRange;

/// Starts this near the bulk always belong to it, ns: ten minutes, longer than
/// most requests take and most clocks are wrong.
const NEAR_NS: u64 = 600_000_000_000;

/// How many times its own length the densest half reaches to both sides.
const REACH: u64 = 3;

/// Starts that are looked at to find the densest half.
const SAMPLE: usize = 4096;

/// The times within which most spans of a set start, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bulk {
    first_ns: u64,
    last_ns: u64,
}

/// Where something lies that takes time, as seen from the bulk; in the order
/// of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// All of it before.
    Before,
    /// From before into it.
    FromBefore,
    /// All of it within.
    Within,
    /// From within, or from before, to after it.
    ToAfter,
    /// All of it after.
    After,
}

impl Bulk {
    /// The bulk of these starts; `None` when none lies outside.
    pub(crate) fn of(starts_ns: &[u64]) -> Option<Self> {
        let (earliest, latest) = range(starts_ns)?;
        if latest - earliest <= NEAR_NS {
            return None;
        }
        let mut sample = sample(starts_ns);
        sample.sort_unstable();
        let half = sample.len() / 2;
        let ends = sample.iter().zip(sample.iter().skip(half));
        let (first, last) = ends.min_by_key(|(first, last)| *last - *first)?;
        let reach = (last - first).saturating_mul(REACH);
        let reach = reach.saturating_add(NEAR_NS);
        let bulk = Self {
            first_ns: first.saturating_sub(reach),
            last_ns: last.saturating_add(reach),
        };
        let is_all = bulk.standing(earliest, latest) == Standing::Within;
        (!is_all).then_some(bulk)
    }

    /// Where something lies that begins and ends at these times.
    pub(crate) fn standing(&self, first_ns: u64, last_ns: u64) -> Standing {
        if last_ns < self.first_ns {
            Standing::Before
        } else if first_ns > self.last_ns {
            Standing::After
        } else if last_ns > self.last_ns {
            Standing::ToAfter
        } else if first_ns < self.first_ns {
            Standing::FromBefore
        } else {
            Standing::Within
        }
    }
}

/// Spans of a set that start near each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimePart {
    /// The earliest start, ns.
    pub(crate) first_ns: u64,
    /// The latest start, ns.
    pub(crate) last_ns: u64,
    /// The latest end, ns; not before the latest start.
    pub(crate) latest_end_ns: u64,
    /// How many there are.
    pub(crate) spans: usize,
}

impl TimePart {
    fn take(part: Option<Self>, start_ns: u64, duration_ns: i64) -> Self {
        let end_ns = start_ns.saturating_add(duration_ns.max(0) as u64);
        let part = part.unwrap_or(Self {
            first_ns: start_ns,
            last_ns: start_ns,
            latest_end_ns: end_ns,
            spans: 0,
        });
        Self {
            first_ns: part.first_ns.min(start_ns),
            last_ns: part.last_ns.max(start_ns),
            latest_end_ns: part.latest_end_ns.max(end_ns),
            spans: part.spans + 1,
        }
    }

    /// May a span of it belong to the range?
    pub(crate) fn reaches(&self, range: TimeRange) -> bool {
        range.overlaps(self.first_ns, self.latest_end_ns)
    }
}

/// At most three parts in the order of time, which do not overlap: before the
/// bulk, within it, after it. None without starts.
pub(crate) fn time_parts(starts_ns: &[u64], durations_ns: &[i64]) -> Vec<TimePart> {
    let bulk = Bulk::of(starts_ns);
    let mut parts = [None; 3];
    for (start_ns, duration_ns) in starts_ns.iter().zip(durations_ns) {
        let standing = bulk.map_or(Standing::Within, |bulk| bulk.standing(*start_ns, *start_ns));
        let part = match standing {
            Standing::Before | Standing::FromBefore => &mut parts[0],
            Standing::Within => &mut parts[1],
            Standing::ToAfter | Standing::After => &mut parts[2],
        };
        *part = Some(TimePart::take(*part, *start_ns, *duration_ns));
    }
    parts.into_iter().flatten().collect()
}

fn range(starts_ns: &[u64]) -> Option<(u64, u64)> {
    Some((*starts_ns.iter().min()?, *starts_ns.iter().max()?))
}

/// Starts from all over the set, at most [`SAMPLE`] of them. Steps of one
/// length would see nothing but the outliers, or none, where they come at a
/// regular distance; multiples of the golden ratio fit no distance.
fn sample(starts_ns: &[u64]) -> Vec<u64> {
    if starts_ns.len() <= SAMPLE {
        return starts_ns.to_vec();
    }
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    let place = |n: u64| {
        let fraction = u128::from(n.wrapping_mul(GOLDEN));
        ((fraction * starts_ns.len() as u128) >> 64) as usize
    };
    (0..SAMPLE as u64).map(|n| starts_ns[place(n)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_NS: u64 = 1_800_000_000_000_000_000;
    const FUTURE_NS: u64 = 4_102_444_800_000_000_000;
    const DAY_NS: u64 = 86_400_000_000_000;

    fn counts(starts_ns: &[u64]) -> Vec<usize> {
        let parts = time_parts(starts_ns, &vec![0; starts_ns.len()]);
        let in_order = parts.is_sorted_by(|a, b| a.last_ns < b.first_ns);
        assert!(in_order, "parts do not overlap: {parts:?}");
        parts.iter().map(|part| part.spans).collect()
    }

    /// `count` starts, `step_ns` apart, of which one in `every` is `odd_ns`.
    fn with_odd(count: u64, step_ns: u64, every: u64, odd_ns: u64) -> Vec<u64> {
        let starts = (0..count).map(|n| match n % every {
            0 => odd_ns,
            _ => NOW_NS + n * step_ns,
        });
        starts.collect()
    }

    #[test]
    fn outliers_are_told_apart_however_many_and_however_regular() {
        assert_eq!(counts(&with_odd(400, 1_000_000, 400, 0)), [1, 399]);
        assert_eq!(counts(&with_odd(3, 1_000_000, 3, u64::MAX)), [2, 1]);
        for every in [3, 4, 40, 400] {
            let mut starts = with_odd(160_000, 100_000, every, FUTURE_NS);
            let odd = 160_000usize.div_ceil(every as usize);
            assert_eq!(counts(&starts), [160_000 - odd, odd], "one in {every}");
            starts[1] = 5;
            assert_eq!(counts(&starts), [1, 160_000 - odd - 1, odd]);
        }
    }

    #[test]
    fn data_of_a_long_time_is_no_outlier_of_itself() {
        let even: Vec<u64> = (0..50_000).map(|n| NOW_NS + n * DAY_NS / 1000).collect();
        assert_eq!(counts(&even), [50_000]);
        let growing: Vec<u64> = (0..50_000u64).map(|n| NOW_NS + n * n * 1_000_000).collect();
        assert_eq!(counts(&growing), [50_000]);
        // What takes long is not told apart either.
        let long = with_odd(1000, 1_000_000, 100, NOW_NS - NEAR_NS / 2);
        assert_eq!(counts(&long), [1000]);
        assert_eq!(counts(&[NOW_NS, 0]), [2]);
        assert_eq!(counts(&[7]), [1]);
        assert_eq!(counts(&[]), [0; 0]);
        assert_eq!(counts(&[0, u64::MAX, u64::MAX, 0]), [4]);
    }

    #[test]
    fn what_takes_time_stands_where_its_ends_do() {
        let bulk = Bulk {
            first_ns: 10,
            last_ns: 20,
        };
        for (ends, standing) in [
            ((1, 9), Standing::Before),
            ((1, 10), Standing::FromBefore),
            ((10, 20), Standing::Within),
            ((20, 21), Standing::ToAfter),
            ((1, 21), Standing::ToAfter),
            ((21, 30), Standing::After),
        ] {
            assert_eq!(bulk.standing(ends.0, ends.1), standing, "{ends:?}");
        }
    }
}
