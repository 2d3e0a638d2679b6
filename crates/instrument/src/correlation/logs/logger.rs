//! What takes log records: the set-up of the process, or one beside it.
//!
//! It exists so that a layer may be made before its set-up. Every record that
//! is taken must end in exactly one of the counts.

use super::queue::LogQueue;
use super::record::LogRecord;
use crate::Statistics;
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
    pub fn statistics(&self) -> Statistics {
        self.queue.counters.read()
    }
}
