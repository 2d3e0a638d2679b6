//! What `sending_queue` can be told.

use super::room::Sizer;
use crate::pipelines::Storage;
use crate::written::fields::Fields;

/// The Collector's, in requests.
const QUEUE_SIZE: u64 = 1_000;

/// Bytes that a queue on the disk may hold where `queue_size` does not count bytes:
/// with the spans of everyday services some fifty million of them.
const DISK_BYTES: u64 = 4 << 30;

/// How much may wait, where, and how many requests are on their way at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueConfig {
    /// What may wait or be on its way; more is refused as busy.
    pub queue_size: u64,
    /// What that counts.
    pub sizer: Sizer,
    /// Requests on their way at once.
    pub num_consumers: usize,
    /// The queue is on the disk.
    pub storage: Option<Storage>,
}

impl Default for QueueConfig {
    fn default() -> Self {
        Self {
            queue_size: QUEUE_SIZE,
            sizer: Sizer::default(),
            num_consumers: 10,
            storage: None,
        }
    }
}

impl QueueConfig {
    /// Reads the section, if there is one.
    pub(super) fn read(fields: Option<Fields<'_>>) -> Self {
        let default = Self::default();
        let Some(fields) = fields else { return default };
        // Without one, batches go out as they come: a queue in memory does just that.
        let is_enabled = fields.switch("enabled", true);
        let sizer = fields.value("sizer", Sizer::Requests, sizer);
        let has_size = fields.get("queue_size").is_some();
        let queue_size = fields.number("queue_size", QUEUE_SIZE, 1);
        if sizer != Sizer::Requests && !has_size {
            fields.mistake(format!(
                "{}: it would be {}; say how many",
                fields.path("queue_size"),
                sizer.said(QUEUE_SIZE)
            ));
        }
        let consumers = default.num_consumers as u64;
        let num_consumers = fields.number("num_consumers", consumers, 1);
        let storage = Storage::read(&fields, "storage").filter(|_| is_enabled);
        if fields.switch("wait_for_result", false) && storage.is_some() {
            fields.mistake(format!(
                "{}: senders are answered when their spans are on the disk; leave it out, or storage",
                fields.path("wait_for_result")
            ));
        }
        // Senders are told to come again, and none is kept waiting.
        fields.has("block_on_overflow");
        fields.not_served("batch", "the processor batch does it");
        fields.end();
        Self {
            queue_size,
            sizer,
            num_consumers: usize::try_from(num_consumers)
                .unwrap_or(usize::MAX)
                .min(tokio::sync::Semaphore::MAX_PERMITS),
            storage,
        }
    }

    /// Bytes that the queue may hold on the disk.
    pub(super) fn disk_bytes(&self) -> u64 {
        match self.sizer {
            Sizer::Bytes => self.queue_size,
            Sizer::Requests | Sizer::Items => DISK_BYTES,
        }
    }
}

fn sizer(text: &str) -> Result<Sizer, String> {
    match text {
        "requests" => Ok(Sizer::Requests),
        "items" => Ok(Sizer::Items),
        "bytes" => Ok(Sizer::Bytes),
        _ => Err(format!("{text:?} is not one of requests, items, bytes")),
    }
}
