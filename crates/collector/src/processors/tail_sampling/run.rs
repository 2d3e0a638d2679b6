//! What the spans of a batch say of their traces.
//!
//! Conditions are asked by column, once for the batch; **what is known of a trace is
//! the sum of its runs**, in whatever batches they come.

use tracewell_model::{SpanBatch, TraceId};

use super::condition::SpanCondition;
use super::rule::TraceFacts;

/// Spans of one trace that stand one after another in a batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) trace: TraceId,
    pub(super) first_start_ns: u64,
    pub(super) last_end_ns: u64,
    pub(super) matched: u64,
    pub(super) bytes: u64,
    pub(super) spans: u32,
    pub(super) has_root: bool,
}

impl Run {
    /// Adds what a span of the same trace has.
    pub(super) fn add(&mut self, other: &Self) {
        self.first_start_ns = earlier(self.first_start_ns, other.first_start_ns);
        self.last_end_ns = self.last_end_ns.max(other.last_end_ns);
        self.matched |= other.matched;
        self.bytes += other.bytes;
        self.spans += other.spans;
        self.has_root |= other.has_root;
    }

    /// What policies look at, where this is all of the trace.
    pub(super) fn facts(&self) -> TraceFacts {
        let duration_ns = match self.first_start_ns {
            0 => 0,
            start_ns => self.last_end_ns.wrapping_sub(start_ns) as i64,
        };
        TraceFacts {
            id: self.trace,
            duration_ms: duration_ns / 1_000_000,
            spans: u64::from(self.spans),
            bytes: self.bytes,
            matched: self.matched,
        }
    }
}

/// The earlier of two starts; zero is none.
pub(super) fn earlier(a: u64, b: u64) -> u64 {
    match (a, b) {
        (0, other) | (other, 0) => other,
        _ => a.min(b),
    }
}

/// A run for each span of a batch.
pub(super) fn rows<'b>(
    conditions: &[SpanCondition],
    batch: &'b SpanBatch,
) -> impl Iterator<Item = Run> + use<'b> {
    let matched = matched(conditions, batch);
    let bytes = (batch.memory_bytes() / batch.len().max(1)) as u64;
    let spans = batch.spans();
    (0..batch.len()).map(move |row| Run {
        trace: spans.trace_id[row],
        first_start_ns: spans.start_ns[row],
        last_end_ns: spans.start_ns[row].wrapping_add_signed(spans.duration_ns[row]),
        matched: matched.get(row).copied().unwrap_or(0),
        bytes,
        spans: 1,
        has_root: spans.parent_span_id[row].is_zero(),
    })
}

/// The runs of a batch, in its order.
pub(super) fn runs<'b>(
    conditions: &[SpanCondition],
    batch: &'b SpanBatch,
) -> impl Iterator<Item = Run> + use<'b> {
    let mut rows = rows(conditions, batch).peekable();
    std::iter::from_fn(move || {
        let mut run = rows.next()?;
        while let Some(next) = rows.next_if(|next| next.trace == run.trace) {
            run.add(&next);
        }
        Some(run)
    })
}

/// A bit for each condition that a span has.
fn matched(conditions: &[SpanCondition], batch: &SpanBatch) -> Vec<u64> {
    if conditions.is_empty() {
        return Vec::new();
    }
    let mut matched = vec![0; batch.len()];
    for (bit, condition) in conditions.iter().enumerate() {
        let rows = condition.rows(batch);
        rows.iter().for_each(|row| matched[row] |= 1 << bit);
    }
    matched
}
