//! Finished spans between the application's threads and the exporter.
//!
//! It exists so that they meet once per chunk of spans, not once per span. It
//! must never hold more spans or bytes than its limits, nor make an application
//! wait.

use super::data::SpanData;
use crate::process::lock;
use std::collections::VecDeque;
use std::sync::Mutex;
use tokio::sync::Notify;

/// Finished spans of one thread. Boxed: they change hands five times.
pub(crate) type Chunk = Vec<Box<SpanData>>;

/// How much may wait, and how much of it makes a batch. The same for spans and
/// for log records.
#[derive(Debug, Clone, Copy)]
pub(crate) struct QueueLimits {
    pub(crate) max_items: usize,
    pub(crate) max_bytes: usize,
    pub(crate) batch_items: usize,
    pub(crate) batch_bytes: usize,
}

impl QueueLimits {
    pub(crate) fn is_batch(&self, items: usize, bytes: usize) -> bool {
        items >= self.batch_items.min(self.max_items)
            || bytes >= self.batch_bytes.min(self.max_bytes)
    }
}

#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    limits: QueueLimits,
    filled: Notify,
}

#[derive(Debug, Default)]
struct State {
    chunks: VecDeque<Chunk>,
    spans: usize,
    bytes: usize,
    /// Memory of exported spans, for new ones.
    blank: Vec<Chunk>,
    blank_spans: usize,
}

/// What a thread gets for its chunk.
pub(super) struct Pushed {
    pub(super) dropped: usize,
    pub(super) blank: Chunk,
}

impl State {
    /// Keeps the spans of a chunk that fit; returns the others. One that is
    /// too large takes no other with it.
    fn admit(&mut self, chunk: &mut Chunk, limits: &QueueLimits) -> Chunk {
        let (mut spans, mut bytes) = (self.spans, self.bytes);
        let mut fits = |span: &SpanData| {
            let does_fit = spans < limits.max_items && bytes + span.held_bytes <= limits.max_bytes;
            if does_fit {
                spans += 1;
                bytes += span.held_bytes;
            }
            does_fit
        };
        let refused = chunk.extract_if(.., |span| !fits(span)).collect();
        (self.spans, self.bytes) = (spans, bytes);
        refused
    }
}

impl Queue {
    pub(crate) fn new(limits: QueueLimits) -> Queue {
        Queue {
            state: Mutex::default(),
            limits,
            filled: Notify::new(),
        }
    }

    /// How many spans a thread gathers before it hands them over: few enough
    /// that a small queue is not overrun by one chunk.
    pub(super) fn chunk_spans(&self) -> usize {
        (self.limits.max_items / 8).clamp(1, 64)
    }

    /// And how many bytes.
    pub(super) fn chunk_bytes(&self) -> usize {
        (self.limits.max_bytes / 8).min(256 * 1024)
    }

    pub(super) fn push(&self, mut chunk: Chunk) -> Pushed {
        let mut state = lock(&self.state);
        let refused = state.admit(&mut chunk, &self.limits);
        let blank = state.blank.pop().unwrap_or_default();
        state.blank_spans -= blank.len();
        if !chunk.is_empty() {
            state.chunks.push_back(chunk);
        }
        let is_filled = self.limits.is_batch(state.spans, state.bytes);
        drop(state);
        if is_filled {
            self.filled.notify_one();
        }
        let dropped = refused.len();
        self.recycle(refused);
        Pushed { dropped, blank }
    }

    /// Takes the oldest spans: at most so many, and so many bytes, but one at
    /// least.
    pub(crate) fn take(&self, max_spans: usize, max_bytes: usize) -> Chunk {
        let mut state = lock(&self.state);
        let (mut taken, mut spans, mut bytes) = (Chunk::new(), 0, 0);
        while let Some(mut chunk) = state.chunks.pop_front() {
            let end = chunk.iter().position(|span| {
                let is_full = spans >= max_spans || bytes + span.held_bytes > max_bytes;
                let ends_here = is_full && spans > 0;
                if !ends_here {
                    spans += 1;
                    bytes += span.held_bytes;
                }
                ends_here
            });
            let rest = end.map(|end| chunk.split_off(end));
            taken.append(&mut chunk);
            if let Some(rest) = rest {
                state.chunks.push_front(rest);
                break;
            }
        }
        state.spans -= taken.len();
        state.bytes -= bytes;
        taken
    }

    /// Whether a thread's chunk is sure to fit, if nobody else is faster.
    pub(super) fn has_room(&self) -> bool {
        let state = lock(&self.state);
        state.spans + self.chunk_spans() <= self.limits.max_items
            && state.bytes + self.chunk_bytes() <= self.limits.max_bytes
    }

    pub(crate) fn has_batch(&self) -> bool {
        let state = lock(&self.state);
        self.limits.is_batch(state.spans, state.bytes)
    }

    /// Waits until there is a batch.
    pub(crate) async fn filled(&self) {
        self.filled.notified().await;
    }

    #[cfg(all(test, unix))]
    pub(super) fn hold(&self) -> impl Sized + '_ {
        lock(&self.state)
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
        while !chunk.is_empty() && state.blank_spans < self.limits.max_items {
            let part = chunk.split_off(chunk.len().saturating_sub(chunk_spans));
            state.blank_spans += part.len();
            state.blank.push(part);
        }
    }
}
