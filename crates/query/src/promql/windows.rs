//! The spans that count at each moment: those of a window that ends there, or all
//! up to there.
//!
//! Windows overlap, and a fold counts each span once. So spans are counted in
//! parts as long as the windows and their distance have in common, and a window
//! is a sum of parts: **exact, whatever the window and the step**.

use super::error::Failure;
use super::moments::Moments;
use crate::metrics::{MAX_STEPS, Steps};

/// How far back spans count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// As far as there are any.
    Everything,
    /// So many ns.
    Last(u64),
}

/// Windows before moments.
#[derive(Debug, Clone, Copy)]
pub(super) struct Windows {
    moments: Moments,
    reach: Reach,
    steps: Steps,
    /// Parts before the first that is counted, which lie before the epoch.
    skipped: usize,
    /// Parts of a window, and of the distance.
    of_window: usize,
    of_step: usize,
}

impl Windows {
    pub(super) fn new(moments: Moments, reach: Reach) -> Result<Self, Failure> {
        let window_ns = match reach {
            Reach::Last(window_ns) => window_ns,
            Reach::Everything => {
                let steps = Steps::from(moments.first_ns, moments.step_ns, moments.count);
                return Ok(Self {
                    moments,
                    reach,
                    steps: steps.with_all_before(),
                    skipped: 0,
                    of_window: 0,
                    of_step: 1,
                });
            }
        };
        let part_ns = match moments.count {
            1 => window_ns,
            _ => common(window_ns, moments.step_ns),
        };
        let all_ns = moments.last_ns() - moments.first_ns + window_ns;
        let count = all_ns / part_ns;
        if count > MAX_STEPS {
            let seconds = |ns: u64| ns as f64 / 1e9;
            return Err(Failure::Query(format!(
                "windows of {} s at a step of {} s are made of {count} parts of {} s, more than \
                 {MAX_STEPS}; take a step that divides the window",
                seconds(window_ns),
                seconds(moments.step_ns),
                seconds(part_ns)
            )));
        }
        let before_ns = window_ns.saturating_sub(moments.first_ns);
        let skipped = before_ns / part_ns;
        let first_ns = moments.first_ns + (skipped + 1) * part_ns - window_ns;
        Ok(Self {
            moments,
            reach,
            steps: Steps::from(first_ns, part_ns, (count - skipped).max(1) as usize),
            skipped: skipped as usize,
            of_window: (window_ns / part_ns) as usize,
            of_step: (moments.step_ns / part_ns) as usize,
        })
    }

    /// The parts.
    pub(super) fn steps(&self) -> Steps {
        self.steps
    }

    /// What the windows hold, of what their parts do.
    pub(super) fn sums(&self, parts: &[f64]) -> Vec<f64> {
        let count = self.moments.count;
        match self.reach {
            Reach::Everything => {
                let mut sum = 0.0;
                let grown = parts.iter().map(|part| {
                    sum += part;
                    sum
                });
                grown.collect()
            }
            Reach::Last(_) => {
                let window = |place: usize| {
                    let from = place * self.of_step;
                    let to = (from + self.of_window).saturating_sub(self.skipped);
                    let from = from.saturating_sub(self.skipped);
                    let parts = parts.get(from..to.min(parts.len()));
                    parts.map_or(0.0, |parts| parts.iter().sum())
                };
                (0..count).map(window).collect()
            }
        }
    }
}

/// The longest length that both are multiples of.
fn common(a: u64, b: u64) -> u64 {
    match b {
        0 => a,
        _ => common(b, a % b),
    }
}

#[cfg(test)]
mod tests {
    use super::{Reach, Windows};
    use crate::promql::Moments;

    #[test]
    fn a_window_holds_what_starts_after_its_beginning_and_not_after_its_end() {
        let starts_ns = [0, 1, 9, 10, 11, 14, 15, 16, 20, 29, 30, 31, 60];
        for (first, step, last, window) in [
            (30, 10, 60, 10),
            (30, 10, 60, 15),
            (30, 7, 60, 21),
            (5, 10, 60, 12),
            (31, 4, 60, 4),
        ] {
            let moments = Moments::over(first, last, step).unwrap();
            let windows = Windows::new(moments, Reach::Last(window)).unwrap();
            let steps = windows.steps();
            let mut parts = vec![0.0; steps.count()];
            for place in starts_ns.iter().filter_map(|ns| steps.place(*ns)) {
                parts[place] += 1.0;
            }
            let naive = |at: u64| {
                let is_in = |ns: &&u64| **ns <= at && **ns as i64 > at as i64 - window as i64;
                starts_ns.iter().filter(is_in).count() as f64
            };
            let wanted: Vec<f64> = moments.all_ns().map(naive).collect();
            assert_eq!(windows.sums(&parts), wanted, "{first} {step} {window}");
        }
    }

    #[test]
    fn windows_that_share_nothing_with_their_step_are_refused() {
        let moments = Moments::over(0, 3_600_000_000_000, 7_000_000_000).unwrap();
        let windows = Windows::new(moments, Reach::Last(60_001_000_000));
        let text = windows.unwrap_err().to_string();
        assert!(
            text.contains("take a step that divides the window"),
            "{text}"
        );
    }
}
