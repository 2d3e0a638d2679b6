//! OpenTelemetry's provider and tracers, on our recorder.
//!
//! They exist so that libraries which know only the API record with
//! everything else. A tracer must never be bound to the recorder that was there
//! when it was made: libraries make theirs before the set-up.

use super::convert::{from_attributes, from_kind, from_span_context, unix_ns};
use super::current::parent_in;
use super::span::Span;
use ::opentelemetry::trace::SpanBuilder;
use ::opentelemetry::{Context as OtelContext, InstrumentationScope};
use std::borrow::Cow;
use std::sync::OnceLock;

/// Makes tracers that record with this crate. Made by
/// [`provider`](super::provider).
#[derive(Debug, Clone, Default)]
pub struct TracerProvider {
    recorder: Option<crate::Tracer>,
}

impl TracerProvider {
    /// Records through this tracer, instead of through the process's set-up or
    /// the thread's.
    #[must_use]
    pub fn with_tracer(mut self, tracer: crate::Tracer) -> TracerProvider {
        self.recorder = Some(tracer);
        self
    }
}

impl ::opentelemetry::trace::TracerProvider for TracerProvider {
    type Tracer = Tracer;

    fn tracer_with_scope(&self, scope: InstrumentationScope) -> Tracer {
        Tracer {
            recorder: self.recorder,
            name: Cow::Owned(scope.name().to_owned()),
            version: Cow::Owned(scope.version().unwrap_or_default().to_owned()),
            scoped: OnceLock::new(),
        }
    }
}

/// Starts the spans of one library: the scope's name and version are recorded,
/// its schema URL and attributes are not.
#[derive(Debug)]
pub struct Tracer {
    recorder: Option<crate::Tracer>,
    name: Cow<'static, str>,
    version: Cow<'static, str>,
    /// Of the recorder that was there at the first span.
    scoped: OnceLock<crate::Tracer>,
}

impl Tracer {
    /// The recorder of now, for this scope.
    fn scoped(&self) -> Option<crate::Tracer> {
        let recorder = self.recorder.or_else(crate::Tracer::current)?;
        let scoped = || recorder.scoped(self.name.clone(), self.version.clone());
        let known = *self.scoped.get_or_init(scoped);
        // Another one on threads that have their own: tests.
        let is_same = std::ptr::eq(known.core(), recorder.core());
        Some(if is_same { known } else { scoped() })
    }
}

impl ::opentelemetry::trace::Tracer for Tracer {
    type Span = Span;

    fn build_with_context(&self, builder: SpanBuilder, context: &OtelContext) -> Span {
        let parent = parent_in(context);
        let is_suppressed = context.is_telemetry_suppressed();
        let Some(tracer) = self.scoped().filter(|_| !is_suppressed) else {
            return Span::unrecorded(&parent);
        };
        let kind = builder
            .span_kind
            .as_ref()
            .map_or_else(Default::default, from_kind);
        let mut starting = tracer.span(builder.name).kind(kind).parent(parent);
        if let Some(start) = builder.start_time {
            starting = starting.start_unix_ns(unix_ns(start));
        }
        let mut attributes = builder.attributes.unwrap_or_default();
        if starting.is_asked_for_attributes() {
            for attribute in from_attributes(std::mem::take(&mut attributes)) {
                starting = starting.attribute(attribute.key, attribute.value);
            }
        }
        let mut span = starting.start();
        if span.is_recording() {
            for attribute in from_attributes(attributes) {
                span.set_attribute(attribute.key, attribute.value);
            }
            for event in builder.events.unwrap_or_default() {
                let attributes = from_attributes(event.attributes);
                span.add_event_at(event.name, unix_ns(event.timestamp), attributes);
            }
            for link in builder.links.unwrap_or_default() {
                let context = from_span_context(&link.span_context);
                span.add_link(context, from_attributes(link.attributes));
            }
        }
        Span::running(span)
    }
}
