//! The moments that series have samples at, and which of them a span counts for.
//!
//! A sample at `T` speaks of the spans that start after `T - step` and not
//! after `T`, so a span on an edge belongs to the step that ends there. Edges
//! are multiples of the step: **the same span counts for the same moment in
//! every answer of one step**, whatever range was asked for.

use tracewell_model::TimeRange;

const MS_NS: u64 = 1_000_000;
const SECOND_NS: u64 = 1_000 * MS_NS;
const MINUTE_NS: u64 = 60 * SECOND_NS;
const HOUR_NS: u64 = 60 * MINUTE_NS;

/// Steps of a range for which nobody named one, about.
const DEFAULT_STEPS: u64 = 240;

/// What a step that nobody named is a multiple of, the largest that fits.
const GRANULES_NS: [u64; 6] = [
    HOUR_NS,
    5 * MINUTE_NS,
    MINUTE_NS,
    15 * SECOND_NS,
    5 * SECOND_NS,
    SECOND_NS,
];

/// The same for ranges of less than a minute.
const SHORT_GRANULE_NS: u64 = 50 * MS_NS;

/// No span starts later (the year 2262), so that edges have numbers.
const LATEST_NS: u64 = i64::MAX as u64;

/// Samples of a series, at most.
pub const MAX_STEPS: u64 = 10_000;

/// Moments of one distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    first_at_ns: u64,
    step_ns: u64,
    count: usize,
    /// The first ns of all that counts.
    begin_ns: u64,
}

/// Why a range has no steps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepsError {
    /// Nothing lies between.
    #[error("the end of the range ({end_ns} ns) must be after its start ({start_ns} ns)")]
    Empty {
        /// As it was asked for.
        start_ns: u64,
        /// As it was asked for.
        end_ns: u64,
    },
    /// More samples than a series may have.
    #[error(
        "a step of {} makes more than {MAX_STEPS} samples; the shortest for this range is {}",
        Seconds(*step_ns), Seconds(*least_ns)
    )]
    TooMany {
        /// As it was asked for.
        step_ns: u64,
        /// The shortest that would do.
        least_ns: u64,
    },
}

/// A length for people.
struct Seconds(u64);

impl std::fmt::Display for Seconds {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}s", self.0 as f64 / SECOND_NS as f64)
    }
}

impl Steps {
    /// Over a range: from the last edge not after `start_ns` to the first not
    /// before `end_ns`, one sample at each. Without a step it is chosen.
    ///
    /// # Errors
    /// The range is empty, or the step too short for it.
    pub fn over(start_ns: u64, end_ns: u64, step_ns: Option<u64>) -> Result<Self, StepsError> {
        let end_ns = end_ns.min(LATEST_NS);
        if end_ns <= start_ns {
            return Err(StepsError::Empty { start_ns, end_ns });
        }
        let step_ns = step_ns.filter(|step_ns| *step_ns > 0);
        let step_ns = step_ns.unwrap_or_else(|| default_step_ns(end_ns - start_ns));
        let step_ns = step_ns.min(LATEST_NS);
        let first = start_ns / step_ns;
        let count = end_ns.div_ceil(step_ns) - first + 1;
        let first_at_ns = first * step_ns;
        if count > MAX_STEPS {
            let least_ns = (end_ns - start_ns).div_ceil(MAX_STEPS - 2);
            return Err(StepsError::TooMany { step_ns, least_ns });
        }
        Ok(Self {
            first_at_ns,
            step_ns,
            count: count as usize,
            begin_ns: first_at_ns
                .checked_sub(step_ns)
                .map_or(0, |before| before + 1),
        })
    }

    /// One sample at the end, of everything from the start on, both included.
    ///
    /// # Errors
    /// The range is empty.
    pub fn instant(start_ns: u64, end_ns: u64) -> Result<Self, StepsError> {
        let end_ns = end_ns.min(LATEST_NS);
        if end_ns <= start_ns {
            return Err(StepsError::Empty { start_ns, end_ns });
        }
        Ok(Self {
            first_at_ns: end_ns,
            step_ns: end_ns - start_ns,
            count: 1,
            begin_ns: start_ns,
        })
    }

    /// `count` samples from this moment on, which need be no edge. The caller sees to
    /// it that there are no more than [`MAX_STEPS`].
    pub(crate) fn from(first_at_ns: u64, step_ns: u64, count: usize) -> Self {
        Self {
            first_at_ns,
            step_ns,
            count,
            begin_ns: first_at_ns
                .checked_sub(step_ns)
                .map_or(0, |before| before + 1),
        }
    }

    /// The same, with all that was before in the first sample.
    pub(crate) fn with_all_before(self) -> Self {
        Self {
            begin_ns: 0,
            ..self
        }
    }

    /// How many samples a series has at most.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Between two samples, ns; of an instant the whole range.
    #[must_use]
    pub fn step_ns(&self) -> u64 {
        self.step_ns
    }

    /// The longest length of which all edges are multiples, ns.
    pub(super) fn grid_ns(&self) -> u64 {
        let (mut a, mut b) = (self.step_ns, self.first_at_ns);
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    }

    /// When each sample is, ns since the epoch.
    pub fn moments_ns(&self) -> impl Iterator<Item = u64> + use<> {
        let Self {
            first_at_ns,
            step_ns,
            ..
        } = *self;
        (0..self.count as u64).map(move |place| first_at_ns + place * step_ns)
    }

