//! So many traces a second.
//!
//! It exists where the budget is what is known. It must never be trusted for
//! counts: what it keeps says nothing of how much there was ([`Dynamic`] does).
//!
//! [`Dynamic`]: super::Dynamic

use super::bucket::{Bucket, Pace};
use super::{Monotonic, Sampler, SamplingClock, SamplingDecision, SamplingQuestion, ot};
use std::sync::Arc;

/// Keeps at most so many spans a second that it is asked about: traces, when
/// inside [`ParentBased`](super::ParentBased). A second's worth may come at once.
#[derive(Debug)]
pub struct RateLimited {
    pace: Option<Pace>,
    bucket: Bucket,
    clock: Arc<dyn SamplingClock>,
}

impl RateLimited {
    /// Keeps this many a second; fractions are fine, 0 is nothing.
    #[must_use]
    pub fn new(per_second: f64) -> RateLimited {
        RateLimited::with_clock(per_second, Arc::new(Monotonic::default()))
    }

    /// The same by another clock.
    #[must_use]
    pub fn with_clock(per_second: f64, clock: Arc<dyn SamplingClock>) -> RateLimited {
        RateLimited {
            pace: Pace::per_second(per_second),
            bucket: Bucket::default(),
            clock,
        }
    }
}

impl Sampler for RateLimited {
    fn decide(&self, question: &SamplingQuestion<'_>) -> SamplingDecision {
        let is_taken = |pace| self.bucket.take(pace, self.clock.now_ns());
        if self.pace.is_some_and(is_taken) {
            let trace_state = ot::with_threshold(question, None);
            SamplingDecision::new(true, trace_state)
        } else {
            SamplingDecision::new(false, question.trace_state())
        }
    }
}
