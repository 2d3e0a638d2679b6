//! Finished spans of one thread, on their way to the queue.
//!
//! It exists so that ending a span takes a lock that nobody else wants. It must
//! never hold more than a chunk for long: the thread moves full ones on.

use super::queue::{Chunk, lock};
use std::sync::{Mutex, MutexGuard};

/// Spans of one thread that are not in the queue yet. The thread pushes; the
/// exporter takes all of them when it flushes.
#[derive(Debug, Default)]
pub(super) struct ThreadChunk(Mutex<Chunk>);

impl ThreadChunk {
    pub(super) fn take(&self) -> Chunk {
        std::mem::take(&mut *lock(&self.0))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Chunk> {
        lock(&self.0)
    }
}
