//! A running span.
//!
//! It exists so that code says what it does while it does it; the span ends
//! when it is dropped. Every method must be free of cost where nothing is
//! recorded.

use super::core::Core;
use super::current::{Context, ContextGuard};
use super::data::{Event, Link, SpanData, Status};
use super::exception::Exception;
use super::handle::SpanHandle;
use super::inbox::Inbox;
use super::panic;
use super::value::{KeyValue, Value};
use crate::context::SpanContext;
#[cfg(feature = "tracing")]
use crate::sampling::SpanKind;
use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

/// A running span. It ends when it is dropped.
///
/// It is not current by itself: [`attach`](Span::attach) makes it the parent of
/// what this thread starts next.
#[derive(Debug)]
#[must_use = "a span ends when it is dropped"]
pub struct Span {
    context: Context,
    record: Option<Record>,
}

#[derive(Debug)]
struct Record {
    core: &'static Core,
    data: Box<SpanData>,
}

/// What few spans have before they start. Apart, so that the others do not
/// carry it about.
#[derive(Debug, Default)]
pub(super) struct Rare {
    pub(super) links: Vec<Link>,
    pub(super) attributes: Vec<KeyValue>,
    /// The attributes are for the sampler alone.
    pub(super) is_only_shown: bool,
    pub(super) start_unix_ns: Option<u64>,
}

impl Span {
    pub(super) fn unrecorded(context: Context) -> Span {
        Span {
            context,
            record: None,
        }
    }

    pub(super) fn recorded(context: Context, data: Box<SpanData>, core: &'static Core) -> Span {
        Span {
            context,
            record: Some(Record { core, data }),
        }
    }

    /// Whether what is said of it goes anywhere. Ask before computing an
    /// expensive attribute.
    #[must_use]
    pub fn is_recording(&self) -> bool {
        self.record.is_some()
    }

