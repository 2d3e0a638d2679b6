//! Hands batches to a peer: one after another where it is slow, again where it
//! fails, and never more at once than it is allowed.
//!
//! | | what becomes of a batch |
//! |---|---|
//! | the peer takes it | acknowledged |
//! | it is told "come again", or there is no answer | sent again after a pause, for `max_elapsed_time`; then unavailable |
//! | the peer refuses the spans for good, or leaves some out | counted and logged; refused, if it is all of them |
//! | the peer refuses us (no credential, no such service) | unavailable, at once: whoever sent them keeps them |
//! | `queue_size` batches wait already | busy, at once |
//!
//! **Nobody is told that spans are safe that only wait here.**

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tracewell_model::batch::concat::BatchJoiner;
use tracewell_model::store::Ack;
use tracewell_model::{Consumer, RowSet, SpanBatch, StoreError};

use super::account::ExporterAccount;
use super::peer::{Answer, Peer};
use super::queue::QueueConfig;
use super::retry::RetryConfig;

/// Largest message of several spans. Servers refuse more than 4 MiB unless they
/// are told otherwise.
const MESSAGE_BYTES_MAX: usize = 3 << 20;

/// See the module's text.
pub(crate) struct Sending {
    shared: Arc<Shared>,
    /// Room for batches.
    places: Arc<Semaphore>,
    queue_size: usize,
    runtime: Handle,
}

struct Shared {
    peer: Peer,
    retry: RetryConfig,
    account: Arc<ExporterAccount>,
    /// Turns of those that wait.
    turns: Semaphore,
}

impl Sending {
    /// Connects to nobody yet.
    pub(crate) fn to(
        peer: Peer,
        queue: &QueueConfig,
        retry: &RetryConfig,
        account: Arc<ExporterAccount>,
        runtime: Handle,
    ) -> Self {
        let shared = Shared {
            peer,
            retry: retry.clone(),
            account,
            turns: Semaphore::new(queue.num_consumers),
        };
        Self {
            shared: Arc::new(shared),
            places: Arc::new(Semaphore::new(queue.queue_size)),
            queue_size: queue.queue_size,
            runtime,
        }
    }
}

impl Consumer for Sending {
    fn consume(&self, batch: Arc<SpanBatch>, ack: Ack) {
        let account = &self.shared.account;
        let mut held = Held::new(account, batch.len() as u64, ack);
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            let (exporter, waiting) = (account.exporter(), self.queue_size);
            let why = format!("{waiting} batches wait for the exporter {exporter} already");
            held.rejected("queue_full", held.spans);
            return held.end(Err(StoreError::Busy(why)));
        };
        let (shared, began) = (Arc::clone(&self.shared), Instant::now());
        self.runtime.spawn(async move {
            let result = shared.deliver(batch, began, &mut held).await;
            // First, so that who is told has room for the next.
            drop(place);
            held.end(result);
        });
    }
}

/// Spans that nobody else has yet, and who waits for them. Where it is dropped
/// before its end (a panic, the end of the process) they are lost, and told so.
struct Held {
    account: Arc<ExporterAccount>,
    spans: u64,
    ack: Option<Ack>,
}

impl Held {
    fn new(account: &Arc<ExporterAccount>, spans: u64, ack: Ack) -> Self {
        account.arrived(spans);
        Self {
            account: Arc::clone(account),
            spans,
            ack: Some(ack),
        }
    }

    fn sent(&mut self, spans: u64) {
        self.spans -= spans;
        self.account.sent(spans);
    }

    fn rejected(&mut self, reason: &'static str, spans: u64) {
        self.spans -= spans;
        if spans > 0 {
            self.account.rejected(reason, spans);
        }
    }

