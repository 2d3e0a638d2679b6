//! Brings one batch to a peer: in pieces of which no message is too large, again
//! where it fails, and says in the account what became of each span.
//!
//! | | what becomes of a piece |
//! |---|---|
//! | the peer takes it | sent |
//! | it is told "come again", or there is no answer | sent again after a pause, as long as there is [`Patience`] |
//! | the peer refuses the spans for good, or leaves some out | counted and logged |
//! | its exporter is no longer in the file, or is written otherwise, and the peer takes it not | unavailable at once: who sent it comes again, and then goes the new way |
//! | the peer is none any more, where there are several | the others have it, each its part |
//! | the peer refuses us (no credential, no such service) | unavailable at once where somebody waits who keeps them; sent again where they lie on the disk |
//!
//! **It never decides who is told what**: whoever queues batches does.

mod members;
mod owed;
mod pieces;
mod standing;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::Instant;
use tracewell_model::{RowSet, SpanBatch, StoreError};

pub(super) use self::members::{Membership, Others};
pub(super) use self::owed::Owed;
use self::pieces::{Piece, pieces};
pub(super) use self::standing::Standing;
use super::account::ExporterAccount;
use super::peer::{Answer, Peer};
use super::retry::RetryConfig;
use crate::part::part;

/// A peer that asks for more is asked again after it.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// See the module's text.
pub(super) struct Delivery {
    pub(super) peer: Peer,
    pub(super) retry: RetryConfig,
    pub(super) account: Arc<ExporterAccount>,
    /// Among several peers, who has what this one leaves.
    pub(super) membership: Option<Membership>,
    pub(super) standing: Standing,
}

/// How long a batch is tried.
#[derive(Clone)]
pub(super) enum Patience {
    /// For `max_elapsed_time` from then on.
    Since(Instant),
    /// Until this says that the process ends: nobody waits for it.
    Endless(watch::Receiver<bool>),
}

/// Why a piece was not taken.
enum NotTaken {
    /// Under which reason it counts, and what its sender is told.
    Because(&'static str, StoreError),
    /// The process ends.
    Ending,
    /// The peer is none any more.
    PeerLeft,
}

impl Delivery {
    /// Brings it there. [`StoreError::ShuttingDown`] says that the process ends, and
    /// that the rest is still owed.
    pub(super) async fn deliver(
        self: &Arc<Self>,
        batch: Arc<SpanBatch>,
        patience: &Patience,
        owed: &mut Owed,
    ) -> Result<(), StoreError> {
        let (shared, whole) = (Arc::clone(self), Arc::clone(&batch));
        // It takes milliseconds, in which others must be answered.
        let pieces = tokio::task::spawn_blocking(move || pieces(&whole, &shared.peer)).await;
        let pieces = pieces.map_err(|error| match error.is_panic() {
            true => StoreError::Refused("the spans cannot be encoded".to_owned()),
            false => StoreError::ShuttingDown,
        })?;
        let (mut taken, mut refused) = (false, None);
        for piece in pieces {
            match self.send_piece(&piece, patience).await {
                Ok(left_out) => {
                    let left_out = left_out.min(piece.spans());
                    owed.rejected("left_out_by_peer", left_out);
                    owed.sent(piece.spans() - left_out);
                    taken = true;
                }
                // The others may be good.
                Err(NotTaken::Because(reason, error @ StoreError::Refused(_))) => {
                    owed.rejected(reason, piece.spans());
                    refused = Some(error);
                }
                Err(NotTaken::Because(reason, error)) => {
                    owed.reject_rest(reason);
                    return Err(error);
                }
                Err(NotTaken::Ending) => return Err(StoreError::ShuttingDown),
                Err(NotTaken::PeerLeft) => {
                    let rest = RowSet::from_range(batch.len(), piece.rows.start..batch.len());
                    let rest = part(&batch, &rest);
                    match self.deliver_elsewhere(rest, patience, owed).await {
                        Err(error @ StoreError::Refused(_)) => refused = Some(error),
                        result => return result,
                    }
                    break;
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
                tracing::info!("{}: the peer takes spans again", self.account.name());
            }
            if let Some((spans, why)) = left {
                left_out += spans;
                tracing::warn!(
                    "{}: the peer left out {spans} spans: {why}",
                    self.account.name()
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
        let exporter = self.account.name();
        let mut failures = 0;
        loop {
            if self.has_left() {
                return Err(NotTaken::PeerLeft);
            }
            if self.standing.is_given_up() {
                return Err(self.not_sent("it is no longer there"));
            }
            let (after, why) = match self.peer.send(message.clone()).await {
                Answer::Taken { left_out } => return Ok(left_out),
                Answer::Refused(why) => {
                    if self.account.failed(&why) {
                        tracing::warn!("{exporter}: the peer refuses spans for good: {why}");
                    }
                    let why = format!("the exporter {exporter} was refused for good: {why}");
                    let refused = StoreError::Refused(why);
                    return Err(NotTaken::Because("refused_by_peer", refused));
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
                    let denied = StoreError::Unavailable(why);
                    return Err(NotTaken::Because("denied_by_peer", denied));
                }
                // Whatever it says: it may be back long before.
                Answer::Again { after, why } => (after.unwrap_or_default().min(LONGEST_PAUSE), why),
            };
            failures += 1;
            if self.account.retried(&why) {
                tracing::warn!("{exporter}: the peer takes nothing at present: {why}");
            }
            let pause = self.retry.pause(failures, chance()).max(after);
            if self.standing.is_given_up_when_it_fails() {
                return Err(self.not_sent(&why));
            }
            if let Patience::Since(began) = patience
                && !self.retry.goes_on(began.elapsed() + pause)
            {
                return Err(self.not_sent(&why));
            }
            tokio::select! {
                () = self.leaves() => {}
                () = self.standing.lost() => {}
                ends = patience.ends_within(pause) => if ends {
                    return Err(NotTaken::Ending);
                },
            }
        }
    }
}

impl Delivery {
    /// Whoever sent it is to come again.
    fn not_sent(&self, why: &str) -> NotTaken {
        let why = format!("the exporter {} cannot send: {why}", self.account.name());
        NotTaken::Because("peer_unavailable", StoreError::Unavailable(why))
    }
}

impl Patience {
    /// Waits; answers at once, with `true`, when the process ends.
    async fn ends_within(&self, pause: Duration) -> bool {
        match self {
            Self::Since(_) => {
                tokio::time::sleep(pause).await;
                false
            }
            Self::Endless(stopping) => has_ended_within(pause, stopping.clone()).await,
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
