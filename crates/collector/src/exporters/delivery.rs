//! Brings one batch to a peer: in pieces of which no message is too large, again
//! where it fails, and says in the account what became of each span.
//!
//! | | what becomes of a piece |
//! |---|---|
//! | the peer takes it | sent |
//! | it is told "come again", or there is no answer | sent again after a pause, as long as there is [`Patience`] |
//! | the peer refuses the spans for good, or leaves some out | counted and logged |
//! | the peer refuses us (no credential, no such service) | unavailable at once where somebody waits who keeps them; sent again where they lie on the disk |
//!
//! **It never decides who is told what**: whoever queues batches does.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::Instant;
use tracewell_model::{SpanBatch, StoreError};

use super::account::ExporterAccount;
use super::peer::{Answer, Peer};
use super::retry::RetryConfig;

/// A peer that asks for more is asked again after it.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Largest message of several spans. Servers refuse more than 4 MiB unless they
/// are told otherwise.
const MESSAGE_BYTES_MAX: usize = 3 << 20;

/// See the module's text.
pub(super) struct Delivery {
    pub(super) peer: Peer,
    pub(super) retry: RetryConfig,
    pub(super) account: Arc<ExporterAccount>,
}

/// How long a batch is tried.
#[derive(Clone)]
pub(super) enum Patience {
    /// For `max_elapsed_time` from then on.
    Since(Instant),
    /// Until this says that the process ends: nobody waits for it.
    Endless(watch::Receiver<bool>),
}

/// Spans that the peer has not yet, as the account sees them.
pub(super) struct Owed {
    account: Arc<ExporterAccount>,
    spans: u64,
}

impl Owed {
    pub(super) fn new(account: &Arc<ExporterAccount>, spans: u64) -> Self {
        Self {
            account: Arc::clone(account),
            spans,
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

    /// Nothing will become of the rest.
    pub(super) fn reject_rest(&mut self, reason: &'static str) {
        self.rejected(reason, self.spans);
    }
}

/// Why a piece was not taken: under which reason it counts, and what its sender
/// is told.
type NotTaken = (&'static str, StoreError);

impl Delivery {
    /// Brings it there. [`StoreError::ShuttingDown`] says that the process ends, and
    /// that the rest is still owed.
    pub(super) async fn deliver(
        self: &Arc<Self>,
        batch: Arc<SpanBatch>,
        patience: &Patience,
        owed: &mut Owed,
    ) -> Result<(), StoreError> {
        let shared = Arc::clone(self);
        // It takes milliseconds, in which others must be answered.
        let pieces = tokio::task::spawn_blocking(move || pieces(&batch, &shared.peer)).await;
        let pieces = pieces.map_err(|error| match error.is_panic() {
            true => StoreError::Refused("the spans cannot be encoded".to_owned()),
            false => StoreError::ShuttingDown,
        })?;
        let (mut taken, mut refused) = (false, None);
        for piece in pieces {
            match self.send_piece(&piece, patience).await {
                Ok(left_out) => {
                    let left_out = left_out.min(piece.spans);
                    owed.rejected("left_out_by_peer", left_out);
                    owed.sent(piece.spans - left_out);
                    taken = true;
                }
                // The others may be good.
                Err((reason, error @ StoreError::Refused(_))) => {
                    owed.rejected(reason, piece.spans);
                    refused = Some(error);
                }
                Err((_, StoreError::ShuttingDown)) => return Err(StoreError::ShuttingDown),
                Err((reason, error)) => {
                    owed.reject_rest(reason);
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
    async fn send_piece(&self, piece: &Piece, patience: &Patience) -> Result<u64, NotTaken> {
        let mut left_out = 0;
        for message in &piece.messages {
            let left = self.send(message.clone(), patience).await?;
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
        patience: &Patience,
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
                // Who has them on the disk can wait until somebody mends it.
                Answer::Denied(why) if matches!(patience, Patience::Endless(_)) => {
                    (Duration::ZERO, why)
                }
                Answer::Denied(why) => {
                    if self.account.failed(&why) {
                        tracing::error!("{exporter}: the peer takes nothing from us: {why}");
                    }
                    let why = format!("the exporter {exporter} is denied: {why}");
                    return Err(("denied_by_peer", StoreError::Unavailable(why)));
                }
                // Whatever it says: it may be back long before.
                Answer::Again { after, why } => (after.unwrap_or_default().min(LONGEST_PAUSE), why),
            };
            failures += 1;
            if self.account.retried(&why) {
                tracing::warn!("{exporter}: the peer takes nothing at present: {why}");
            }
            let pause = self.retry.pause(failures, chance()).max(after);
            match patience {
                Patience::Since(began) => {
                    if !self.retry.goes_on(began.elapsed() + pause) {
                        let why = format!("the exporter {exporter} cannot send: {why}");
                        return Err(("peer_unavailable", StoreError::Unavailable(why)));
                    }
                    tokio::time::sleep(pause).await;
                }
                Patience::Endless(stopping) => {
                    if has_ended_within(pause, stopping.clone()).await {
                        return Err(("lost", StoreError::ShuttingDown));
                    }
                }
            }
        }
    }
}

/// Waits; answers at once, with `true`, when the process ends.
pub(crate) async fn has_ended_within(pause: Duration, mut ends: watch::Receiver<bool>) -> bool {
    // Whoever would say it is gone as well.
    let ended = tokio::time::timeout(pause, ends.wait_for(|ends| *ends)).await;
    ended.is_ok()
}

/// From 0 to 1: pauses of many senders are spread, nothing more.
pub(crate) fn chance() -> f64 {
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
    let largest = messages.iter().map(Vec::len).max().unwrap_or(0);
    if largest <= MESSAGE_BYTES_MAX || batch.len() < 2 {
        return vec![Piece {
            messages: messages
                .into_iter()
                .map(|message| peer.pack(message))
                .collect(),
            spans: batch.len() as u64,
        }];
    }
    drop(messages);
    // Spans are not all of one size.
    let parts = batch.in_parts(largest.div_ceil(MESSAGE_BYTES_MAX / 8 * 7).max(2));
    parts.iter().flat_map(|part| pieces(part, peer)).collect()
}
