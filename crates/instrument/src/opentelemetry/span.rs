//! OpenTelemetry's span, on ours.
//!
//! It exists because OpenTelemetry goes on using a span after its end: as a
//! parent, and for its ids. It must never record anything after that.

use super::convert::{
    from_attribute, from_attributes, from_span_context, from_status, to_span_context, unix_ns,
};
use super::current::UndecidedSpan;
use crate::Context;
use crate::record::wall_unix_ns;
use ::opentelemetry::KeyValue;
use ::opentelemetry::trace::{SpanContext, Status};
use std::borrow::Cow;
use std::time::SystemTime;

/// The API passes the wall clock's time where it was given none. A time this
/// short ago means now, and is read from the recorder's own clock, so that the
/// end and the start of a span come from one clock.
const NOW_NS: u64 = 1_000_000;

/// A span started through OpenTelemetry. It ends when it is dropped, if it was
/// not ended before.
#[derive(Debug)]
pub struct Span {
    context: SpanContext,
    running: Option<crate::Span>,
    /// Held as long as children may be started.
    _undecided: Option<UndecidedSpan>,
}

impl Span {
    /// Hands the parent's context on.
    pub(super) fn unrecorded(parent: &Context) -> Span {
        Span {
            context: to_span_context(parent.span()),
            running: None,
            _undecided: None,
        }
    }

    pub(super) fn running(span: crate::Span) -> Span {
        let is_undecided = span.is_recording() && !span.span_context().is_sampled();
        Span {
            context: to_span_context(span.span_context()),
            _undecided: is_undecided.then(|| UndecidedSpan::new(span.context())),
            running: Some(span).filter(crate::Span::is_recording),
        }
    }
}

fn is_now(time_unix_ns: u64) -> bool {
    let ago_ns = wall_unix_ns().checked_sub(time_unix_ns);
    ago_ns.is_some_and(|ago_ns| ago_ns < NOW_NS)
}

impl ::opentelemetry::trace::Span for Span {
    fn add_event_with_timestamp<T>(
        &mut self,
        name: T,
        timestamp: SystemTime,
        attributes: Vec<KeyValue>,
    ) where
        T: Into<Cow<'static, str>>,
    {
        let Some(span) = &mut self.running else {
            return;
        };
        let (time_unix_ns, attributes) = (unix_ns(timestamp), from_attributes(attributes));
        if is_now(time_unix_ns) {
            span.add_event(name, attributes);
        } else {
            span.add_event_at(name, time_unix_ns, attributes);
        }
    }

    fn span_context(&self) -> &SpanContext {
        &self.context
    }

    fn is_recording(&self) -> bool {
        self.running.is_some()
    }

    fn set_attribute(&mut self, attribute: KeyValue) {
        if let Some(span) = &mut self.running {
            let attribute = from_attribute(attribute);
            span.set_attribute(attribute.key, attribute.value);
        }
    }

    fn set_status(&mut self, status: Status) {
        if let Some(span) = &mut self.running {
            span.set_status(from_status(status));
        }
    }

    fn update_name<T>(&mut self, new_name: T)
    where
        T: Into<Cow<'static, str>>,
    {
        if let Some(span) = &mut self.running {
            span.set_name(new_name);
        }
    }

    fn add_link(&mut self, span_context: SpanContext, attributes: Vec<KeyValue>) {
        if let Some(span) = &mut self.running {
            span.add_link(
                from_span_context(&span_context),
                from_attributes(attributes),
            );
        }
    }

    fn end_with_timestamp(&mut self, timestamp: SystemTime) {
        let Some(span) = self.running.take() else {
            return;
        };
        let end_unix_ns = unix_ns(timestamp);
        if is_now(end_unix_ns) {
            span.end();
        } else {
            span.end_at(end_unix_ns);
        }
    }
}
