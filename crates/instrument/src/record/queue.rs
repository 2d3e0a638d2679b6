//! Finished spans between the application's threads and the exporter.
//!
//! It exists so that they meet once per chunk of spans, not once per span. It
//! must never hold more spans than its limit, nor make an application wait.

use super::data::SpanData;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Finished spans of one thread. Boxed: they change hands five times.
pub(crate) type Chunk = Vec<Box<SpanData>>;

/// Locks also after a panic elsewhere: telemetry must not multiply panics.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    max_spans: usize,
    wake_at: usize,
    filled: Notify,
}

#[derive(Debug, Default)]
struct State {
    chunks: VecDeque<Chunk>,
    spans: usize,
    /// Memory of exported spans, for new ones.
    blank: Vec<Chunk>,
    blank_spans: usize,
}

/// What a thread gets for its chunk.
pub(super) struct Pushed {
    pub(super) dropped: usize,
    pub(super) blank: Chunk,
}

impl Queue {
    /// Wakes the exporter when `wake_at` spans lie in it.
    pub(crate) fn new(max_spans: usize, wake_at: usize) -> Queue {
        Queue {
            state: Mutex::default(),
            max_spans,
            wake_at: wake_at.min(max_spans),
            filled: Notify::new(),
        }
    }

    /// How many spans a thread gathers before it hands them over: few enough
    /// that a small queue is not overrun by one chunk.
    pub(super) fn chunk_spans(&self) -> usize {
        (self.max_spans / 8).clamp(1, 64)
    }

    pub(super) fn push(&self, mut chunk: Chunk) -> Pushed {
        let mut state = lock(&self.state);
        let room = self.max_spans.saturating_sub(state.spans);
        let dropped = chunk.len().saturating_sub(room);
        let blank = state.blank.pop().unwrap_or_default();
        state.blank_spans -= blank.len();
        let refused = chunk.split_off(chunk.len() - dropped);
        if !chunk.is_empty() {
            state.spans += chunk.len();
            state.chunks.push_back(chunk);
        }
        let is_filled = state.spans >= self.wake_at;
        drop(state);
        if is_filled {
            self.filled.notify_one();
        }
        self.recycle(refused);
        Pushed { dropped, blank }
    }

    /// Takes the oldest spans, at most `max` of them.
    pub(crate) fn take(&self, max: usize) -> Chunk {
        let mut state = lock(&self.state);
        let mut taken = Chunk::new();
        while taken.len() < max {
            let Some(mut chunk) = state.chunks.pop_front() else {
                break;
            };
            let room = max - taken.len();
            if chunk.len() > room {
                let rest = chunk.split_off(room);
                state.chunks.push_front(rest);
            }
            taken.append(&mut chunk);
        }
        state.spans -= taken.len();
        taken
    }

    /// Whether a thread's chunk is sure to fit, if nobody else is faster.
    pub(super) fn has_room(&self) -> bool {
        self.len() + self.chunk_spans() <= self.max_spans
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.state).spans
    }

    /// Waits until there is a batch.
    pub(crate) async fn filled(&self) {
        self.filled.notified().await;
    }

    /// Gives up the memory held for new spans.
    pub(super) fn free(&self) {
        let mut state = lock(&self.state);
        state.blank = Vec::new();
        state.blank_spans = 0;
    }

    /// Takes back the memory of spans that were exported or dropped.
    pub(crate) fn recycle(&self, mut chunk: Chunk) {
        if chunk.is_empty() {
            return;
        }
        for span in &mut chunk {
            span.reset();
        }
        let chunk_spans = self.chunk_spans();
        let mut state = lock(&self.state);
        while !chunk.is_empty() && state.blank_spans < self.max_spans {
            let part = chunk.split_off(chunk.len().saturating_sub(chunk_spans));
            state.blank_spans += part.len();
            state.blank.push(part);
        }
    }
}
