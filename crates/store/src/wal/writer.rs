//! The writer thread: gathers what waits, writes it as groups, publishes and
//! acknowledges.
//!
//! Order is the point: a group is durable, then visible ([`OnDurable`]), then
//! acknowledged, so that a client that reads after its acknowledgement finds
//! its spans. It must never acknowledge before that, except for
//! [`Durability::None`], which asks for it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::error::WalError;
use super::log::Log;
use super::options::Durability;
use super::prepare::SegmentSource;
use super::queue::{Pending, Queue, Taken};
use super::{Ack, OnDurable, WalPosition};

pub(super) struct Writer<T, S> {
    pub(super) queue: Arc<Queue<T>>,
    pub(super) log: Log<S>,
    pub(super) on_durable: OnDurable<T>,
    pub(super) durability: Durability,
    pub(super) retry_after: Duration,
}

/// The entries of the present group.
struct Group<T> {
    items: Vec<(WalPosition, T)>,
    acks: Vec<(WalPosition, Ack)>,
    payload_bytes: u64,
    has_spans: bool,
}

impl<T, S: SegmentSource> Writer<T, S> {
    /// Serves the queue until it is closed and empty, then closes the log.
    pub(super) fn run(mut self) -> Result<(), WalError> {
        let _abandon = Abandon(Arc::clone(&self.queue));
        let mut batch = VecDeque::new();
        let mut group = Group {
            items: Vec::new(),
            acks: Vec::new(),
            payload_bytes: 0,
            has_spans: false,
        };
        loop {
            let timeout = match self.queue.refusal() {
                None | Some(WalError::Poisoned { .. }) => None,
                Some(_) => Some(self.retry_after),
            };
            match self.queue.take(&mut batch, timeout) {
                Taken::Entries => self.write(&mut batch, &mut group),
                Taken::Nothing => {
                    let refusal = self.log.make_room(0, true).err();
                    self.note(refusal.as_ref());
                }
                Taken::Closed => return self.log.finish(),
            }
        }
    }

    fn write(&mut self, batch: &mut VecDeque<Pending<T>>, group: &mut Group<T>) {
        while let Some(pending) = batch.pop_front() {
            match self.log.place(&pending.stored) {
                Ok(Some(position)) => group.add(position, pending),
                Ok(None) => {
                    self.commit(group);
                    batch.push_front(pending);
                }
                Err(error) => {
                    self.note(Some(&error));
                    self.queue
                        .give_back(u64::from(pending.stored.payload_bytes));
                    (pending.ack)(Err(error));
                }
            }
        }
        self.commit(group);
    }

    /// Writes the group, makes it visible, runs its acknowledgements in order.
    fn commit(&mut self, group: &mut Group<T>) {
        if group.acks.is_empty() {
            return;
        }
        if self.durability == Durability::None {
            self.publish(group);
        }
        let result = self.log.flush();
        // That others had the reserve says nothing of spans.
        if std::mem::take(&mut group.has_spans) || result.is_err() {
            self.note(result.as_ref().err());
        }
        self.queue
            .give_back(std::mem::take(&mut group.payload_bytes));
        match result {
            Ok(()) => self.publish(group),
            Err(error) => {
                group.items.clear();
                for (_, ack) in group.acks.drain(..) {
                    ack(Err(error.clone()));
                }
            }
        }
    }

    fn publish(&mut self, group: &mut Group<T>) {
        if !group.items.is_empty() {
            (self.on_durable)(group.items.drain(..));
        }
        for (position, ack) in group.acks.drain(..) {
            ack(Ok(position));
        }
    }

    /// Remembers for health how the last attempt went, and logs a change.
    fn note(&self, refusal: Option<&WalError>) {
        let before = self.queue.refusal();
        match (&before, refusal) {
            (None, None) => return,
            (Some(_), None) => tracing::info!("the write-ahead log accepts spans again"),
            (None, Some(error)) | (_, Some(error @ WalError::Poisoned { .. }))
                if before.as_ref() != refusal =>
            {
                tracing::error!(%error, "spans are refused");
            }
            // Still refused: said before.
            (_, Some(_)) => {}
        }
        self.queue.set_refusal(refusal.cloned());
    }
}

impl<T> Group<T> {
    fn add(&mut self, position: WalPosition, pending: Pending<T>) {
        self.payload_bytes += u64::from(pending.stored.payload_bytes);
        self.has_spans |= pending.stored.spans > 0;
        self.items.push((position, pending.item));
        self.acks.push((position, pending.ack));
    }
}

/// Lets callers fail instead of wait when the thread ends, however it ends: a
/// dropped acknowledgement tells them as well.
struct Abandon<T>(Arc<Queue<T>>);

impl<T> Drop for Abandon<T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.set_refusal(Some(WalError::Poisoned {
                reason: "the writer thread panicked".into(),
            }));
        }
        self.0.abandon();
    }
}
