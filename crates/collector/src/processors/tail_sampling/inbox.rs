//! Between whoever brings batches and the one thread that looks at them.
//!
//! Batches are looked at **in the order in which they lie on the disk**, and once
//! they are there, because a restart will do it in that order too. Whoever sends
//! faster than they are looked at is told to come again.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracewell_model::spool::SpoolPlace;
use tracewell_model::{SpanBatch, StoreError};

/// Bytes of batches that may wait to be looked at.
const MAX_WAITING_BYTES: usize = 64 << 20;

/// See the module's text.
#[derive(Default)]
pub(super) struct Inbox {
    state: Mutex<Inside>,
    has_news: Condvar,
    has_looked: Condvar,
}

#[derive(Default)]
struct Inside {
    /// The number of the first of `batches`.
    first: u64,
    batches: VecDeque<Slot>,
    /// Those before this number were looked at.
    looked_at: u64,
    waiting_bytes: usize,
    answers: Vec<Answer>,
    /// Why nothing more is taken, when so much is decided and not delivered.
    is_behind: Option<String>,
    /// Somebody was told that the disk, or the spool, has no room.
    is_in_need: bool,
    is_ending: bool,
}

enum Slot {
    /// Not on the disk yet.
    Awaited(usize),
    Stored(StoredBatch),
    Failed,
}

/// A batch on the disk.
pub(super) struct StoredBatch {
    pub(super) place: SpoolPlace,
    pub(super) batch: Arc<SpanBatch>,
    bytes: usize,
}

/// What others said of what they were given.
pub(super) enum Answer {
    /// The notes that were written.
    Notes(Result<SpoolPlace, StoreError>),
    /// A batch, by its number, of a group of decided traces that was handed on.
    Group(u64, usize, Result<(), StoreError>),
}

/// What has come.
#[derive(Default)]
pub(super) struct News {
    pub(super) batches: Vec<StoredBatch>,
    pub(super) answers: Vec<Answer>,
    /// The number after the last of them.
    pub(super) through: u64,
    /// No batch is on its way: what comes later lies behind all that is known.
    pub(super) is_quiet: bool,
    /// Somebody was told that there is no room.
    pub(super) is_in_need: bool,
}

impl Inbox {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A batch is on its way to the disk; the next one to be announced lies behind it.
    ///
    /// # Errors
    /// Too much waits already, here or to be delivered, or the end has come.
    pub(super) fn announce(&self, batch: &SpanBatch) -> Result<u64, StoreError> {
        let mut inside = self.inside();
        if inside.is_ending {
            return Err(StoreError::ShuttingDown);
        }
        if let Some(why) = &inside.is_behind {
            return Err(StoreError::Busy(why.clone()));
        }
        let bytes = batch.memory_bytes();
        if inside.waiting_bytes > 0 && inside.waiting_bytes + bytes > MAX_WAITING_BYTES {
            let why = format!("{} bytes wait for tail_sampling", inside.waiting_bytes);
            return Err(StoreError::Busy(why));
        }
        inside.waiting_bytes += bytes;
        inside.batches.push_back(Slot::Awaited(bytes));
        Ok(inside.first + inside.batches.len() as u64 - 1)
    }

    /// Says why no more is taken from now on; `None`: more is taken.
    pub(super) fn set_behind(&self, why: Option<String>) {
        self.inside().is_behind = why;
    }

    /// Somebody was told that there is no room for his batch.
    pub(super) fn need(&self) {
        self.inside().is_in_need = true;
    }

    /// What became of it.
    pub(super) fn settle(&self, number: u64, stored: Option<(SpoolPlace, Arc<SpanBatch>)>) {
        let mut inside = self.inside();
        let index = (number - inside.first) as usize;
        let Some(slot) = inside.batches.get_mut(index) else {
            return;
        };
        let Slot::Awaited(bytes) = *slot else { return };
        match stored {
            Some((place, batch)) => {
                *slot = Slot::Stored(StoredBatch {
                    place,
                    batch,
                    bytes,
                });
            }
            None => {
                *slot = Slot::Failed;
                inside.waiting_bytes -= bytes;
            }
        }
        drop(inside);
        self.has_news.notify_one();
    }

    pub(super) fn answer(&self, answer: Answer) {
        self.inside().answers.push(answer);
        self.has_news.notify_one();
    }

    /// All that has come; of batches those before the first that is still on its way.
    pub(super) fn take(&self) -> News {
        let mut inside = self.inside();
        let mut news = News {
            answers: std::mem::take(&mut inside.answers),
            is_in_need: std::mem::take(&mut inside.is_in_need),
            ..News::default()
        };
        let is_there = |slot: &mut Slot| !matches!(slot, Slot::Awaited(_));
        while let Some(slot) = inside.batches.pop_front_if(is_there) {
            inside.first += 1;
            if let Slot::Stored(stored) = slot {
                news.batches.push(stored);
            }
        }
        news.is_quiet = inside.batches.is_empty();
        news.through = inside.first;
        news
    }

    /// All that came was looked at.
    pub(super) fn looked_at(&self, through: u64) {
        self.inside().looked_at = through;
        self.has_looked.notify_all();
    }

    /// Waits until all that is on the disk by now was looked at, at most so long.
    pub(super) fn wait_until_looked_at(&self, at_most: Duration) {
        let inside = self.inside();
        let is_there = |slot: &&Slot| !matches!(slot, Slot::Awaited(_));
        let there = inside.batches.iter().take_while(is_there).count() as u64;
        let through = inside.first + there;
        let is_behind = |inside: &mut Inside| !inside.is_ending && inside.looked_at < through;
        let waited = self
            .has_looked
            .wait_timeout_while(inside, at_most, is_behind);
        drop(waited);
    }

    /// It was looked at.
    pub(super) fn seen(&self, batch: &StoredBatch) {
        let mut inside = self.inside();
        inside.waiting_bytes = inside.waiting_bytes.saturating_sub(batch.bytes);
    }

    /// Waits for something to come, or for so long. Answers whether the end has come.
    pub(super) fn wait(&self, at_most: Duration) -> bool {
        let is_idle = |inside: &mut Inside| {
            let is_there = |slot: &Slot| !matches!(slot, Slot::Awaited(_));
            !inside.is_ending
                && inside.answers.is_empty()
                && !inside.batches.front().is_some_and(is_there)
        };
        let waited = self
            .has_news
            .wait_timeout_while(self.inside(), at_most, is_idle);
        waited.unwrap_or_else(PoisonError::into_inner).0.is_ending
    }

    /// Takes no more.
    pub(super) fn end(&self) {
        self.inside().is_ending = true;
        self.has_news.notify_one();
        self.has_looked.notify_all();
    }
}
