//! A queue on the disk: batches are safe once they are in it, and a peer that is
//! away costs nobody's spans.
//!
//! ```text
//! consume ─► spool, durable ─► acknowledged
//!                │ place
//!                ▼
//!              book ─► read, deliver ─► settled ─► note in the spool, what is
//!                                                  before is given up
//! ```
//!
//! | | what becomes of a batch |
//! |---|---|
//! | it is in the spool | acknowledged |
//! | the spool is at its limit, or `queue_size` waits | busy, at once |
//! | the disk takes nothing | unavailable, at once |
//! | the peer takes it, or refuses it for good | settled, and noted within [`NOTE_AFTER`] |
//! | the peer is away, or refuses us | sent again until it is back; `max_elapsed_time` does not count |
//!
//! A process that is killed sends again what was on its way or not noted; one that
//! ends in good order, what was on its way. **Nothing that was acknowledged is given
//! up before the peer has it or refused it**, and memory holds places, not spans.

mod book;
mod note;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot, watch};
use tracewell_model::spool::{Spool, SpoolAck, SpoolEntry, SpoolPlace, SpoolRecord, Spools};
use tracewell_model::store::Ack;
use tracewell_model::{Consumer, SpanBatch, StoreError};

use self::book::{Book, Waiting};
use super::account::QueueSnapshot;
use super::delivery::{Delivery, Owed, Patience, chance, has_ended_within};
use super::queue::QueueConfig;
use super::room::{Room, Sizer};
use crate::pipelines::graph::Surroundings;
use crate::shared_ack::shared;

/// Memory of a batch that goes into the spool as it is. Larger ones go in parts:
/// messages to the peer are smaller in any case, and as many are read at once as
/// there are consumers.
const PART_BYTES: usize = 4 << 20;

/// What settles meanwhile shares one note, and one sync of the disk.
const NOTE_AFTER: Duration = Duration::from_millis(200);

/// How long requests that are on their way may take to end with the process. Those
/// of a peer that is away are left at once.
const END_PATIENCE: Duration = Duration::from_secs(1);

/// See the module's text.
pub(super) struct DiskQueue {
    on_disk: Arc<OnDisk>,
    stop: Arc<watch::Sender<bool>>,
}

/// What consumers of the queue share.
pub(super) struct OnDisk {
    delivery: Arc<Delivery>,
    spool: Arc<dyn Spool>,
    book: Mutex<Book>,
    room: Room,
    sizer: Sizer,
    turns: Arc<Semaphore>,
    num_consumers: usize,
    /// Something waits.
    arrived: Notify,
    /// Something settled.
    settled: Notify,
    stopping: watch::Receiver<bool>,
    /// Requests that are on their way when patience is over are given up.
    cut: watch::Sender<bool>,
}

