//! When a query is answered.

use super::error::Failure;

/// Moments of one answer, at most.
pub const MAX_MOMENTS: u64 = 10_000;

/// Moments of one distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moments {
    pub(super) first_ns: u64,
    pub(super) step_ns: u64,
    pub(super) count: usize,
}

impl Moments {
    /// One.
    #[must_use]
    pub fn at(moment_ns: u64) -> Self {
        Self {
            first_ns: moment_ns,
            step_ns: 1,
            count: 1,
        }
    }

    /// From `start_ns` on, as far as `end_ns`.
    ///
    /// # Errors
    /// The range is reversed, or there are too many.
    pub fn over(start_ns: u64, end_ns: u64, step_ns: u64) -> Result<Self, Failure> {
        let refused = |why: String| Err(Failure::Query(why));
        if end_ns < start_ns {
            return refused(
                "invalid parameter \"end\": end timestamp must not be before start \
                            time"
                    .to_owned(),
            );
        }
        if step_ns == 0 {
            return refused("invalid parameter \"step\": it must be more than zero".to_owned());
        }
        let count = (end_ns - start_ns) / step_ns + 1;
        if count > MAX_MOMENTS {
            let least_s = (end_ns - start_ns)
                .div_ceil(MAX_MOMENTS - 1)
                .div_ceil(1_000_000_000);
            return refused(format!(
                "exceeded maximum resolution of {MAX_MOMENTS} points per timeseries; take a step \
                 of {least_s} s or more for this range"
            ));
        }
        Ok(Self {
            first_ns: start_ns,
            step_ns,
            count: count as usize,
        })
    }

    /// All of them, ns since the epoch.
    pub fn all_ns(&self) -> impl Iterator<Item = u64> + use<> {
        let Self {
            first_ns, step_ns, ..
        } = *self;
        (0..self.count as u64).map(move |place| first_ns + place * step_ns)
    }

    /// The last one.
    pub(super) fn last_ns(&self) -> u64 {
        self.first_ns + (self.count as u64 - 1) * self.step_ns
    }

    /// The same so much earlier.
    pub(super) fn earlier(self, by_ns: i64) -> Self {
        Self {
            first_ns: self.first_ns.saturating_add_signed(by_ns.saturating_neg()),
            ..self
        }
    }
}
