//! What `sending_queue` can be told.

use crate::written::fields::Fields;

/// How much may wait, and how many requests are on their way at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueConfig {
    /// Batches that wait or are on their way; more are refused as busy.
    pub queue_size: usize,
    /// Requests on their way at once.
    pub num_consumers: usize,
}

impl Default for QueueConfig {
    fn default() -> Self {
        Self {
            queue_size: 1_000,
            num_consumers: 10,
        }
    }
}

impl QueueConfig {
    pub(super) fn read(fields: Option<Fields<'_>>) -> Self {
        let default = Self::default();
        let Some(fields) = fields else { return default };
        let number = |name, default: usize| {
            usize::try_from(fields.number(name, default as u64, 1)).unwrap_or(usize::MAX)
        };
        let config = Self {
            queue_size: number("queue_size", default.queue_size),
            num_consumers: number("num_consumers", default.num_consumers),
        };
        // A sender waits for the peer's answer, with or without a queue.
        for taken in ["enabled", "wait_for_result", "block_on_overflow"] {
            fields.has(taken);
        }
        fields.not_served("batch", "the processor batch does it");
        fields.value("sizer", (), |text| match text {
            "requests" => Ok(()),
            _ => Err(format!(
                "{text:?} is not served; queue_size counts requests"
            )),
        });
        fields.not_served(
            "storage",
            "nothing is queued on disk yet: senders are answered when the peer has their spans",
        );
        fields.end();
        Self {
            queue_size: config.queue_size.min(tokio::sync::Semaphore::MAX_PERMITS),
            num_consumers: config
                .num_consumers
                .min(tokio::sync::Semaphore::MAX_PERMITS),
        }
    }
}
