//! The recorder itself: what all tracers of one set-up share.
//!
//! It exists so that starting a span asks one object: sampler, clock, limits,
//! queue. It must never be looked up by name on the hot path, nor counted at
//! each span: a recorder lives as long as the process.

use super::clock::Clock;
use super::current::Context;
use super::data::{Scope, SpanData};
use super::keep::{Keep, KeepPolicy, LocalTrace};
use super::limits::SpanLimits;
use super::queue::{Chunk, Queue, lock};
use super::random;
use super::span::Span;
use super::thread::{self, ThreadChunk};
use crate::context::{SpanContext, TraceFlags};
use crate::sampling::{Sampler, SamplingQuestion, SpanKind};
use crate::statistics::Counters;
use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

#[derive(Debug)]
pub(crate) struct CoreSettings {
    pub(crate) service: String,
    pub(crate) sampler: Arc<dyn Sampler>,
    pub(crate) limits: SpanLimits,
    pub(crate) keep: Option<KeepPolicy>,
    pub(crate) max_queue_spans: usize,
    pub(crate) batch_spans: usize,
}

#[derive(Debug)]
pub(crate) struct Core {
    service: Box<str>,
    sampler: Arc<dyn Sampler>,
    pub(super) limits: SpanLimits,
    pub(super) clock: Clock,
    keep: Option<Keep>,
    queue: Queue,
    threads: Mutex<Vec<Arc<ThreadChunk>>>,
    scopes: Mutex<Vec<Scope>>,
    pub(crate) counters: Counters,
    /// The last export failed.
    pub(crate) is_failing: AtomicBool,
    is_closed: AtomicBool,
}

impl Core {
    /// Never freed: a counter per span would be the most expensive part of a
    /// span where several threads share it. A program has one recorder.
    pub(crate) fn leak(settings: CoreSettings) -> &'static Core {
        Box::leak(Box::new(Core {
            service: settings.service.into(),
            sampler: settings.sampler,
            limits: settings.limits,
            clock: Clock::new(),
            keep: settings.keep.map(Keep::new),
            queue: Queue::new(settings.max_queue_spans, settings.batch_spans),
            threads: Mutex::default(),
            scopes: Mutex::default(),
            counters: Counters::default(),
            is_failing: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
        }))
    }

    pub(crate) fn queue(&self) -> &Queue {
        &self.queue
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
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
        lock(&self.threads).push(chunk);
    }

    pub(super) fn remove_thread(&self, chunk: &Arc<ThreadChunk>) {
        lock(&self.threads).retain(|known| !Arc::ptr_eq(known, chunk));
    }

    /// The number of a scope, for spans to carry.
    pub(super) fn scope_number(&self, scope: Scope) -> u32 {
        let mut scopes = lock(&self.scopes);
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

    /// Takes a span that ended.
    pub(super) fn finish(&'static self, local: Option<&LocalTrace>, data: Box<SpanData>) {
        match local {
            Some(local) => self.finish_undecided(local, data),
            None => thread::finish(self, data),
        }
    }

    /// Puts a thread's spans into the queue; returns memory for new ones.
    pub(super) fn enqueue(&self, chunk: Chunk) -> Chunk {
        if chunk.is_empty() {
            return chunk;
        }
        if self.is_closed() {
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
            self.enqueue(thread.take());
        }
        true
    }

    /// Everything that has ended, for set-ups without an exporter.
    pub(crate) fn take_finished(&self) -> Chunk {
        self.gather();
        self.queue.take(usize::MAX)
    }

    /// Starts a span below `above`, or below what is current on this thread.
    pub(super) fn start(
        &'static self,
        scope: u32,
        name: Cow<'static, str>,
        kind: SpanKind,
        above: Option<&Context>,
    ) -> Span {
        Context::with_current(|current| {
            self.start_below(above.unwrap_or(current), scope, name, kind)
        })
    }

    /// Reads the parent where it lies and builds the span where it will lie:
    /// moving contexts about was most of what an unsampled span cost.
    #[inline]
    fn start_below(
        &'static self,
        above: &Context,
        scope: u32,
        name: Cow<'static, str>,
        kind: SpanKind,
    ) -> Span {
        if self.is_closed() {
            return Span::unrecorded(above.clone());
        }
        let parent = above.span().is_valid().then_some(above.span());
        let (trace_id, span_id) = match parent {
            Some(parent) => (parent.trace_id, random::span_id()),
            None => random::ids(),
        };
        let decision = self.sampler.decide(&SamplingQuestion {
            parent,
            trace_id,
            name: &name,
            kind,
            service: &self.service,
        });
        let is_sampled = decision.is_sampled;
        let span = SpanContext {
            trace_id,
            span_id,
            flags: flags(parent, is_sampled),
            trace_state: decision.trace_state,
            is_remote: false,
        };
        let local = match &self.keep {
            Some(_) if !is_sampled => {
                let known = above.local.clone();
                Some(known.unwrap_or_else(|| LocalTrace::new(span_id)))
            }
            _ => None,
        };
        let is_recorded = is_sampled || local.is_some();
        let context = Context {
            span,
            baggage: above.baggage.clone(),
            local,
        };
        if !is_recorded {
            return Span::unrecorded(context);
        }
        let mut data = thread::blank(self);
        if let Some(parent) = parent {
            data.parent_span_id = parent.span_id;
            data.parent_is_remote = parent.is_remote;
        }
        data.name = name;
        data.kind = kind;
        data.scope = scope;
        data.start_ns = self.clock.now_ns();
        data.start_unix_ns = self.clock.unix_ns(data.start_ns);
        Span::recorded(context, data, self)
    }

    /// Takes an unsampled span that may be kept.
    fn finish_undecided(&'static self, local: &LocalTrace, data: Box<SpanData>) {
        let Some(keep) = &self.keep else { return };
        let kept = local.finish(keep, &self.counters.dropped_keep_full, data);
        for span in kept {
            thread::finish(self, span);
        }
    }
}

/// A span's flags: whether it is recorded, and what its trace says of itself.
#[inline]
fn flags(parent: Option<&SpanContext>, is_sampled: bool) -> TraceFlags {
    let of_trace = parent.map_or(TraceFlags::RANDOM, |parent| parent.flags);
    TraceFlags::default()
        .with(TraceFlags::SAMPLED, is_sampled)
        .with(TraceFlags::RANDOM, of_trace.contains(TraceFlags::RANDOM))
        .with(
            TraceFlags::DEBUG,
            is_sampled && of_trace.contains(TraceFlags::DEBUG),
        )
}
