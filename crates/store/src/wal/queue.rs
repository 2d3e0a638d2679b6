//! What waits to be written: bounded in bytes, refused at once when full.
//!
//! Room is reserved before an entry is compressed, so that a log that is
//! behind costs its callers nothing. It must never block a caller.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Ack;
use super::compress::Stored;
use super::error::WalError;

/// An entry on its way to the log.
pub(super) struct Pending<T> {
    pub(super) stored: Stored,
    pub(super) item: T,
    pub(super) ack: Ack,
}

impl<T> Pending<T> {
    /// What the entry counts for in the queue: its payload as it was given,
    /// since that is the better measure of the item that waits with it.
    fn weight(&self) -> u64 {
        u64::from(self.stored.payload_bytes)
    }
}

/// What the writer finds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// Entries, in order.
    Entries,
    /// Nothing came in time.
    Nothing,
    /// Nothing will come any more.
    Closed,
}

struct State<T> {
    waiting: VecDeque<Pending<T>>,
    /// Reserved, waiting and being written.
    bytes: u64,
    refusal: Option<WalError>,
    closed: bool,
}

pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    arrived: Condvar,
    limit_bytes: u64,
}

impl<T> Queue<T> {
    pub(super) fn new(limit_bytes: u64) -> Queue<T> {
        Queue {
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                bytes: 0,
                refusal: None,
                closed: false,
            }),
            arrived: Condvar::new(),
            limit_bytes,
        }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        // No caller's code runs under the lock: the state is sound.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes room for a payload, or says why not. An entry larger than the
    /// whole queue is let in when nothing else waits.
    pub(super) fn reserve(&self, payload_bytes: u64) -> Result<(), WalError> {
        let mut state = self.state();
        if let Some(poison @ WalError::Poisoned { .. }) = &state.refusal {
            return Err(poison.clone());
        }
        if state.closed {
            return Err(WalError::Closed);
        }
        let wanted = state.bytes.saturating_add(payload_bytes);
        if wanted > self.limit_bytes && state.bytes > 0 {
            return Err(WalError::Backlogged {
                queued_bytes: state.bytes,
                limit_bytes: self.limit_bytes,
            });
        }
        state.bytes = wanted;
        Ok(())
    }

    /// Gives back room that was reserved.
    pub(super) fn give_back(&self, payload_bytes: u64) {
        self.state().bytes -= payload_bytes;
    }

    /// Queues an entry for which room was reserved. Gives it back if the queue
    /// was closed meanwhile.
    pub(super) fn push(&self, pending: Pending<T>) -> Result<(), Pending<T>> {
        let mut state = self.state();
        if state.closed {
            state.bytes -= pending.weight();
            return Err(pending);
        }
        state.waiting.push_back(pending);
        drop(state);
        self.arrived.notify_one();
        Ok(())
    }

    /// Waits for entries and moves all of them to `into`, which is empty.
    pub(super) fn take(&self, into: &mut VecDeque<Pending<T>>, timeout: Option<Duration>) -> Taken {
        let mut state = self.state();
        loop {
            if !state.waiting.is_empty() {
                std::mem::swap(&mut state.waiting, into);
                return Taken::Entries;
            }
            if state.closed {
                return Taken::Closed;
            }
            state = match timeout {
                None => self
                    .arrived
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(timeout) => {
                    let (state, waited) = self
                        .arrived
                        .wait_timeout(state, timeout)
                        .unwrap_or_else(PoisonError::into_inner);
                    if waited.timed_out() && state.waiting.is_empty() && !state.closed {
                        return Taken::Nothing;
                    }
                    state
                }
            };
        }
    }

    /// Why appends fail now; after poison, nothing else is ever reported.
    pub(super) fn set_refusal(&self, refusal: Option<WalError>) {
        let mut state = self.state();
        if !matches!(state.refusal, Some(WalError::Poisoned { .. })) {
            state.refusal = refusal;
        }
    }

    pub(super) fn refusal(&self) -> Option<WalError> {
        self.state().refusal.clone()
    }

    pub(super) fn queued_bytes(&self) -> u64 {
        self.state().bytes
    }

    /// Lets nothing in any more; what waits is still taken.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.arrived.notify_all();
    }

    /// Drops what waits, after the writer is gone.
    pub(super) fn abandon(&self) {
        let mut state = self.state();
        state.closed = true;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        drop(waiting);
    }
}
