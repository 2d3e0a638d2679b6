//! The recorder itself: what all tracers of one set-up share.
//!
//! It exists so that starting a span asks one object: sampler, clock, limits,
//! queue. It must never be looked up by name on the hot path, nor counted at
//! each span: a recorder lives as long as the process.

use super::builder::SpanBuilder;
use super::clock::Clock;
use super::current::Context;
use super::data::{Scope, SpanData};
use super::keep::{Keep, KeepPolicy, LocalTrace};
use super::limits::SpanLimits;
use super::queue::{Chunk, Queue, lock};
use super::random;
use super::span::Span;
use super::thread::{self, ThreadChunk};
use crate::context::{SpanContext, SpanId, TraceFlags};
use crate::sampling::{Sampler, SamplingQuestion};
use crate::statistics::Counters;
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

    pub(super) fn start(&'static self, scope: u32, builder: &mut SpanBuilder) -> Span {
        let mut context = builder.parent.take().unwrap_or_else(Context::current);
        if self.is_closed() {
            return Span::unrecorded(context);
        }
        let parent = std::mem::take(&mut context.span);
        let has_parent = parent.is_valid();
        let (trace_id, random_flag) = if has_parent {
            (parent.trace_id, parent.flags.contains(TraceFlags::RANDOM))
        } else {
            (random::trace_id(), true)
        };
        let is_debug = has_parent && parent.flags.contains(TraceFlags::DEBUG);
        let decision = self.sampler.decide(&SamplingQuestion {
            parent: has_parent.then_some(&parent),
            trace_id,
            name: &builder.name,
            kind: builder.kind,
            service: &self.service,
        });
        context.span = SpanContext {
            trace_id,
            span_id: random::span_id(),
            flags: TraceFlags::default()
                .with(TraceFlags::SAMPLED, decision.is_sampled)
                .with(TraceFlags::RANDOM, random_flag)
                .with(TraceFlags::DEBUG, is_debug && decision.is_sampled),
            trace_state: decision.trace_state,
            is_remote: false,
        };
        if decision.is_sampled {
            context.local = None;
        } else if self.keep.is_none() {
            return Span::unrecorded(context);
        } else if context.local.is_none() {
            context.local = Some(LocalTrace::new(context.span.span_id));
        }
        let mut data = thread::blank(self);
        data.parent_span_id = if has_parent {
            parent.span_id
        } else {
            SpanId(0)
        };
        data.parent_is_remote = has_parent && parent.is_remote;
        data.name = std::mem::take(&mut builder.name);
        data.kind = builder.kind;
        data.scope = scope;
        data.start_ns = self.clock.now_ns();
        data.start_unix_ns = self.clock.unix_ns(data.start_ns);
        if let Some(start_unix_ns) = builder.start_unix_ns {
            let ago_ns = data.start_unix_ns.saturating_sub(start_unix_ns);
            // May wrap, as may the subtraction that undoes it.
            data.start_ns = data.start_ns.wrapping_sub(ago_ns);
            data.start_unix_ns = start_unix_ns;
        }
        for link in builder.links.drain(..) {
            data.add_link(&self.limits, link);
        }
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
