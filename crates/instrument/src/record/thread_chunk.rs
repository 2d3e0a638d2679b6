//! Finished spans of one thread, on their way to the queue.
//!
//! It exists so that ending a span takes a lock that nobody else wants. It must
//! never hold more than a chunk for long: the thread moves full ones on.

use super::data::SpanData;
use super::queue::{Chunk, lock};
use std::sync::Mutex;

/// Spans of one thread that are not in the queue yet. The thread pushes; the
/// exporter takes all of them when it flushes.
#[derive(Debug, Default)]
pub(super) struct ThreadChunk(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    spans: Chunk,
    bytes: usize,
}

impl ThreadChunk {
    pub(super) fn take(&self) -> Chunk {
        std::mem::take(&mut *lock(&self.0)).spans
    }

    /// Adds a span; returns the chunk if that filled it.
    pub(super) fn push(
        &self,
        span: Box<SpanData>,
        max_spans: usize,
        max_bytes: usize,
    ) -> Option<Chunk> {
        let mut waiting = lock(&self.0);
        waiting.bytes += span.held_bytes;
        waiting.spans.push(span);
        if waiting.spans.len() < max_spans && waiting.bytes < max_bytes {
            return None;
        }
        waiting.bytes = 0;
        let next = Chunk::with_capacity(max_spans);
        Some(std::mem::replace(&mut waiting.spans, next))
    }
}