impl DiskQueue {
    /// Opens the queue, with what an earlier process left in it, and begins to send.
    ///
    /// # Errors
    /// Its directory cannot be used: why.
    pub(super) fn open(
        delivery: Delivery,
        queue: &QueueConfig,
        spools: &dyn Spools,
        surroundings: &Surroundings<'_>,
    ) -> Result<Self, String> {
        let exporter = delivery.account.exporter().to_owned();
        let (mut found, mut newest) = (BTreeMap::new(), SpoolPlace::default());
        let mut replay = |place, entry| {
            newest = place;
            match entry {
                SpoolEntry::Batch { spans } => {
                    found.insert(place, spans);
                }
                SpoolEntry::Note(bytes) => match note::decode(&bytes) {
                    Some(places) => places.iter().for_each(|place| {
                        found.remove(place);
                    }),
                    None => tracing::error!(
                        "{exporter}: a note in its queue cannot be read; what it is about is sent again"
                    ),
                },
            }
        };
        let name = format!("exporter_{exporter}");
        let spool = spools.open_listed(&name, queue.disk_bytes(), &mut replay)?;
        // The spool counts bytes.
        let room = Room::new(match queue.sizer {
            Sizer::Bytes => u64::MAX,
            Sizer::Requests | Sizer::Items => queue.queue_size,
        });
        let mut restored = 0;
        for spans in found.values().copied().map(u64::from) {
            restored += spans;
            room.take_for_restored(queue.sizer.of_spans(spans));
        }
        if restored > 0 {
            let batches = found.len();
            tracing::info!("{exporter}: {restored} spans in {batches} batches wait in its queue");
        }
        let (stop, stopping) = watch::channel(false);
        let on_disk = Arc::new(OnDisk {
            delivery: Arc::new(delivery),
            spool,
            book: Mutex::new(Book::restored(found, newest)),
            room,
            sizer: queue.sizer,
            turns: Arc::new(Semaphore::new(queue.num_consumers)),
            num_consumers: queue.num_consumers,
            arrived: Notify::new(),
            settled: Notify::new(),
            stopping,
            cut: watch::Sender::new(false),
        });
        // Else what was delivered long ago would still count against the limit.
        let needed_from = on_disk.book().needed_from();
        on_disk.spool.release_before(needed_from);
        on_disk.delivery.account.restored(restored);
        on_disk.delivery.account.queues_in(&on_disk);
        let runtime = surroundings.runtime;
        runtime.spawn(Arc::clone(&on_disk).send_in_turn());
        runtime.spawn(Arc::clone(&on_disk).note_down());
        let stop = Arc::new(stop);
        let (ending, ends) = (Arc::clone(&on_disk), Arc::clone(&stop));
        // Removed from a file, it goes on as long as the peer takes anything.
        let left = Arc::clone(&on_disk);
        surroundings
            .endings
            .not_before(move || left.book().count() == 0);
        surroundings.endings.add(async move {
            ends.send_replace(true);
            ending.end().await;
        });
        Ok(Self { on_disk, stop })
    }
}

impl Drop for DiskQueue {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

impl Consumer for DiskQueue {
    fn consume(&self, batch: Arc<SpanBatch>, ack: Ack) {
        self.on_disk.delivery.account.arrived(batch.len() as u64);
        if batch.is_empty() {
            return ack(Ok(()));
        }
        self.on_disk.append(parts(batch), ack);
    }
}

/// A batch in parts of [`PART_BYTES`] at most, unless one span alone is larger.
fn parts(batch: Arc<SpanBatch>) -> Vec<Arc<SpanBatch>> {
    if batch.memory_bytes() <= PART_BYTES || batch.len() < 2 {
        return vec![batch];
    }
    let count = batch.memory_bytes().div_ceil(PART_BYTES / 8 * 7).max(2);
    let smaller = batch.in_parts(count).into_iter();
    smaller.flat_map(|part| parts(Arc::new(part))).collect()
}

impl OnDisk {
    fn book(&self) -> MutexGuard<'_, Book> {
        // It is changed by its own methods, none of which calls anybody.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn snapshot(&self) -> QueueSnapshot {
        let requests = self.book().count();
        let status = self.spool.status();
        QueueSnapshot {
            requests,
            held_bytes: status.held_bytes,
            limit_bytes: status.limit_bytes,
        }
    }

    /// Takes all parts of a batch, or none: whoever is told to come again brings all
    /// of them.
    fn append(self: &Arc<Self>, parts: Vec<Arc<SpanBatch>>, ack: Ack) {
        let account = &self.delivery.account;
        let sizes = parts.iter().map(|part| self.size_of(part));
        if let Err(taken) = self.room.take(sizes.sum()) {
            let (exporter, taken) = (account.exporter(), self.sizer.said(taken));
            let spans = parts.iter().map(|part| part.len() as u64);
            account.rejected("queue_full", spans.sum());
            let why = format!("{taken} wait in the queue of the exporter {exporter} already");
            return ack(Err(StoreError::Busy(why)));
        }
        let acks = shared(parts.len(), ack);
        let records: Vec<_> = parts.iter().cloned().map(SpoolRecord::Batch).collect();
        let placed = parts.into_iter().zip(acks);
        let placed = placed.map(|(part, ack)| self.placed(part, ack));
        let records = records.iter().zip(placed).collect();
        if let Err(not_taken) = self.spool.append_together(records) {
            not_taken.tell();
        }
    }

