//! A fixed part of all traces.
//!
//! It exists because it is what most people need. Services that sample at
//! different ratios keep nested sets, so that the rarest trace is whole. It must
//! never decide by anything but the trace's own randomness.

use super::threshold::Threshold;
use super::{Sampler, SamplingDecision, SamplingQuestion, ot};
use std::sync::Arc;

/// Keeps a part of all traces, by consistent probability, and writes the
/// threshold into the tracestate (`ot=th:…`), so that a backend can scale counts
/// up again.
#[derive(Debug, Clone)]
pub struct Ratio {
    threshold: Option<Threshold>,
    /// The tracestate of a trace that begins here, made once.
    root_trace_state: Option<Arc<str>>,
}

impl Ratio {
    /// Keeps this part, from 0 (nothing) to 1 (everything); numbers beyond count
    /// as these. Less than 2⁻⁵⁶ is nothing.
    #[must_use]
    pub fn new(probability: f64) -> Ratio {
        let threshold = Threshold::from_probability(probability);
        let root_trace_state =
            threshold.map(|threshold| format!("ot=th:{}", threshold.digits()).into());
        Ratio {
            threshold,
            root_trace_state,
        }
    }
}

impl Sampler for Ratio {
    fn decide(&self, question: &SamplingQuestion<'_>) -> SamplingDecision {
        if question
            .parent
            .is_none_or(|parent| parent.trace_state.is_none())
        {
            let is_kept = |threshold: Threshold| threshold.keeps(question.trace_id.randomness());
            let is_sampled = self.threshold.is_some_and(is_kept);
            let trace_state = if is_sampled {
                self.root_trace_state.clone()
            } else {
                None
            };
            return SamplingDecision::new(is_sampled, trace_state);
        }
        ot::keep_above(self.threshold, question)
    }
}
