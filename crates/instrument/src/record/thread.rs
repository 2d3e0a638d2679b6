//! What a thread has of each recorder: its chunk, and memory for new spans.
//!
//! It exists so that starting and ending a span looks nothing up that other
//! threads share. A thread that ends must never take its spans with it.

use super::core::Core;
use super::data::SpanData;
use super::queue::Chunk;
use super::thread_chunk::ThreadChunk;
use std::cell::RefCell;
use std::sync::Arc;

/// What a thread has of one recorder.
struct Desk {
    core: &'static Core,
    chunk: Arc<ThreadChunk>,
    blank: Chunk,
}

/// One per recorder that this thread has used: nearly always one.
struct Desks(Vec<Desk>);

thread_local! {
    static DESKS: RefCell<Desks> = const { RefCell::new(Desks(Vec::new())) };
}

impl Desks {
    fn of(&mut self, core: &'static Core) -> Option<&mut Desk> {
        let found = self.0.iter().position(|desk| std::ptr::eq(desk.core, core));
        let position = found.unwrap_or_else(|| {
            self.0.retain(|desk| !desk.core.is_closed());
            let chunk = Arc::new(ThreadChunk::default());
            core.add_thread(chunk.clone());
            self.0.push(Desk {
                core,
                chunk,
                blank: Chunk::new(),
            });
            self.0.len() - 1
        });
        self.0.get_mut(position)
    }
}

impl Desk {
    fn finish(&mut self, mut span: Box<SpanData>) {
        let (queue, origin) = (self.core.queue(), self.core.origin);
        let chunk_spans = queue.chunk_spans();
        span.held_bytes = span.memory_bytes();
        let chunk_bytes = queue.chunk_bytes();
        let Some(full) = self.chunk.push(origin, span, chunk_spans, chunk_bytes) else {
            return;
        };
        let blank = self.core.enqueue(full);
        if self.blank.len() < chunk_spans {
            self.blank.extend(blank);
        }
    }
}

impl Drop for Desks {
    fn drop(&mut self) {
        for desk in self.0.drain(..) {
            desk.core.enqueue(desk.chunk.take(desk.core.origin));
            desk.core.remove_thread(&desk.chunk);
        }
    }
}

/// Memory for a span that starts.
pub(super) fn blank(core: &'static Core) -> Box<SpanData> {
    let known = DESKS.try_with(|desks| desks.try_borrow_mut().ok()?.of(core)?.blank.pop());
    known.ok().flatten().unwrap_or_default()
}

/// Takes a span that ended on this thread, whichever started it.
pub(super) fn finish(core: &'static Core, span: Box<SpanData>) {
    let mut span = Some(span);
    let done = DESKS.try_with(|desks| {
        let mut desks = desks.try_borrow_mut().ok()?;
        let desk = desks.of(core)?;
        span.take().map(|span| desk.finish(span))
    });
    // A thread whose locals are gone already puts its span straight into the
    // queue.
    if let (Some(mut span), false) = (span, matches!(done, Ok(Some(())))) {
        span.held_bytes = span.memory_bytes();
        core.enqueue(vec![span]);
    }
}
