//! Hands batches to a peer while their senders wait: one after another where it is
//! slow, and never more at once than it is allowed.
//!
//! | | what becomes of a batch |
//! |---|---|
//! | the peer takes it | acknowledged |
//! | the peer takes it only later, or not | as [`delivery`](super::delivery) says |
//! | `queue_size` waits already | busy, at once |
//!
//! **Nobody is told that spans are safe that only wait here**; the queue on the
//! disk (`disk_queue`) is for that.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tracewell_model::store::Ack;
use tracewell_model::{Consumer, SpanBatch, StoreError};

use super::account::ExporterAccount;
use super::delivery::{Delivery, Owed, Patience, Standing};
use super::disk_queue::DiskQueue;
use super::peer::Peer;
use super::queue::QueueConfig;
use super::retry::RetryConfig;
use super::room::{Place, Room, Sizer};
use crate::pipelines::graph::Surroundings;

/// What sends to a peer as it is told: while senders wait, or from a queue on the
/// disk. Connects to nobody yet.
///
/// # Errors
/// The queue on the disk cannot be opened: why.
pub(super) fn start(
    peer: Peer,
    queue: &QueueConfig,
    retry: &RetryConfig,
    account: Arc<ExporterAccount>,
    surroundings: &Surroundings<'_>,
) -> Result<Arc<dyn Consumer>, String> {
    let delivery = Delivery {
        peer,
        retry: retry.clone(),
        account,
        membership: None,
        standing: Standing::default(),
    };
    let Some(storage) = &queue.storage else {
        account_ends(&delivery.account, surroundings);
        let runtime = surroundings.runtime.clone();
        return Ok(Arc::new(Sending::new(Arc::new(delivery), queue, runtime)));
    };
    let spools = surroundings.spools.get(&storage.id).ok_or_else(|| {
        format!(
            "sending_queue.storage: there is no directory for {}",
            storage.id
        )
    })?;
    let on_disk = DiskQueue::open(delivery, queue, &**spools, surroundings)?;
    Ok(Arc::new(on_disk))
}

/// What is on its way ends by itself; the account is shown until then.
pub(super) fn account_ends(account: &Arc<ExporterAccount>, surroundings: &Surroundings<'_>) {
    account.restored(0);
    let account = Arc::clone(account);
    let is_done = move || account.snapshot().in_flight == 0;
    surroundings.endings.not_before(is_done);
}

/// See the module's text.
pub(super) struct Sending {
    delivery: Arc<Delivery>,
    /// Turns of those that wait.
    turns: Arc<Semaphore>,
    room: Arc<Room>,
    sizer: Sizer,
    runtime: Handle,
}

impl Sending {
    /// While senders wait, on that runtime.
    pub(super) fn new(delivery: Arc<Delivery>, queue: &QueueConfig, runtime: Handle) -> Self {
        Self {
            delivery,
            turns: Arc::new(Semaphore::new(queue.num_consumers)),
            room: Arc::new(Room::new(queue.queue_size)),
            sizer: queue.sizer,
            runtime,
        }
    }
}

impl Drop for Sending {
    /// The file has it no more, or otherwise.
    fn drop(&mut self) {
        self.delivery.standing.lose();
    }
}

impl Consumer for Sending {
    fn consume(&self, batch: Arc<SpanBatch>, ack: Ack) {
        let account = &self.delivery.account;
        account.arrived(batch.len() as u64);
        let mut held = Held {
            owed: Owed::new(account, batch.len() as u64),
            ack: Some(ack),
        };
        let place = match Place::take(&self.room, self.sizer.of(&batch)) {
            Ok(place) => place,
            Err(taken) => {
                let (exporter, taken) = (account.exporter(), self.sizer.said(taken));
                let why = format!("{taken} wait for the exporter {exporter} already");
                held.owed.reject_rest("queue_full");
                return held.end(Err(StoreError::Busy(why)));
            }
        };
        let (delivery, turns) = (Arc::clone(&self.delivery), Arc::clone(&self.turns));
        let patience = Patience::Since(Instant::now());
        self.runtime.spawn(async move {
            let turn = turns.acquire().await;
            let result = delivery.deliver(batch, &patience, &mut held.owed).await;
            // First, so that who is told has room for the next.
            drop((turn, place));
            held.end(result);
        });
    }
}

/// Spans that nobody else has yet, and who waits for them. Where it is dropped
/// before its end (a panic, the end of the process) they are lost, and told so.
struct Held {
    owed: Owed,
    ack: Option<Ack>,
}

impl Held {
    fn end(mut self, result: Result<(), StoreError>) {
        if let Some(ack) = self.ack.take() {
            ack(result);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.owed.reject_rest("lost");
        if let Some(ack) = self.ack.take() {
            ack(Err(StoreError::ShuttingDown));
        }
    }
}
