//! `probabilistic_sampler`: lets a share of traces through, whole ones.
//!
//! What decides is the trace's own randomness (its id, or `rv` of its tracestate), so
//! every sampler of every process decides alike, and the same as the Collector's. The
//! threshold goes along in the tracestate (`ot=th:…`), so that **counts stay right after
//! thinning**.

mod config;
#[cfg(test)]
mod tests;

pub use config::{ProbabilisticSamplerConfig, SamplerMode};

use std::collections::HashMap;
use std::sync::Arc;

use tracewell_model::values::owner_values;
use tracewell_model::{Level, RowSet, SpanBatch, StoreError, TraceId, ValueRef};

use super::account::ProcessorAccount;
use super::changing::{Change, only};
use tracewell_model::trace_state::OtelState;
use tracewell_model::trace_state::threshold::{self, NEVER, Threshold};

/// Buckets of the hash: 14 bits of it count.
const BUCKETS: u32 = 1 << 14;

/// See the module's text.
pub(crate) struct ProbabilisticSampler {
    config: ProbabilisticSamplerConfig,
}

/// What a span says for itself, as `sampling.priority`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Priority {
    Open,
    Keep,
    Drop,
}

impl ProbabilisticSampler {
    pub(crate) fn new(config: ProbabilisticSamplerConfig) -> Self {
        Self { config }
    }

    /// The threshold of a span with this tracestate, and its randomness; `None` where
    /// they contradict one another or cannot be read.
    fn judge(&self, trace: TraceId, state: Option<&OtelState>) -> Option<(Threshold, u64)> {
        let state = state?;
        if self.config.mode == SamplerMode::HashSeed {
            // Whoever uses consistent sampling should not use this mode.
            let is_free =
                state.threshold.is_none() && state.randomness.is_none() && !trace.is_zero();
            let randomness = hashed(trace, self.config.hash_seed);
            return is_free.then_some((self.config.threshold, randomness));
        }
        let of_id = || (!trace.is_zero()).then(|| threshold::randomness_of(trace));
        let randomness = state.randomness.or_else(of_id)?;
        let arriving = state.threshold;
        if arriving.is_some_and(|arriving| !arriving.keeps(randomness)) {
            return None;
        }
        let threshold = match self.config.mode {
            SamplerMode::Proportional if self.config.threshold != NEVER => {
                let share = arriving.map_or(1.0, Threshold::probability) * self.config.share;
                Threshold::of_probability(share, self.config.precision)
            }
            _ => self.config.threshold,
        };
        Some((threshold, randomness))
    }
}

impl Change for ProbabilisticSampler {
    fn change(
        &self,
        batch: Arc<SpanBatch>,
        account: &ProcessorAccount,
    ) -> Result<Arc<SpanBatch>, StoreError> {
        let spans = batch.spans();
        // Of most spans it is the same, and empty.
        let states: Vec<Option<OtelState>> = spans
            .trace_state
            .dict
            .iter()
            .map(|text| OtelState::parse(text).ok())
            .collect();
        let priorities = priorities(&batch);
        let mut kept = RowSet::none(batch.len());
        let mut written: Vec<(u32, Threshold, u64)> = Vec::new();
        let mut wrong = 0;
        for row in 0..batch.len() {
            let code = spans.trace_state.codes[row] as usize;
            let judged = self.judge(spans.trace_id[row], states[code].as_ref());
            wrong += u64::from(judged.is_none());
            let priority = priorities.get(row).copied().unwrap_or(Priority::Open);
            let is_kept = match (priority, judged) {
                (Priority::Keep, _) => true,
                (Priority::Drop, _) => false,
                (Priority::Open, Some((threshold, randomness))) => threshold.keeps(randomness),
                (Priority::Open, None) => !self.config.fail_closed,
            };
            if !is_kept {
                continue;
            }
            kept.insert(row);
            if let Some((threshold, randomness)) = judged {
                let threshold = match priority {
                    Priority::Keep => Threshold::ALWAYS,
                    _ => threshold,
                };
                written.push((row as u32, threshold, randomness));
            }
        }
        if account.failed(wrong) {
            tracing::warn!(
                "{}: spans whose tracestate and trace id contradict one another, or that have \
                 none, are {}",
                account.name(),
                if self.config.fail_closed {
                    "dropped"
                } else {
                    "kept"
                }
            );
        }
        if kept.is_empty() {
            return Ok(Arc::new(SpanBatch::default()));
        }
        let texts = self.texts(&batch, &states, &written);
        let mut batch = batch;
        Arc::make_mut(&mut batch).spans_mut().trace_state.set(texts);
        Ok(only(batch, &kept))
    }

    fn reason(&self) -> &'static str {
        "sampled_out"
    }
}

impl ProbabilisticSampler {
    /// The tracestates of spans that go on.
    fn texts(
        &self,
        batch: &SpanBatch,
        states: &[Option<OtelState>],
        written: &[(u32, Threshold, u64)],
    ) -> Vec<(u32, Arc<str>)> {
        let column = &batch.spans().trace_state;
        let adds_randomness = self.config.mode == SamplerMode::HashSeed;
        let mut known: HashMap<(u32, Threshold, u64), Arc<str>> = HashMap::new();
        let text = |&(row, threshold, randomness): &(u32, Threshold, u64)| {
            let code = column.codes[row as usize];
            let randomness = adds_randomness.then_some(randomness);
            let state = states[code as usize].as_ref()?;
            let of = (code, threshold, randomness.unwrap_or_default());
            let text = known.entry(of).or_insert_with(|| {
                // A threshold that came with the span and is higher says more.
                let threshold = state
                    .threshold
                    .map_or(threshold, |came| came.max(threshold));
                state.with(threshold, randomness).into()
            });
            Some((row, Arc::clone(text)))
        };
        written.iter().filter_map(text).collect()
    }
}

/// Empty where no span says anything.
fn priorities(batch: &SpanBatch) -> Vec<Priority> {
    let values = owner_values(batch, Level::Span, "sampling.priority");
    let priority = |value: Option<ValueRef<'_>>| {
        let number = match value {
            Some(ValueRef::Int(value)) => value as f64,
            Some(ValueRef::Double(value)) => value,
            Some(ValueRef::Str(text)) => text.parse().unwrap_or(f64::NAN),
            _ => f64::NAN,
        };
        match number {
            0.0 => Priority::Drop,
            above if above > 0.0 => Priority::Keep,
            _ => Priority::Open,
        }
    };
    values.into_iter().map(priority).collect()
}

/// The randomness that the Collector makes of its old hash, of which 14 bits decide.
fn hashed(trace: TraceId, seed: u32) -> u64 {
    let mut hash: u32 = 0x811c_9dc5;
    for byte in seed.to_le_bytes().into_iter().chain(trace.0) {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    let bucket = u64::from(hash % BUCKETS);
    let unused = u64::from(hash >> 18);
    let mixed = unused ^ (unused << 10);
    ((u64::from(BUCKETS) - 1 - bucket) << 42) | (mixed << 14) | bucket
}
