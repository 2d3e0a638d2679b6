//! What takes log records: the set-up of the process, or one beside it.
//!
//! It exists so that a layer may be made before its set-up. Every record that
//! is taken must end in exactly one of the counts.

use super::queue::LogQueue;
use super::record::LogRecord;
use std::sync::OnceLock;

/// Takes log records of one set-up. Copying is free.
#[derive(Debug, Clone, Copy)]
pub struct Logger {
    queue: &'static LogQueue,
}

static GLOBAL: OnceLock<Logger> = OnceLock::new();

/// Makes it the process's; `false` if there is one.
pub(crate) fn set_global(logger: Logger) -> bool {
    GLOBAL.set(logger).is_ok()
}

impl Logger {
    pub(crate) fn new(queue: &'static LogQueue) -> Logger {
        Logger { queue }
    }

    pub(super) fn global() -> Option<Logger> {
        GLOBAL.get().copied()
    }

    pub(super) fn export(self, record: LogRecord) {
        self.queue.push(record);
    }

    /// What became of the records so far.
    #[must_use]
    pub fn statistics(&self) -> LogStatistics {
        let counters = &self.queue.counters;
        LogStatistics {
            exported: counters.exported.get(),
            dropped_queue_full: counters.dropped_queue_full.get(),
            dropped_export_failed: counters.dropped_export_failed.get(),
            rejected: counters.rejected.get(),
            dropped_after_shutdown: counters.dropped_after_shutdown.get(),
        }
    }
}

/// Counts since the start, in log records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct LogStatistics {
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
    /// Made after shutdown.
    pub dropped_after_shutdown: u64,
}

impl LogStatistics {
    /// All that was taken and will never reach the backend.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.dropped_queue_full
            + self.dropped_export_failed
            + self.rejected
            + self.dropped_after_shutdown
    }
}