    fn end(mut self, result: Result<(), StoreError>) {
        if let Some(ack) = self.ack.take() {
            ack(result);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.rejected("lost", self.spans);
        if let Some(ack) = self.ack.take() {
            ack(Err(StoreError::ShuttingDown));
        }
    }
}

/// Why a piece was not taken: under which reason it counts, and what its sender
/// is told.
type NotTaken = (&'static str, StoreError);

impl Shared {
    async fn deliver(
        self: &Arc<Self>,
        batch: Arc<SpanBatch>,
        began: Instant,
        held: &mut Held,
    ) -> Result<(), StoreError> {
        let _turn = self.turns.acquire().await;
        let shared = Arc::clone(self);
        // It takes milliseconds, in which others must be answered.
        let pieces = tokio::task::spawn_blocking(move || pieces(&batch, &shared.peer)).await;
        let pieces = pieces.map_err(|error| match error.is_panic() {
            true => StoreError::Refused("the spans cannot be encoded".to_owned()),
            false => StoreError::ShuttingDown,
        })?;
        let (mut taken, mut refused) = (false, None);
        for piece in pieces {
            match self.send_piece(&piece, began).await {
                Ok(left_out) => {
                    let left_out = left_out.min(piece.spans);
                    held.rejected("left_out_by_peer", left_out);
                    held.sent(piece.spans - left_out);
                    taken = true;
                }
                // The others may be good.
                Err((reason, error @ StoreError::Refused(_))) => {
                    held.rejected(reason, piece.spans);
                    refused = Some(error);
                }
                Err((reason, error)) => {
                    held.rejected(reason, held.spans);
                    return Err(error);
                }
            }
        }
        match refused {
            // Else those that were taken would be sent again.
            Some(error) if !taken => Err(error),
            _ => Ok(()),
        }
    }

    /// Answers how many spans the peer left out.
    async fn send_piece(&self, piece: &Piece, began: Instant) -> Result<u64, NotTaken> {
        let mut left_out = 0;
        for message in &piece.messages {
            let left = self.send(message.clone(), began).await?;
            if self.account.recovered() {
                tracing::info!("{}: the peer takes spans again", self.account.exporter());
            }
            if let Some((spans, why)) = left {
                left_out += spans;
                tracing::warn!(
                    "{}: the peer left out {spans} spans: {why}",
                    self.account.exporter()
                );
            }
        }
        Ok(left_out)
    }

    /// Answers what the peer left out of a message that it took.
    async fn send(
        &self,
        message: Bytes,
        began: Instant,
    ) -> Result<Option<(u64, String)>, NotTaken> {
        let exporter = self.account.exporter();
        let mut failures = 0;
        loop {
            let (after, why) = match self.peer.send(message.clone()).await {
                Answer::Taken { left_out } => return Ok(left_out),
                Answer::Refused(why) => {
                    if self.account.failed(&why) {
                        tracing::warn!("{exporter}: the peer refuses spans for good: {why}");
                    }
                    let why = format!("the exporter {exporter} was refused for good: {why}");
                    return Err(("refused_by_peer", StoreError::Refused(why)));
                }
                Answer::Denied(why) => {
                    if self.account.failed(&why) {
                        tracing::error!("{exporter}: the peer takes nothing from us: {why}");
                    }
                    let why = format!("the exporter {exporter} is denied: {why}");
                    return Err(("denied_by_peer", StoreError::Unavailable(why)));
                }
                Answer::Again { after, why } => (after.unwrap_or_default(), why),
            };
            failures += 1;
            if self.account.retried(&why) {
                tracing::warn!("{exporter}: the peer takes nothing at present: {why}");
            }
            let pause = self.retry.pause(failures, chance()).max(after);
            if !self.retry.goes_on(began.elapsed() + pause) {
                let why = format!("the exporter {exporter} cannot send: {why}");
                return Err(("peer_unavailable", StoreError::Unavailable(why)));
            }
            tokio::time::sleep(pause).await;
        }
    }
}

/// From 0 to 1: pauses of many senders are spread, nothing more.
fn chance() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(Duration::ZERO) as f64 / u64::MAX as f64
}

/// A part of a batch that is small enough.
struct Piece {
    messages: Vec<Bytes>,
    spans: u64,
}

/// A batch in parts of which no message is too large, unless one span alone is.
fn pieces(batch: &SpanBatch, peer: &Peer) -> Vec<Piece> {
    let messages = peer.encode(batch);
    let is_large = messages
        .iter()
        .any(|message| message.len() > MESSAGE_BYTES_MAX);
    if !is_large || batch.len() < 2 {
        return vec![Piece {
            messages: messages
                .into_iter()
                .map(|message| peer.pack(message))
                .collect(),
            spans: batch.len() as u64,
        }];
    }
    drop(messages);
    let middle = batch.len() / 2;
    [0..middle, middle..batch.len()]
        .into_iter()
        .flat_map(|part| {
            let rows = RowSet::from_fn(batch.len(), |row| part.contains(&row));
            let mut joiner = BatchJoiner::new();
            // Less than the whole, which is a batch.
            joiner
                .append_rows(batch, &rows)
                .expect("a part of a batch is no larger than it");
            pieces(&joiner.finish(), peer)
        })
        .collect()
}