    /// Its name; `None` where nothing is recorded.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.record.as_ref().map(|record| &*record.data.name)
    }

    /// Its ids and flags.
    #[must_use]
    pub fn span_context(&self) -> &SpanContext {
        self.context.span()
    }

    /// The context in which its children run: this span, and the baggage of its
    /// parent's context.
    #[must_use]
    pub fn context(&self) -> Context {
        let mut context = self.context.clone();
        context.open = self.inbox().cloned();
        context
    }

    fn inbox(&self) -> Option<&Arc<Inbox>> {
        self.record.as_ref()?.data.known_inbox()
    }

    /// For code that does not own it: see [`SpanHandle`].
    #[must_use]
    pub fn handle(&self) -> SpanHandle {
        SpanHandle::new(self.inbox().cloned())
    }

    /// Makes it current on this thread until the guard is dropped: give it a name,
    /// `let _current = span.attach();`, as `let _ =` drops it at once.
    pub fn attach(&self) -> ContextGuard {
        self.context().attach()
    }

    /// Runs `work` with this span current.
    pub fn in_scope<T>(&self, work: impl FnOnce() -> T) -> T {
        let _attached = self.attach();
        work()
    }

    /// Sets or replaces an attribute.
    #[inline]
    pub fn set_attribute(
        &mut self,
        key: impl Into<Cow<'static, str>>,
        value: impl Into<Value>,
    ) -> &mut Span {
        if let Some(record) = &mut self.record {
            let attribute = KeyValue::new(key, value);
            record.data.set_attribute(&record.core.limits, attribute);
        }
        self
    }

    /// The same for a text of somebody else's. Copies it only where something
    /// is recorded.
    #[cfg(feature = "tracing")]
    pub(crate) fn set_text(&mut self, key: &'static str, text: &str) {
        if let Some(Record { data, core }) = &mut self.record {
            let value = Value::from(data.copy_of(text));
            data.set_attribute(&core.limits, KeyValue::new(key, value));
        }
    }

    /// Renames it, for instance once the route is known.
    pub fn set_name(&mut self, name: impl Into<Cow<'static, str>>) -> &mut Span {
        if let Some(record) = &mut self.record {
            record.data.name = name.into();
        }
        self
    }

    /// Sets its status. A span that is `Ok` stays so, and nothing makes a
    /// status unset again.
    pub fn set_status(&mut self, status: Status) -> &mut Span {
        if let Some(record) = &mut self.record {
            record.data.set_status(status);
        }
        self
    }

    /// Its status so far; `None` where nothing is recorded.
    #[must_use]
    pub fn status(&self) -> Option<&Status> {
        self.record.as_ref().map(|record| &record.data.status)
    }

    /// Adds an event that happens now.
    pub fn add_event(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        attributes: impl IntoIterator<Item = KeyValue>,
    ) -> &mut Span {
        if let Some(record) = &self.record {
            let time_unix_ns = record.now_unix_ns();
            self.add_event_at(name, time_unix_ns, attributes);
        }
        self
    }

    /// Adds an event that happened at this time, in nanoseconds since 1970.
    pub fn add_event_at(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        time_unix_ns: u64,
        attributes: impl IntoIterator<Item = KeyValue>,
    ) -> &mut Span {
        if let Some(record) = &mut self.record {
            let event = Event {
                time_unix_ns,
                name: name.into(),
                attributes: attributes.into_iter().collect(),
                dropped_attributes: 0,
            };
            record.data.add_event(&record.core.limits, event);
        }
        self
    }

    /// What its builder was told besides name, kind and parent.
    pub(super) fn add_rare(&mut self, rare: Rare) {
        let Some(Record { data, core }) = &mut self.record else {
            return;
        };
        if let Some(start_unix_ns) = rare.start_unix_ns {
            let ago_ns = data.start_unix_ns.saturating_sub(start_unix_ns);
            // May wrap, as may the subtraction that undoes it.
            data.start_ns = data.start_ns.wrapping_sub(ago_ns);
            data.start_unix_ns = start_unix_ns;
        }
        for link in rare.links {
            data.add_link(&core.limits, link);
        }
        if rare.is_only_shown {
            return;
        }
        for attribute in rare.attributes {
            data.set_attribute(&core.limits, attribute);
        }
    }

    /// Links another span. An invalid one is ignored.
    pub fn add_link(
        &mut self,
        context: SpanContext,
        attributes: impl IntoIterator<Item = KeyValue>,
    ) -> &mut Span {
        if let Some(record) = &mut self.record
            && context.is_valid()
        {
            let link = Link {
                context,
                attributes: attributes.into_iter().collect(),
                dropped_attributes: 0,
            };
            record.data.add_link(&record.core.limits, link);
        }
        self
    }

    /// Says that it failed: an `exception` event with the error's type, message
    /// and causes, and the status error with the message (semantic conventions,
    /// exceptions on spans).
    pub fn record_error<E: Error + ?Sized>(&mut self, error: &E) -> &mut Span {
        if self.is_recording() {
            self.record_exception(Exception::of(error));
        }
        self
    }

    pub(crate) fn record_exception(&mut self, exception: Exception) {
        let message = exception.message.clone();
        self.add_event("exception", exception.into_attributes());
        self.set_status(Status::Error(Cow::Owned(message)));
    }

    /// Says that a panic goes through it: an `exception` event and the status
    /// error with the panic's message. Says it once, and not of a panic that was
    /// there before it.
    #[cold]
    pub(crate) fn unwind(&mut self) {
        let Some(Record { data, core }) = &mut self.record else {
            return;
        };
        if data.started_in_panic || std::mem::replace(&mut data.is_unwound, true) {
            return;
        }
        let exception = panic::exception(&core.clock, data.start_ns);
        self.set_attribute("error.type", "panic");
        self.record_exception(exception);
    }

    /// Ends it now.
    pub fn end(self) {}

    /// What a span in its place would start with: name, kind and, if they are
    /// asked for, attributes. `None` where nothing is recorded.
    #[cfg(feature = "tracing")]
    pub(crate) fn as_started(
        &self,
        is_asked_for_attributes: bool,
    ) -> Option<(Cow<'static, str>, SpanKind, Vec<KeyValue>)> {
        let data = &self.record.as_ref()?.data;
        let attributes = is_asked_for_attributes.then(|| data.attributes.clone());
        Some((data.name.clone(), data.kind, attributes.unwrap_or_default()))
    }

    /// Takes another span's place in the trace, keeps what was said of this one
    /// and adds what sampler and processors said of the other. Nothing of it is
    /// recorded if nothing of the other is.
    #[cfg(feature = "tracing")]
    pub(crate) fn become_another(&mut self, mut other: Span) {
        match (self.record.take(), &mut other.record) {
            (Some(known), Some(new)) => {
                let mut said = known.data;
                said.parent_span_id = new.data.parent_span_id;
                said.parent_is_remote = new.data.parent_is_remote;
                for attribute in std::mem::take(&mut new.data.attributes) {
                    said.set_attribute(&new.core.limits, attribute);
                }
                new.data = said;
            }
            // Its handles go nowhere from now on.
            (Some(known), None) => drop(known.data.known_inbox().and_then(Inbox::close)),
            (None, _) => {}
        }
        *self = other;
    }

    /// It ends now, unless this is said again: what follows until it is dropped
    /// is not its work.
    #[cfg(feature = "tracing")]
    pub(crate) fn mark_end(&mut self) {
        if let Some(record) = &mut self.record {
            record.data.end_unix_ns = record.now_unix_ns();
        }
    }

    /// Ends it at this time, in nanoseconds since 1970, but not before its start.
    pub fn end_at(mut self, end_unix_ns: u64) {
        if let Some(record) = self.record.take() {
            let end_unix_ns = end_unix_ns.max(record.data.start_unix_ns);
            self.finish(record, end_unix_ns);
        }
    }

    #[inline]
    fn finish(&mut self, mut record: Record, end_unix_ns: u64) {
        record.data.end_unix_ns = end_unix_ns;
        if let Some(said) = record.data.known_inbox().and_then(Inbox::close) {
            said.add_to(&mut record.data, record.core);
        }
        record.data.context = std::mem::take(&mut self.context.span);
        record
            .core
            .finish(self.context.local.as_deref(), record.data);
    }
}

impl Record {
    /// The start and what the monotonic clock says has passed since.
    fn now_unix_ns(&self) -> u64 {
        let passed_ns = self.core.clock.now_ns().wrapping_sub(self.data.start_ns);
        self.data.start_unix_ns.saturating_add(passed_ns)
    }
}

impl Drop for Span {
    #[inline]
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.unwind();
        }
        if let Some(record) = self.record.take() {
            let end_unix_ns = match record.data.end_unix_ns {
                0 => record.now_unix_ns(),
                marked_unix_ns => marked_unix_ns,
            };
            self.finish(record, end_unix_ns);
        }
    }
}
