//! What was decided of traces, and what each policy said of them: for people, and for
//! Prometheus. **Nothing is decided by it.**

use std::sync::Arc;

/// Traces, and the spans that they had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TraceCount {
    /// Traces.
    pub traces: u64,
    /// Their spans.
    pub spans: u64,
}

impl TraceCount {
    pub(super) fn add(&mut self, spans: u64) {
        self.traces += 1;
        self.spans += spans;
    }

    fn add_all(&mut self, other: Self) {
        self.traces += other.traces;
        self.spans += other.spans;
    }
}

/// What was decided since the process began.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DecisionCounts {
    /// Of all policies together: `sampled`, `not_sampled`, `too_large`.
    pub all: [(&'static str, TraceCount); 3],
    /// In the order of the file.
    pub policies: Vec<PolicyCounts>,
}

/// What one policy said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyCounts {
    /// As the file calls it.
    pub name: Arc<str>,
    /// By what it said: `sampled`, `not_sampled`, `excluded` (`invert_match` found what it
    /// looks for), `dropped`. A trace of which it was not asked is in none.
    pub said: [(&'static str, TraceCount); 4],
}

impl DecisionCounts {
    /// Adds what an earlier sampler of the same name counted, policy by policy.
    pub(crate) fn add(&mut self, earlier: &Self) {
        for ((_, count), (_, more)) in self.all.iter_mut().zip(earlier.all) {
            count.add_all(more);
        }
        for policy in &earlier.policies {
            match self.policies.iter_mut().find(|of| of.name == policy.name) {
                Some(of) => {
                    for ((_, count), (_, more)) in of.said.iter_mut().zip(policy.said) {
                        count.add_all(more);
                    }
                }
                None => self.policies.push(policy.clone()),
            }
        }
    }
}
