//! Keeps one segment ready ahead of the writer, on a thread of its own.
//!
//! The writer takes it without waiting and the next one is made meanwhile.
//! While the disk is full the thread tries again every so often, so that the
//! log recovers without anybody's help. It must never hold its lock during
//! I/O.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::error::{OpenError, WalError};
use super::prepare::{Preparer, SegmentSource};
use super::segment::Segment;

const THREAD: &str = "wal-prepare";

#[derive(Debug, Default)]
struct State {
    ready: Option<Segment>,
    released: Vec<u64>,
    /// Why the last attempt to make a segment failed.
    failure: Option<WalError>,
    stopping: bool,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is one assignment: the state is sound after any panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }
}

/// The thread that makes segments; ends when dropped.
#[derive(Debug)]
pub(super) struct Supply {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// The writer's end of a [`Supply`].
#[derive(Debug)]
pub(super) struct Taker(Arc<Shared>);

impl Supply {
    pub(super) fn start(preparer: Preparer, retry_after: Duration) -> Result<Supply, OpenError> {
        let shared = Arc::<Shared>::default();
        let theirs = Ending(Arc::clone(&shared));
        let thread = std::thread::Builder::new()
            .name(THREAD.to_owned())
            .spawn(move || run(&theirs.0, preparer, retry_after))
            .map_err(|source| OpenError::Thread {
                name: THREAD,
                source,
            })?;
        Ok(Supply {
            shared,
            thread: Some(thread),
        })
    }

    pub(super) fn taker(&self) -> Taker {
        Taker(Arc::clone(&self.shared))
    }

    /// Hands over segments without needed entries; returns at once.
    pub(super) fn release(&self, mut sequences: Vec<u64>) {
        self.shared
            .change(|state| state.released.append(&mut sequences));
    }
}

impl Drop for Supply {
    fn drop(&mut self) {
        self.shared.change(|state| state.stopping = true);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that prepares log segments panicked");
        }
    }
}

impl SegmentSource for Taker {
    fn take(&mut self) -> Result<Segment, WalError> {
        let mut state = self.0.state();
        loop {
            if let Some(segment) = state.ready.take() {
                self.0.changed.notify_all();
                return Ok(segment);
            }
            if let Some(failure) = &state.failure {
                return Err(failure.clone());
            }
            state = self
                .0
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Tells the writer when the thread ends, however it ends.
struct Ending(Arc<Shared>);

impl Drop for Ending {
    fn drop(&mut self) {
        let failure = match std::thread::panicking() {
            true => WalError::Poisoned {
                reason: "the thread that prepares segments panicked".into(),
            },
            false => WalError::Closed,
        };
        self.0.change(|state| state.failure = Some(failure));
    }
}

fn run(shared: &Shared, mut preparer: Preparer, retry_after: Duration) {
    let mut retry = true;
    let mut state = shared.state();
    while !state.stopping {
        if !state.released.is_empty() {
            let released = std::mem::take(&mut state.released);
            drop(state);
            preparer.release(released);
            retry = true;
            state = shared.state();
        } else if state.ready.is_none() && retry {
            drop(state);
            let made = preparer.prepare();
            shared.change(|state| match made {
                Ok(segment) => {
                    state.ready = Some(segment);
                    state.failure = None;
                }
                Err(error) => {
                    if state.failure.is_none() {
                        tracing::error!(%error, "no new segment for the write-ahead log");
                    }
                    state.failure = Some(WalError::no_segment(&error));
                    retry = false;
                }
            });
            state = shared.state();
        } else if state.failure.is_some() {
            let (guard, waited) = shared
                .changed
                .wait_timeout(state, retry_after)
                .unwrap_or_else(PoisonError::into_inner);
            retry = waited.timed_out();
            state = guard;
        } else {
            state = shared
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}
