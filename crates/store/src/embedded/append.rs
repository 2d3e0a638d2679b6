//! The way in: a batch becomes an entry of the log.

use super::{EmbeddedStore, Inner, Live};
use crate::wal::{OnDurable, WalError};
use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tracewell_model::batch::concat::BatchJoiner;
use tracewell_model::{Ack, RowSet, SpanBatch, StoreError};

/// Encoded batches above this are split, so that an entry fits its segment
/// even if nothing of it can be compressed.
const MAX_ENTRY_BYTES: usize = 16 << 20;

thread_local! {
    /// Encoding needs a buffer of about the size of the request; the few
    /// threads that append keep theirs.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Nothing below this is split, however small the segments are: a batch is one
/// entry where that can be.
const MIN_SPLIT_BYTES: usize = 1 << 20;

/// A buffer larger than this is not kept.
const KEPT_BUFFER_BYTES: usize = 4 << 20;

impl EmbeddedStore {
    pub(super) fn append_batch(&self, batch: Arc<SpanBatch>, ack: Ack) {
        if batch.is_empty() {
            return ack(Ok(()));
        }
        match self.inner.admit() {
            Ok(()) => self.inner.append_encoded(batch, ack),
            Err(error) => ack(Err(error)),
        }
    }
}

impl Inner {
    fn admit(&self) -> Result<(), StoreError> {
        if self.is_read_only {
            let why = "the store was opened to be read only";
            return Err(StoreError::Unavailable(why.to_owned()));
        }
        if self.live.is_stopped() {
            return Err(StoreError::ShuttingDown);
        }
        let (own_bytes, limit) = (self.live.batches.bytes(), self.options.live_bytes);
        let member = self.live.batches.member();
        if !member.is_at_limit(own_bytes, limit) {
            return Ok(());
        }
        let live_bytes = member.live_bytes();
        Err(match super::lock(&self.troubles).text() {
            Some(trouble) => StoreError::Unavailable(trouble.clone()),
            None => StoreError::Busy(format!(
                "{live_bytes} bytes of spans wait to be sealed, the limit is {limit}"
            )),
        })
    }

    /// Encoded bytes above which a batch becomes several entries.
    fn split_bytes(&self) -> usize {
        let half_segment = self.options.wal.segment_bytes as usize / 2;
        half_segment.clamp(MIN_SPLIT_BYTES, MAX_ENTRY_BYTES)
    }

    fn append_encoded(&self, batch: Arc<SpanBatch>, ack: Ack) {
        BUFFER.with_borrow_mut(|buffer| {
            buffer.clear();
            batch.encode(buffer);
            if buffer.len() > self.split_bytes() && batch.len() > 1 {
                self.append_halves(&batch, ack);
            } else {
                self.append_entry(buffer, batch, ack);
            }
            if buffer.capacity() > KEPT_BUFFER_BYTES {
                *buffer = Vec::new();
            }
        });
    }

    fn append_entry(&self, payload: &[u8], batch: Arc<SpanBatch>, ack: Ack) {
        let wal = self.wal.read().unwrap_or_else(PoisonError::into_inner);
        let Some(wal) = &*wal else {
            return ack(Err(StoreError::ShuttingDown));
        };
        let spans = batch.len() as u32;
        let ack = Box::new(move |fate: Result<_, WalError>| {
            ack(fate.map(|_| ()).map_err(|error| refusal(error, spans)));
        });
        wal.append(payload, spans, batch, ack);
    }

    /// A batch too large for one entry. If only one half can be stored, the
    /// sender hears of the failure. It may send both again: the duplicate half
    /// is shown once. After a refusal for good it does not, and what could be
    /// stored stays.
    fn append_halves(&self, batch: &SpanBatch, ack: Ack) {
        let middle = batch.len() / 2;
        let halves = [
            RowSet::from_fn(batch.len(), |row| row < middle),
            RowSet::from_fn(batch.len(), |row| row >= middle),
        ];
        let ack = Arc::new(SharedAck::new(ack, halves.len()));
        for rows in halves {
            let mut joiner = BatchJoiner::new();
            let shared = Arc::clone(&ack);
            let ack: Ack = Box::new(move |fate| shared.hear(fate));
            if joiner.append_rows(batch, &rows).is_err() {
                ack(Err(StoreError::Refused("a batch is over 4 GiB".to_owned())));
                continue;
            }
            let half = Arc::new(joiner.finish());
            let mut payload = Vec::new();
            half.encode(&mut payload);
            if payload.len() > self.split_bytes() && half.len() > 1 {
                self.append_halves(&half, ack);
            } else {
                self.append_entry(&payload, half, ack);
            }
        }
    }
}

/// One acknowledgement for several parts: the first failure, or success when
/// all have succeeded.
struct SharedAck {
    ack: Mutex<Option<Ack>>,
    waiting: AtomicUsize,
}

impl SharedAck {
    fn new(ack: Ack, parts: usize) -> Self {
        Self {
            ack: Mutex::new(Some(ack)),
            waiting: AtomicUsize::new(parts),
        }
    }

    fn hear(&self, fate: Result<(), StoreError>) {
        let is_last = self.waiting.fetch_sub(1, Ordering::AcqRel) == 1;
        if (fate.is_err() || is_last)
            && let Some(ack) = super::lock(&self.ack).take()
        {
            ack(fate);
        }
    }
}

/// What the log calls when a group is durable: the batches become visible.
pub(super) fn on_durable(live: Arc<Live>, seal_bytes: u64) -> OnDurable<Arc<SpanBatch>> {
    Box::new(move |group| {
        for (position, batch) in group {
            live.batches.push(batch, position.after());
        }
        if live.batches.bytes() >= seal_bytes {
            live.ring(|bell| bell.seal = true);
        }
    })
}

/// What the sender of a batch of so many spans is told.
fn refusal(error: WalError, spans: u32) -> StoreError {
    match error {
        WalError::TooLarge { bytes, limit_bytes } => {
            let which = match spans {
                1 => "one span, with its resource and events,".to_owned(),
                spans => format!("a batch of {spans} spans"),
            };
            StoreError::Refused(format!(
                "{which} takes {bytes} bytes of the write-ahead log, the limit is {limit_bytes}; \
                 shorten its largest attributes"
            ))
        }
        WalError::Backlogged { .. } => StoreError::Busy(error.to_string()),
        WalError::Closed => StoreError::ShuttingDown,
        WalError::DiskFull { .. } | WalError::CannotGrow { .. } | WalError::Poisoned { .. } => {
            StoreError::Unavailable(error.to_string())
        }
    }
}
