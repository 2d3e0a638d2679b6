//! Log records between the application's threads and the exporter.
//!
//! It exists because the exporter may be slow, or its backend away. It must
//! never hold more records or bytes than its limits, nor make an application wait.

use super::record::LogRecord;
use crate::process::{Origin, lock};
use crate::record::QueueLimits;
use crate::statistics::Counters;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
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
    waiting: Mutex<Waiting>,
    limits: LogLimits,
    room: QueueLimits,
    filled: Notify,
    pub(crate) counters: Counters,
    /// The last export failed.
    pub(crate) is_failing: AtomicBool,
    is_closed: AtomicBool,
    origin: Origin,
}

#[derive(Debug, Default)]
struct Waiting {
    records: VecDeque<LogRecord>,
    bytes: usize,
}

impl LogQueue {
    /// Never freed, as the recorder of spans is not: a program has one.
    pub(crate) fn leak(limits: LogLimits, room: QueueLimits) -> &'static LogQueue {
        Box::leak(Box::new(LogQueue {
            waiting: Mutex::default(),
            limits,
            room,
            filled: Notify::new(),
            counters: Counters::default(),
            is_failing: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
            origin: Origin::here(),
        }))
    }

    pub(super) fn push(&self, mut record: LogRecord) {
        record.limit(self.limits.max_attributes, self.limits.max_value_chars);
        let bytes = record.memory_bytes();
        let waiting = self.origin.lock(&self.waiting);
        // Read under the lock: after the last batch nothing may slip in.
        let open = waiting.filter(|_| !self.is_closed.load(Ordering::Relaxed));
        let Some(mut waiting) = open else {
            self.counters.dropped_after_shutdown.add(1);
            return;
        };
        if waiting.records.len() >= self.room.max_items
            || waiting.bytes + bytes > self.room.max_bytes
        {
            self.counters.dropped_queue_full.add(1);
            return;
        }
        waiting.bytes += bytes;
        waiting.records.push_back(record);
        let is_filled = self.room.is_batch(waiting.records.len(), waiting.bytes);
        drop(waiting);
        if is_filled {
            self.filled.notify_one();
        }
    }

    /// The oldest: at most so many, and so many bytes, but one at least.
    pub(crate) fn take(&self, max_records: usize, max_bytes: usize) -> Vec<LogRecord> {
        let mut waiting = lock(&self.waiting);
        let (mut taken, mut taken_bytes) = (Vec::new(), 0);
        while let Some(record) = waiting.records.front() {
            let bytes = record.memory_bytes();
            let is_full = taken.len() >= max_records || taken_bytes + bytes > max_bytes;
            if is_full && !taken.is_empty() {
                break;
            }
            taken_bytes += bytes;
            taken.extend(waiting.records.pop_front());
        }
        waiting.bytes -= taken_bytes;
        taken
    }

    pub(crate) fn has_batch(&self) -> bool {
        let waiting = lock(&self.waiting);
        self.room.is_batch(waiting.records.len(), waiting.bytes)
    }

    /// Waits until there is a batch.
    pub(crate) async fn filled(&self) {
        self.filled.notified().await;
    }

    /// Takes nothing from now on.
    pub(crate) fn close(&self) {
        let waiting = lock(&self.waiting);
        self.is_closed.store(true, Ordering::Relaxed);
        drop(waiting);
    }
}
