//! What is said of a span before it starts.
//!
//! It exists because kind, parent and links must be known when the sampler is
//! asked. It must never collect attributes unasked: an unsampled span would pay
//! for them.

use super::current::Context;
use super::data::{Link, Part};
use super::span::{Rare, Span};
use super::tracer::Tracer;
use super::value::{KeyValue, Value};
use crate::context::SpanContext;
use crate::sampling::SpanKind;
use std::borrow::Cow;

/// A span that has not started. Made by [`span`](super::span()) or
/// [`Tracer::span`].
#[derive(Debug)]
#[must_use = "a span is recorded when it is started"]
pub struct SpanBuilder {
    tracer: Option<Tracer>,
    name: Cow<'static, str>,
    kind: SpanKind,
    parent: Option<Context>,
    rare: Option<Box<Rare>>,
}

/// A span that the process's set-up records, or the thread's (see
/// [`Tracer::set_default`]). Nothing is recorded where there is none.
pub fn span(name: impl Into<Cow<'static, str>>) -> SpanBuilder {
    SpanBuilder::new(None, name.into())
}

impl Tracer {
    /// A span that this tracer records.
    #[inline]
    pub fn span(&self, name: impl Into<Cow<'static, str>>) -> SpanBuilder {
        SpanBuilder::new(Some(*self), name.into())
    }
}

impl SpanBuilder {
    #[inline]
    fn new(tracer: Option<Tracer>, name: Cow<'static, str>) -> SpanBuilder {
        SpanBuilder {
            tracer,
            name,
            kind: SpanKind::Internal,
            parent: None,
            rare: None,
        }
    }

    /// What the span is; internal unless said.
    #[inline]
    pub fn kind(mut self, kind: SpanKind) -> SpanBuilder {
        self.kind = kind;
        self
    }

    /// Its parent; the current context unless said. An empty context makes it
    /// a root.
    #[inline]
    pub fn parent(mut self, parent: Context) -> SpanBuilder {
        self.parent = Some(parent);
        self
    }

    /// Makes it the root of a new trace, whatever is current.
    #[inline]
    pub fn root(self) -> SpanBuilder {
        self.parent(Context::default())
    }

    /// Another span it has to do with. An invalid one is ignored.
    pub fn link(mut self, context: SpanContext) -> SpanBuilder {
        if context.is_valid() {
            self.rare().links.push(Link {
                context,
                attributes: Vec::new(),
                dropped_attributes: 0,
            });
        }
        self
    }

    /// An attribute that the sampler sees, if it
    /// [`reads_attributes`](crate::sampling::Sampler::reads_attributes). Costs
    /// also where nothing is recorded: of what no sampler reads,
    /// [`Span::set_attribute`] is cheaper.
    pub fn attribute(
        mut self,
        key: impl Into<Cow<'static, str>>,
        value: impl Into<Value>,
    ) -> SpanBuilder {
        self.rare().attributes.push(KeyValue::new(key, value));
        self
    }

    /// Attributes that the sampler sees and the span does not get: whoever takes
    /// its place has them.
    #[cfg(feature = "tracing")]
    pub(crate) fn shown(mut self, attributes: Vec<KeyValue>) -> SpanBuilder {
        if !attributes.is_empty() {
            let rare = self.rare();
            rare.attributes = attributes;
            rare.is_only_shown = true;
        }
        self
    }

    /// Recorded by a part of this crate, and not by the application.
    pub(crate) fn of_part(mut self, part: Part) -> SpanBuilder {
        let tracer = self.tracer.or_else(Tracer::current);
        self.tracer = tracer.map(|tracer| tracer.of_part(part));
        self
    }

    /// Whether whoever decides wants to see attributes.
    pub(crate) fn is_asked_for_attributes(&self) -> bool {
        let tracer = self.tracer.or_else(Tracer::current);
        tracer.is_some_and(|tracer| tracer.core().sampler_reads_attributes)
    }

    /// When it started, in nanoseconds since 1970; now unless said.
    pub fn start_unix_ns(mut self, start_unix_ns: u64) -> SpanBuilder {
        self.rare().start_unix_ns = Some(start_unix_ns);
        self
    }

    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// Starts it. Without a set-up nothing is recorded, and the parent's
    /// context is handed on.
    #[inline]
    pub fn start(self) -> Span {
        if self.rare.is_some() {
            return self.start_rare();
        }
        let above = self.parent.as_ref();
        match self.tracer.or_else(Tracer::current) {
            Some(tracer) => tracer.start(self.name, self.kind, above, None),
            None => Span::unrecorded(above.cloned().unwrap_or_else(Context::current)),
        }
    }

    #[cold]
    fn start_rare(mut self) -> Span {
        let rare = self.rare.take();
        match self.tracer.or_else(Tracer::current) {
            Some(tracer) => tracer.start(self.name, self.kind, self.parent.as_ref(), rare),
            None => self.start(),
        }
    }
}
