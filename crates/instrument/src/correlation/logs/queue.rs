//! Log records between the application's threads and the exporter.
//!
//! It exists because the exporter may be slow, or its backend away. It must
//! never hold more records than its limit, nor make an application wait.

use super::record::LogRecord;
use crate::statistics::Counters;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Limits of a record (OpenTelemetry specification, log record limits).
#[derive(Debug)]
pub(crate) struct LogLimits {
    pub(crate) max_attributes: usize,
    /// Characters of an attribute's text, longer is cut.
    pub(crate) max_value_chars: Option<usize>,
}

impl Default for LogLimits {
    fn default() -> LogLimits {
        LogLimits {
            max_attributes: 128,
            max_value_chars: None,
        }
    }
}

#[derive(Debug)]
pub(crate) struct LogQueue {
    records: Mutex<VecDeque<LogRecord>>,
    limits: LogLimits,
    max_records: usize,
    wake_at: usize,
    filled: Notify,
    pub(crate) counters: Counters,
    /// The last export failed.
    pub(crate) is_failing: AtomicBool,
    is_closed: AtomicBool,
}

impl LogQueue {
    /// Wakes the exporter when `wake_at` records lie in it. Never freed, as the
    /// recorder of spans is not: a program has one.
    pub(crate) fn leak(limits: LogLimits, max_records: usize, wake_at: usize) -> &'static LogQueue {
        Box::leak(Box::new(LogQueue {
            records: Mutex::default(),
            limits,
            max_records,
            wake_at,
            filled: Notify::new(),
            counters: Counters::default(),
            is_failing: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
        }))
    }

    /// Telemetry must not multiply panics: a poisoned lock is no problem here.
    fn lock(&self) -> MutexGuard<'_, VecDeque<LogRecord>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, mut record: LogRecord) {
        record.limit(self.limits.max_attributes, self.limits.max_value_chars);
        let mut records = self.lock();
        // Read under the lock: after the last batch nothing may slip in.
        if self.is_closed.load(Ordering::Relaxed) {
            self.counters.dropped_after_shutdown.add(1);
            return;
        }
        if records.len() >= self.max_records {
            self.counters.dropped_queue_full.add(1);
            return;
        }
        records.push_back(record);
        let is_filled = records.len() >= self.wake_at;
        drop(records);
        if is_filled {
            self.filled.notify_one();
        }
    }

    pub(crate) fn take(&self, max: usize) -> Vec<LogRecord> {
        let mut records = self.lock();
        let count = max.min(records.len());
        records.drain(..count).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Waits until there is a batch.
    pub(crate) async fn filled(&self) {
        self.filled.notified().await;
    }

    /// Takes nothing from now on.
    pub(crate) fn close(&self) {
        let records = self.lock();
        self.is_closed.store(true, Ordering::Relaxed);
        drop(records);
    }
}
