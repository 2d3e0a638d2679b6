//! The samplers that always say the same.
//!
//! They exist for parents' answers, development, and switching off. They must
//! never touch the tracestate.

use super::{Sampler, SamplingDecision, SamplingQuestion};

/// Every span is recorded (`always_on`).
#[derive(Debug, Clone, Copy, Default)]
pub struct AlwaysOn;

/// None is (`always_off`).
#[derive(Debug, Clone, Copy, Default)]
pub struct AlwaysOff;

impl Sampler for AlwaysOn {
    fn decide(&self, question: &SamplingQuestion<'_>) -> SamplingDecision {
        SamplingDecision::new(true, question.trace_state())
    }
}

impl Sampler for AlwaysOff {
    fn decide(&self, question: &SamplingQuestion<'_>) -> SamplingDecision {
        SamplingDecision::new(false, question.trace_state())
    }
}
