//! `groupbytrace`: spans of a trace go on together, once they have had time to come.
//!
//! It is a tail sampler that keeps every trace: its spans wait on the disk, who sends
//! is answered when they are there, and what is due goes on until what stands behind
//! has it ([`tail_sampling`](super::tail_sampling)). **Only nothing is decided, and
//! nothing remembered of a trace that has gone on.**

#[cfg(test)]
mod tests;

use std::time::Duration;

use super::tail_sampling::TailSamplingConfig;
use crate::written::fields::Fields;

/// The Collector's defaults.
const WAIT_DURATION: Duration = Duration::from_secs(1);
const NUM_TRACES: u64 = 1_000_000;

/// For how long traces wait, and how many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupByTraceConfig {
    /// From the first span of a trace on.
    pub wait_duration: Duration,
    /// Traces that wait at once; beyond it the oldest go on early.
    pub num_traces: usize,
}

impl GroupByTraceConfig {
    /// Reads the fields of the section.
    #[must_use]
    pub fn read(fields: Fields<'_>) -> Self {
        let num_traces = fields.number("num_traces", NUM_TRACES, 1);
        let config = Self {
            wait_duration: fields.duration("wait_duration", WAIT_DURATION),
            num_traces: usize::try_from(num_traces).unwrap_or(usize::MAX),
        };
        fields.not_served(
            "discard_orphans",
            "spans whose parent is missing go on; leave it out",
        );
        // On the disk they wait in any case; the other sizes what is inside of the
        // Collector.
        fields.has("store_on_disk");
        fields.has("num_workers");
        fields.end();
        config
    }

    /// The sampler that does it.
    pub(super) fn sampling(&self) -> TailSamplingConfig {
        TailSamplingConfig::keeping_all(self.wait_duration, self.num_traces)
    }
}
