//! Finished spans of one thread, on their way to the queue.
//!
//! It exists so that ending a span takes a lock that nobody else wants. It must
//! never hold more than a chunk for long: the thread moves full ones on.

use super::data::SpanData;
use super::queue::Chunk;
use crate::process::Origin;
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
    pub(super) fn take(&self, origin: Origin) -> Chunk {
        let waiting = origin.lock(&self.0);
        waiting.map_or_else(Chunk::new, |mut waiting| {
            std::mem::take(&mut *waiting).spans
        })
    }

    #[cfg(all(test, unix))]
    pub(super) fn hold(&self) -> impl Sized + '_ {
        crate::process::lock(&self.0)
    }

    /// Adds a span; returns the chunk if that filled it, and the span where its
    /// process is not that of the exporter, who may have been taking the chunk.
    pub(super) fn push(
        &self,
        origin: Origin,
        span: Box<SpanData>,
        max_spans: usize,
        max_bytes: usize,
    ) -> Option<Chunk> {
        let Some(mut waiting) = origin.lock(&self.0) else {
            return Some(vec![span]);
        };
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
