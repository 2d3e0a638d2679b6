//! How a span starts: parent, ids, the sampler's word, and memory for it.
//!
//! It is the hot path of every application. It must never allocate, lock or
//! read a clock for a span that is not recorded.

use super::core::Core;
use super::current::Context;
use super::keep::LocalTrace;
use super::random;
use super::span::{Rare, Span};
use super::thread;
use crate::context::{SpanContext, TraceFlags};
use crate::sampling::{SamplingQuestion, SpanKind};
use std::borrow::Cow;

impl Core {
    /// Starts a span below `above`, or below what is current on this thread.
    pub(super) fn start(
        &'static self,
        scope: u32,
        name: Cow<'static, str>,
        kind: SpanKind,
        above: Option<&Context>,
        rare: Option<Box<Rare>>,
    ) -> Span {
        let mut span = Context::with_current(|current| {
            self.start_below(above.unwrap_or(current), scope, name, kind, rare.as_deref())
        });
        if let Some(rare) = rare {
            span.add_rare(*rare);
        }
        if !self.processors.is_empty() && span.is_recording() {
            // Outside: a processor may make something current.
            let current = above.is_none().then(Context::current);
            if let Some(parent) = above.or(current.as_ref()) {
                self.processors.start(&mut span, parent);
            }
        }
        span
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
        rare: Option<&Rare>,
    ) -> Span {
        if self.is_closed() {
            self.say_closed();
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
            attributes: rare.map_or(&[], |rare| &rare.attributes),
            links: rare.map_or(&[], |rare| &rare.links),
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
                Some(known.unwrap_or_else(|| LocalTrace::new(self, span_id)))
            }
            _ => None,
        };
        let is_recorded = is_sampled || local.is_some();
        let context = Context {
            span,
            baggage: above.baggage.clone(),
            local,
            open: None,
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
        data.started_in_panic = std::thread::panicking();
        data.inbox(self);
        for attribute in decision.attributes {
            data.set_attribute(&self.limits, attribute);
        }
        data.start_ns = self.clock.now_ns();
        data.start_unix_ns = self.clock.unix_ns(data.start_ns);
        Span::recorded(context, data, self)
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
