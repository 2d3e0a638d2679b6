//! A running span, to be spoken of by code that did not start it.
//!
//! It exists so that a handler says what it knows about its request in one
//! line, under whichever layer it runs. It must never keep a span running.

use super::clock::wall_unix_ns;
use super::current::Context;
use super::data::{Event, Link, SpanData, Status};
use super::exception::Exception;
use super::inbox::{Inbox, Said};
use super::limits::SpanLimits;
use super::value::{KeyValue, Value};
use crate::context::SpanContext;
use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

/// A running span, whoever owns it: of a layer of [`middleware`](crate::middleware),
/// of `tracing`, or of [`span`](crate::span()). Cloning costs a counter; it may
/// be sent to other threads.
///
/// What is said here is added when the span ends, and goes before what its owner
/// says; after that, and where nothing is recorded, it does nothing.
///
/// ```
/// use tracewell_instrument::current_span;
///
/// fn handler(user: i64) -> Result<(), std::num::ParseIntError> {
///     current_span().set_attribute("user.id", user);
///     "x".parse::<u8>().map(drop).inspect_err(|error| {
///         current_span().record_error(error);
///     })
/// }
/// # drop(handler(7));
/// ```
#[derive(Debug, Clone, Default)]
pub struct SpanHandle(Option<Arc<Inbox>>);

/// The current span: the innermost one that this thread or future runs in. Under
/// a server layer that is the span of the request, unless the handler has begun
/// one of its own; [`middleware`](crate::middleware) says how to reach the
/// request's then.
#[must_use]
pub fn current_span() -> SpanHandle {
    Context::with_current(Context::span_handle)
}

impl Context {
    /// A handle to its span; one that does nothing if that is not recorded, or
    /// not in this process.
    #[must_use]
    pub fn span_handle(&self) -> SpanHandle {
        SpanHandle(self.open.clone())
    }
}

impl SpanHandle {
    pub(crate) fn new(inbox: Option<Arc<Inbox>>) -> SpanHandle {
        SpanHandle(inbox)
    }

    /// Whether what is said goes anywhere: it is recorded and runs.
    #[must_use]
    pub fn is_recording(&self) -> bool {
        self.0.as_ref().is_some_and(|inbox| inbox.is_open())
    }

    fn say(&self, what: impl FnOnce(&mut Said, &SpanLimits)) -> &SpanHandle {
        if let Some(inbox) = &self.0 {
            inbox.say(|said| what(said, &inbox.core.limits));
        }
        self
    }

    fn add(&self, what: impl FnOnce(&mut SpanData, &SpanLimits)) -> &SpanHandle {
        self.say(|said, limits| what(&mut said.data, limits))
    }

    /// Sets or replaces an attribute.
    pub fn set_attribute(
        &self,
        key: impl Into<Cow<'static, str>>,
        value: impl Into<Value>,
    ) -> &SpanHandle {
        // Converted outside the lock: conversions may run code.
        let attribute = KeyValue::new(key, value);
        self.add(|span, limits| span.set_attribute(limits, attribute))
    }

    /// Renames it. An empty name changes nothing.
    pub fn set_name(&self, name: impl Into<Cow<'static, str>>) -> &SpanHandle {
        let name = name.into();
        self.add(|span, _| span.name = name)
    }

    /// Sets its status, as [`Span::set_status`](crate::Span::set_status) does.
    pub fn set_status(&self, status: Status) -> &SpanHandle {
        self.add(|span, _| span.set_status(status))
    }

    /// Adds an event that happens now.
    pub fn add_event(
        &self,
        name: impl Into<Cow<'static, str>>,
        attributes: impl IntoIterator<Item = KeyValue>,
    ) -> &SpanHandle {
        let event = self.event(name.into(), attributes.into_iter().collect());
        self.add(|span, limits| span.add_event(limits, event))
    }

    fn event(&self, name: Cow<'static, str>, attributes: Vec<KeyValue>) -> Event {
        let clock = self.0.as_ref().map(|inbox| &inbox.core.clock);
        Event {
            time_unix_ns: clock.map_or_else(wall_unix_ns, |clock| clock.unix_ns(clock.now_ns())),
            name,
            attributes,
            dropped_attributes: 0,
        }
    }

    /// Links another span. An invalid one is ignored.
    pub fn add_link(
        &self,
        context: SpanContext,
        attributes: impl IntoIterator<Item = KeyValue>,
    ) -> &SpanHandle {
        if !context.is_valid() {
            return self;
        }
        let link = Link {
            context,
            attributes: attributes.into_iter().collect(),
            dropped_attributes: 0,
        };
        self.add(|span, limits| span.add_link(limits, link))
    }

    /// Says that it failed, as [`Span::record_error`](crate::Span::record_error)
    /// does.
    pub fn record_error<E: Error + ?Sized>(&self, error: &E) -> &SpanHandle {
        if self.0.is_none() {
            return self;
        }
        let exception = Exception::of(error);
        let message = exception.message.clone();
        self.add_event("exception", exception.into_attributes())
            .set_status(Status::Error(Cow::Owned(message)))
    }

    /// Says that it failed, unless somebody says more of its status.
    #[cfg(feature = "tracing")]
    pub(crate) fn fail_unless_said(&self, description: String) {
        self.say(|said, _| match &said.failure {
            Some(known) if !known.is_empty() => {}
            _ => said.failure = Some(Cow::Owned(description)),
        });
    }
}
