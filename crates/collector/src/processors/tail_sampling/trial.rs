//! What the policies would have done with traces that are stored.
//!
//! They are the processor's own, asked the same way. What is not stored is when spans
//! came: **a span is taken to have come when it ended**, so those that ended after the
//! decision are late, as they would have been.

use std::time::Duration;

use tracewell_model::SpanBatch;

use super::config::TailSamplingConfig;
use super::judge::{Judge, has_limits};
use super::rule::TraceFacts;
use super::run::{Run, rows};
use tracewell_model::trace_state::threshold::NEVER;

/// See the module's text.
#[derive(Debug)]
pub struct Trial {
    config: TailSamplingConfig,
    judge: Judge,
    /// Of the trace that is being looked at, a run for each span.
    spans: Vec<Run>,
}

/// A trace as it would have been when it was decided.
#[derive(Debug, Clone, Copy)]
pub struct TriedTrace {
    /// When that would have been.
    pub due_ns: u64,
    /// Spans that would have come later, and followed the decision.
    pub late_spans: u64,
    facts: TraceFacts,
}

impl Trial {
    /// Of the policies of a processor.
    #[must_use]
    pub fn new(config: &TailSamplingConfig) -> Self {
        Self {
            judge: Judge::new(config),
            config: config.clone(),
            spans: Vec::new(),
        }
    }

    /// The names of the policies.
    pub fn policies(&self) -> impl Iterator<Item = &str> {
        let policies = self.config.policies.iter();
        policies.map(|policy| policy.name.as_str())
    }

    /// Does it matter in which order traces are judged? Then it is to be that of
    /// [`TriedTrace::due_ns`].
    #[must_use]
    pub fn has_limits(&self) -> bool {
        has_limits(&self.config.policies)
    }

    /// Looks at spans of a trace; those of one trace come in a row.
    pub fn look_at(&mut self, spans: &SpanBatch) {
        self.spans.extend(rows(&self.config.conditions, spans));
    }

    /// All spans of the trace were looked at. `None`: there were none.
    pub fn complete(&mut self) -> Option<TriedTrace> {
        let spans = std::mem::take(&mut self.spans);
        let first_came_ns = |is_wanted: fn(&Run) -> bool| {
            let wanted = spans.iter().filter(|span| is_wanted(span));
            wanted.map(|span| span.last_end_ns).min()
        };
        let after = |came_ns: u64, wait: Duration| {
            came_ns.saturating_add(u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX))
        };
        let mut due_ns = after(first_came_ns(|_| true)?, self.config.decision_wait);
        if let Some(wait) = self.config.decision_wait_after_root
            && let Some(root_ns) = first_came_ns(|span| span.has_root)
        {
            due_ns = due_ns.min(after(root_ns, wait));
        }
        let (in_time, late): (Vec<&Run>, _) =
            spans.iter().partition(|span| span.last_end_ns <= due_ns);
        let mut in_time = in_time.into_iter();
        let mut known = *in_time.next()?;
        in_time.for_each(|span| known.add(span));
        Some(TriedTrace {
            due_ns,
            late_spans: late.len() as u64,
            facts: known.facts(),
        })
    }

    /// Would it have been sampled? To be asked once of each trace.
    pub fn is_sampled(&mut self, trace: &TriedTrace) -> bool {
        let largest = self.config.maximum_trace_size_bytes;
        if largest > 0 && trace.facts.bytes > largest {
            self.judge.too_large(&trace.facts);
            return false;
        }
        self.judge.judge(&trace.facts, trace.due_ns) != NEVER
    }

    /// Which policies said yes to the last trace that was asked of, by their place.
    pub fn yes(&self) -> impl Iterator<Item = usize> {
        self.judge.yes()
    }
}