    fn size_of(&self, part: &SpanBatch) -> u64 {
        self.sizer.of_spans(part.len() as u64)
    }

    /// What is done when the spool has a part, or does not take it.
    fn placed(self: &Arc<Self>, part: Arc<SpanBatch>, ack: Ack) -> SpoolAck {
        let queue = Arc::clone(self);
        Box::new(move |fate| match fate {
            Ok(place) => {
                queue.book().arrived(place, part);
                queue.arrived.notify_one();
                ack(Ok(()));
            }
            Err(error) => {
                queue.room.give_back(queue.size_of(&part));
                let account = &queue.delivery.account;
                let (reason, told) = refusal(error, account.exporter());
                account.rejected(reason, part.len() as u64);
                ack(Err(told));
            }
        })
    }

    /// Lets one batch after the other begin, and so many at once as are allowed.
    async fn send_in_turn(self: Arc<Self>) {
        let mut stopping = self.stopping.clone();
        let turns = async {
            loop {
                let Ok(turn) = Arc::clone(&self.turns).acquire_owned().await else {
                    return;
                };
                let next = loop {
                    let next = self.book().next();
                    match next {
                        Some(next) => break next,
                        None => self.arrived.notified().await,
                    }
                };
                tokio::spawn(Arc::clone(&self).send(next, turn));
            }
        };
        tokio::select! {
            // Whoever would say so is gone as well.
            _ = stopping.wait_for(|ends| *ends) => {}
            () = turns => {}
        }
    }

    /// Brings one batch to the peer. Where the process ends before, it stays where
    /// it is.
    async fn send(self: Arc<Self>, next: Waiting, _turn: OwnedSemaphorePermit) {
        let spans = u64::from(next.spans);
        let mut owed = Owed::new(&self.delivery.account, spans);
        let batch = match next.batch {
            Some(batch) => Some(batch),
            None => match self.read(next.place).await {
                Ok(batch) => batch,
                Err(_ends) => return,
            },
        };
        if let Some(batch) = batch {
            let patience = Patience::Endless(self.stopping.clone());
            let mut cut = self.cut.subscribe();
            let delivered = tokio::select! {
                delivered = self.delivery.deliver(batch, &patience, &mut owed) => delivered,
                _ = cut.wait_for(|is_cut| *is_cut) => return,
            };
            match delivered {
                Err(StoreError::ShuttingDown) => return,
                // What was refused has been counted, and told to the log.
                Ok(()) | Err(_) => owed.reject_rest("lost"),
            }
        } else {
            owed.reject_rest("damaged_on_disk");
        }
        self.book().settled(next.place);
        self.room.give_back(self.sizer.of_spans(spans));
        self.settled.notify_one();
    }

    /// A batch from the disk; `None` if it is damaged there.
    ///
    /// # Errors
    /// The process ends before the disk says.
    async fn read(
        self: &Arc<Self>,
        place: SpoolPlace,
    ) -> Result<Option<Arc<SpanBatch>>, StoreError> {
        let account = &self.delivery.account;
        let mut failures = 0;
        loop {
            let queue = Arc::clone(self);
            let read = tokio::task::spawn_blocking(move || queue.spool.read(place));
            let why = match read.await.map_err(|_| StoreError::ShuttingDown)? {
                Ok(SpoolRecord::Batch(batch)) => return Ok(Some(batch)),
                Ok(SpoolRecord::Note(_)) => "a note stands where a batch should".to_owned(),
                Err(StoreError::Unavailable(why)) => {
                    failures += 1;
                    if account.retried(&why) {
                        tracing::error!("{}: its queue cannot be read: {why}", account.exporter());
                    }
                    let pause = self.delivery.retry.pause(failures, chance());
                    if has_ended_within(pause, self.stopping.clone()).await {
                        return Err(StoreError::ShuttingDown);
                    }
                    continue;
                }
                Err(error) => error.to_string(),
            };
            account.failed(&why);
            tracing::error!(
                "{}: a batch in its queue is lost: {why}",
                account.exporter()
            );
            return Ok(None);
        }
    }