    /// The length of a step in seconds.
    pub(super) fn seconds(&self) -> f64 {
        self.step_ns as f64 / SECOND_NS as f64
    }

    /// Spans that count start in it.
    #[must_use]
    pub fn range(&self) -> TimeRange {
        TimeRange {
            start_ns: self.begin_ns,
            end_ns: self.last_ns().saturating_add(1),
        }
    }

    fn last_ns(&self) -> u64 {
        self.first_at_ns + (self.count as u64 - 1) * self.step_ns
    }

    /// The place of the sample that a span counts for which starts then.
    #[must_use]
    pub fn place(&self, start_ns: u64) -> Option<usize> {
        if start_ns < self.begin_ns || start_ns > self.last_ns() {
            return None;
        }
        Some(match start_ns.checked_sub(self.first_at_ns) {
            None | Some(0) => 0,
            Some(after_ns) => ((after_ns - 1) / self.step_ns + 1) as usize,
        })
    }
}

/// For a range of this length.
fn default_step_ns(length_ns: u64) -> u64 {
    let wanted_ns = length_ns / DEFAULT_STEPS;
    let granules = GRANULES_NS.into_iter();
    let granule_ns = match granules.filter(|ns| *ns <= wanted_ns).max() {
        Some(granule_ns) => granule_ns,
        None if length_ns < MINUTE_NS => SHORT_GRANULE_NS,
        None => SECOND_NS,
    };
    (wanted_ns / granule_ns * granule_ns).max(granule_ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_multiples_of_the_step_around_the_range() {
        for (start, end, step, moments) in [
            (60, 180, 60, vec![60, 120, 180]),
            (61, 180, 60, vec![60, 120, 180]),
            (119, 121, 60, vec![60, 120, 180]),
            (1, 2, 60, vec![0, 60]),
            (0, 60, 60, vec![0, 60]),
            (120, 121, 1, vec![120, 121]),
        ] {
            let steps = Steps::over(start, end, Some(step)).unwrap();
            let got: Vec<u64> = steps.moments_ns().collect();
            assert_eq!(got, moments, "{start} to {end} by {step}");
        }
    }

    #[test]
    fn a_span_on_an_edge_belongs_to_the_step_that_ends_there() {
        let steps = Steps::over(60, 180, Some(60)).unwrap();
        for (start_ns, place) in [
            (0, None),
            (1, Some(0)),
            (60, Some(0)),
            (61, Some(1)),
            (120, Some(1)),
            (121, Some(2)),
            (180, Some(2)),
            (181, None),
        ] {
            assert_eq!(steps.place(start_ns), place, "{start_ns}");
            assert_eq!(steps.range().contains(start_ns), place.is_some());
        }
        let first_of_all = Steps::over(0, 60, Some(60)).unwrap();
        assert_eq!(first_of_all.place(0), Some(0));
        let instant = Steps::instant(100, 200).unwrap();
        let places = [99, 100, 200, 201].map(|ns| instant.place(ns));
        assert_eq!(places, [None, Some(0), Some(0), None]);
        assert_eq!(instant.moments_ns().collect::<Vec<_>>(), [200]);
    }

    #[test]
    fn all_edges_are_multiples_of_the_grid() {
        let minutes = Steps::over(61 * SECOND_NS, 3_600 * SECOND_NS, Some(60 * SECOND_NS));
        assert_eq!(minutes.unwrap().grid_ns(), 60 * SECOND_NS);
        let from_zero = Steps::over(0, 60, Some(20)).unwrap();
        assert_eq!(from_zero.grid_ns(), 20);
        let odd = Steps::instant(100, 190).unwrap();
        assert_eq!(odd.grid_ns(), 10);
    }

    #[test]
    fn a_step_that_nobody_named_is_readable() {
        for (length_ns, step_ns) in [
            (1, 50 * MS_NS),
            (30 * SECOND_NS, 100 * MS_NS),
            (MINUTE_NS, SECOND_NS),
            (10 * MINUTE_NS, 2 * SECOND_NS),
            (30 * MINUTE_NS, 5 * SECOND_NS),
            (HOUR_NS, 15 * SECOND_NS),
            (6 * HOUR_NS, MINUTE_NS),
            (24 * HOUR_NS, 5 * MINUTE_NS),
            (7 * 24 * HOUR_NS, 40 * MINUTE_NS),
            (30 * 24 * HOUR_NS, 3 * HOUR_NS),
        ] {
            let steps = Steps::over(10 * HOUR_NS, 10 * HOUR_NS + length_ns, None).unwrap();
            assert_eq!(steps.step_ns(), step_ns, "{length_ns} ns");
        }
    }

    #[test]
    fn what_has_no_steps_says_why() {
        let empty = Steps::over(5, 5, None).unwrap_err();
        assert_eq!(
            empty.to_string(),
            "the end of the range (5 ns) must be after its start (5 ns)"
        );
        let many = Steps::over(0, HOUR_NS, Some(MS_NS)).unwrap_err();
        assert_eq!(
            many.to_string(),
            "a step of 0.001s makes more than 10000 samples; the shortest for this range is \
             0.360072015s"
        );
        let StepsError::TooMany { least_ns, .. } = many else {
            panic!("{many:?}");
        };
        assert!(Steps::over(0, HOUR_NS, Some(least_ns)).is_ok());
        assert!(Steps::over(7, u64::MAX, Some(u64::MAX)).is_ok());
        assert!(Steps::over(0, u64::MAX, None).is_ok());
    }
}
