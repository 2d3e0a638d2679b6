//! What became of the spans, and of the log records.
//!
//! It exists because telemetry that is lost without a word is worse than none.
//! Every span that is recorded, and every log record that is taken, must end in
//! exactly one of these counts.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the start, in spans or in log records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Statistics {
    /// Accepted by the backend, which may still throw them away.
    pub exported: u64,
    /// Dropped because the queue was full: the backend is slower than the
    /// application, or away.
    pub dropped_queue_full: u64,
    /// Dropped because the export failed for good or ran out of time.
    pub dropped_export_failed: u64,
    /// Refused by the backend in an answer that was otherwise a success (OTLP
    /// partial success).
    pub rejected: u64,
    /// Ended or made after shutdown.
    pub dropped_after_shutdown: u64,
    /// Unsampled spans that were not kept because the undecided traces had used
    /// up their bytes, or because their trace lost its root before it was decided
    /// (see `KeepPolicy`). Never log records.
    pub dropped_keep_full: u64,
    /// Dropped by a [`SpanProcessor`](crate::processing::SpanProcessor). Never
    /// log records, and not part of what is [`lost`](Statistics::lost): somebody
    /// did not want them.
    pub dropped_by_processor: u64,
}

impl Statistics {
    /// All that was to reach the backend and never will.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.dropped_queue_full
            + self.dropped_export_failed
            + self.rejected
            + self.dropped_after_shutdown
            + self.dropped_keep_full
    }
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) exported: Counter,
    pub(crate) dropped_queue_full: Counter,
    pub(crate) dropped_export_failed: Counter,
    pub(crate) rejected: Counter,
    pub(crate) dropped_after_shutdown: Counter,
    pub(crate) dropped_keep_full: Counter,
    pub(crate) dropped_by_processor: Counter,
}

#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, spans: usize) {
        self.0.fetch_add(spans as u64, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    pub(crate) fn read(&self) -> Statistics {
        Statistics {
            exported: self.exported.get(),
            dropped_queue_full: self.dropped_queue_full.get(),
            dropped_export_failed: self.dropped_export_failed.get(),
            rejected: self.rejected.get(),
            dropped_after_shutdown: self.dropped_after_shutdown.get(),
            dropped_keep_full: self.dropped_keep_full.get(),
            dropped_by_processor: self.dropped_by_processor.get(),
        }
    }
}
