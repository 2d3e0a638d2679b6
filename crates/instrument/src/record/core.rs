//! The recorder itself: what all tracers of one set-up share.
//!
//! It exists so that starting a span (`start`) and ending one (`finish`) ask
//! one object: sampler, clock, limits, queue. It must never be looked up by name on the hot path, nor counted at
//! each span: a recorder lives as long as the process.

use super::clock::Clock;
use super::data::Scope;
use super::keep::{Keep, KeepPolicy};
use super::limits::SpanLimits;
use super::queue::{Chunk, Queue, QueueLimits};
use super::thread_chunk::ThreadChunk;
use crate::process::{Origin, lock, say_once};
use crate::processing::Processors;
use crate::sampling::Sampler;
use crate::statistics::Counters;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

#[derive(Debug)]
pub(crate) struct CoreSettings {
    pub(crate) service: String,
    pub(crate) sampler: Arc<dyn Sampler>,
    pub(crate) limits: SpanLimits,
    pub(crate) keep: Option<KeepPolicy>,
    pub(crate) processors: Processors,
    pub(crate) queue: QueueLimits,
}

#[derive(Debug)]
pub(crate) struct Core {
    pub(super) service: Box<str>,
    pub(super) sampler: Arc<dyn Sampler>,
    pub(crate) sampler_reads_attributes: bool,
    pub(super) limits: SpanLimits,
    pub(super) clock: Clock,
    pub(super) keep: Option<Keep>,
    pub(super) processors: Processors,
    queue: Queue,
    threads: Mutex<Vec<Arc<ThreadChunk>>>,
    scopes: Mutex<Vec<Scope>>,
    pub(crate) counters: Counters,
    /// The last export failed.
    pub(crate) is_failing: AtomicBool,
    is_closed: AtomicBool,
    has_said_closed: AtomicBool,
    /// Where its exporter is.
    pub(super) origin: Origin,
}

impl Core {
    /// Never freed: a counter per span would be the most expensive part of a
    /// span where several threads share it. A program has one recorder.
    pub(crate) fn leak(settings: CoreSettings) -> &'static Core {
        Box::leak(Box::new(Core {
            service: settings.service.into(),
            sampler_reads_attributes: settings.sampler.reads_attributes(),
            sampler: settings.sampler,
            limits: settings.limits,
            clock: Clock::new(),
            keep: settings.keep.map(Keep::new),
            processors: settings.processors,
            queue: Queue::new(settings.queue),
            threads: Mutex::default(),
            scopes: Mutex::new(Scope::first()),
            counters: Counters::default(),
            is_failing: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
            has_said_closed: AtomicBool::new(false),
            origin: Origin::here(),
        }))
    }

    pub(crate) fn queue(&self) -> &Queue {
        &self.queue
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
    }

    /// A span is not recorded because nothing is any more.
    #[cold]
    pub(super) fn say_closed(&self) {
        say_once(
            &self.has_said_closed,
            "a span was started after the guard was dropped, and is not recorded; keep the \
             guard until the end of main: `let _guard = …`, not `let _ = …`",
        );
    }

    /// Whether it is closed; closes it in a child that has no exporter, and without
    /// a lock: another thread may have held any at the fork.
    fn is_closed_here(&self) -> bool {
        if !self.is_closed() && self.origin.is_left() {
            self.has_said_closed.store(true, Ordering::Relaxed);
            self.is_closed.store(true, Ordering::Relaxed);
        }
        self.is_closed()
    }

    /// The same as [`close`](Core::close), where nobody is to be told of spans
    /// that start later.
    pub(crate) fn close_quietly(&self) {
        self.has_said_closed.store(true, Ordering::Relaxed);
        self.close();
    }

    /// Records nothing from now on.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
        self.queue.free();
    }

    /// Once per export: see [`Clock::follow_wall_clock`].
    pub(crate) fn follow_wall_clock(&self) {
        self.clock.follow_wall_clock();
    }

    pub(super) fn add_thread(&self, chunk: Arc<ThreadChunk>) {
        if let Some(mut threads) = self.origin.lock(&self.threads) {
            threads.push(chunk);
        }
    }

    pub(super) fn remove_thread(&self, chunk: &Arc<ThreadChunk>) {
        if let Some(mut threads) = self.origin.lock(&self.threads) {
            threads.retain(|known| !Arc::ptr_eq(known, chunk));
        }
    }

    /// The number of a scope, for spans to carry.
    pub(super) fn scope_number(&self, scope: Scope) -> u32 {
        let Some(mut scopes) = self.origin.lock(&self.scopes) else {
            return 0;
        };
        let known = scopes.iter().position(|known| *known == scope);
        let position = known.unwrap_or_else(|| {
            scopes.push(scope);
            scopes.len() - 1
        });
        u32::try_from(position).unwrap_or(u32::MAX)
    }

    pub(crate) fn scopes(&self) -> Vec<Scope> {
        lock(&self.scopes).clone()
    }

    /// Puts a thread's spans into the queue; returns memory for new ones.
    pub(super) fn enqueue(&self, chunk: Chunk) -> Chunk {
        if chunk.is_empty() {
            return chunk;
        }
        if self.is_closed_here() {
            self.counters.dropped_after_shutdown.add(chunk.len());
            return Chunk::new();
        }
        let pushed = self.queue.push(chunk);
        if pushed.dropped > 0 {
            self.counters.dropped_queue_full.add(pushed.dropped);
        }
        pushed.blank
    }

    /// Brings spans that lie with their threads into the queue; false if it has
    /// no room for all of them.
    pub(crate) fn gather(&self) -> bool {
        let threads = lock(&self.threads).clone();
        for thread in threads {
            if !self.queue.has_room() {
                return false;
            }
            self.enqueue(thread.take(self.origin));
        }
        true
    }

    /// Everything that has ended, for set-ups without an exporter.
    pub(crate) fn take_finished(&self) -> Chunk {
        self.gather();
        self.queue.take(usize::MAX, usize::MAX)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::mock::MockExporter;
    use std::time::Duration;

    #[test]
    fn a_child_by_fork_waits_for_no_lock_that_somebody_held_at_the_fork() {
        let mock = MockExporter::new();
        let (tracer, core) = (mock.tracer(), mock.tracer().core());
        // So that this thread has a chunk.
        tracer.span("before").start().end();
        let threads = lock(&core.threads);
        let chunks: Vec<_> = threads.iter().map(|chunk| chunk.hold()).collect();
        let others = (lock(&core.scopes), core.queue.hold());
        match fork::fork().unwrap() {
            fork::Fork::Child => {
                std::thread::spawn(|| {
                    std::thread::sleep(Duration::from_secs(20));
                    std::process::exit(1);
                });
                for _ in 0..200 {
                    tracer.span("of the child").start().end();
                }
                let tracer = tracer.scoped("of the child", "1");
                let thread = std::thread::spawn(move || tracer.span("one").start().end());
                let is_told = thread.join().is_ok() && core.is_closed();
                std::process::exit(if is_told { 0 } else { 2 });
            }
            fork::Fork::Parent(child) => {
                drop((chunks, others));
                drop(threads);
                let status = fork::waitpid(child).unwrap();
                assert_eq!(fork::WEXITSTATUS(status), 0);
            }
        }
    }
}
