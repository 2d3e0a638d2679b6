//! What the parent decided, and a sampler for where there is none.
//!
//! It exists so that traces are whole or absent. It must never overrule a
//! parent that has decided.

use super::{AlwaysOff, AlwaysOn, Sampler, SamplingDecision, SamplingQuestion, ot};
use crate::context::TraceFlags;
use std::sync::Arc;

/// Follows the parent's sampled flag; `root` decides where there is no parent,
/// or one that left the decision to us (B3 and X-Ray can).
#[derive(Debug, Clone)]
pub struct ParentBased {
    root: Arc<dyn Sampler>,
    remote_sampled: Arc<dyn Sampler>,
    remote_not_sampled: Arc<dyn Sampler>,
}

impl ParentBased {
    /// With this sampler where no parent has decided.
    #[must_use]
    pub fn new(root: Arc<dyn Sampler>) -> ParentBased {
        ParentBased {
            root,
            remote_sampled: Arc::new(AlwaysOn),
            remote_not_sampled: Arc::new(AlwaysOff),
        }
    }

    /// Asks this one where another process said yes; [`AlwaysOn`] unless said.
    #[must_use]
    pub fn remote_sampled(mut self, sampler: Arc<dyn Sampler>) -> ParentBased {
        self.remote_sampled = sampler;
        self
    }

    /// Asks this one where another process said no; [`AlwaysOff`] unless said.
    #[must_use]
    pub fn remote_not_sampled(mut self, sampler: Arc<dyn Sampler>) -> ParentBased {
        self.remote_not_sampled = sampler;
        self
    }
}

impl Sampler for ParentBased {
    fn decide(&self, question: &SamplingQuestion<'_>) -> SamplingDecision {
        let Some(parent) = question.parent else {
            return self.root.decide(question);
        };
        match (parent.is_sampled(), parent.is_remote) {
            (false, true) if parent.flags.contains(TraceFlags::DEFERRED) => {
                self.root.decide(question)
            }
            (is_sampled, false) => SamplingDecision::new(is_sampled, question.trace_state()),
            (false, true) => self.remote_not_sampled.decide(question),
            (true, true) => {
                let mut decision = self.remote_sampled.decide(question);
                // A caller that kept what its threshold excludes has a wrong
                // one, and counts made from it would be wrong as well.
                let is_wrong = |threshold: super::threshold::Threshold| {
                    !threshold.keeps(ot::randomness(question))
                };
                if decision.trace_state == parent.trace_state
                    && ot::threshold(parent).is_some_and(is_wrong)
                {
                    decision.trace_state = ot::with_threshold(question, None);
                }
                decision
            }
        }
    }

    fn reads_attributes(&self) -> bool {
        [&self.root, &self.remote_sampled, &self.remote_not_sampled]
            .iter()
            .any(|sampler| sampler.reads_attributes())
    }
}