    /// Notes what settled, a while after the first of it.
    async fn note_down(self: Arc<Self>) {
        loop {
            let mut stopping = self.stopping.clone();
            tokio::select! {
                _ = stopping.wait_for(|ends| *ends) => return,
                () = self.settled.notified() => {}
            }
            if has_ended_within(NOTE_AFTER, stopping).await {
                return;
            }
            if !self.note().await {
                self.settled.notify_one();
            }
        }
    }

    /// Notes what settled, and gives up what is not needed. Answers whether it
    /// could.
    async fn note(self: &Arc<Self>) -> bool {
        let mut is_noted = true;
        loop {
            let places = self.book().take_to_note(note::MAX_PLACES);
            if places.is_empty() {
                break;
            }
            let (told, fate) = oneshot::channel();
            let record = SpoolRecord::Note(note::encode(&places));
            let ack = Box::new(move |fate| {
                // Who waits for it may be gone with the runtime.
                told.send(fate).ok();
            });
            if let Err(not_taken) = self.spool.append(&record, ack) {
                not_taken.tell();
            }
            match fate.await {
                Ok(Ok(place)) => self.book().noted(place),
                refused => {
                    if let Ok(Err(error)) = refused {
                        let exporter = self.delivery.account.exporter();
                        tracing::debug!("{exporter}: what was sent is noted later: {error}");
                    }
                    self.book().not_noted(places);
                    is_noted = false;
                    break;
                }
            }
        }
        let needed_from = self.book().needed_from();
        let queue = Arc::clone(self);
        let released =
            tokio::task::spawn_blocking(move || queue.spool.release_before(needed_from)).await;
        is_noted && released.is_ok()
    }

    /// Waits a moment for what is on its way, notes what settled, and closes the
    /// spool. What waits stays in it.
    async fn end(self: Arc<Self>) {
        let all = u32::try_from(self.num_consumers).unwrap_or(u32::MAX);
        let turns = self.turns.acquire_many(all);
        let is_late = tokio::time::timeout(END_PATIENCE, turns).await.is_err();
        if is_late {
            let exporter = self.delivery.account.exporter();
            tracing::info!("{exporter}: what was on its way is sent again at the next start");
            self.cut.send_replace(true);
            // Else it could still be counted once the next queue has it.
            self.turns.acquire_many(all).await.ok();
        }
        self.note().await;
        // Whoever looks at the account looks into the book.
        let left = self.book().spans();
        self.delivery.account.left_on_disk(left);
        let spool = Arc::clone(&self.spool);
        let closed = tokio::task::spawn_blocking(move || spool.shut_down()).await;
        if closed.is_err() {
            tracing::error!("a queue on the disk did not end cleanly");
        }
    }
}

/// Under which reason it counts, and what the sender is told.
fn refusal(error: StoreError, exporter: &str) -> (&'static str, StoreError) {
    let told = |why: String| format!("the queue of the exporter {exporter}: {why}");
    match error {
        StoreError::Busy(why) => ("queue_full", StoreError::Busy(told(why))),
        StoreError::Unavailable(why) => ("disk_unavailable", StoreError::Unavailable(told(why))),
        StoreError::Refused(why) => ("too_large", StoreError::Refused(told(why))),
        other => ("lost", other),
    }
}
