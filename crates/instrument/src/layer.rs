//! Spans of the `tracing` crate on this recorder.
//!
//! It exists so that an application that uses `tracing` records without a
//! bridge and a second model of spans in between. Whether a span is recorded is
//! decided when it starts: one that is not must never have its fields read.
//!
//! Spans of `tracing` and of [`span`](crate::span()) share the current context:
//! each kind may be the parent of the other.
//!
//! | field | what it sets |
//! | --- | --- |
//! | `otel.name` | the span's name, for names that are known at run time only |
//! | `otel.kind` | `server`, `client`, `producer`, `consumer` or `internal`; only when the span starts |
//! | `otel.status_code` | `ok` or `error` |
//! | `otel.status_description` | the status error with this description |
//!
//! ```
//! use tracing_subscriber::layer::SubscriberExt as _;
//! use tracewell_instrument::mock::{MockExporter, expect};
//!
//! let mock = MockExporter::new();
//! let layer = tracewell_instrument::layer().with_tracer(mock.tracer());
//! let subscriber = tracing_subscriber::registry().with(layer);
//!
//! tracing::subscriber::with_default(subscriber, || {
//!     let _checkout = tracing::info_span!("checkout", items = 3).entered();
//!     tracing::error!("card declined");
//! });
//!
//! mock.assert([expect("checkout").attribute("items", 3).error().event("card declined")]);
//! ```

mod fields;

use crate::context::SpanContext;
use crate::record::{Context, ContextGuard, Span, Status, Tracer, span, with_default};
use fields::{EventFields, SpanFields, StartFields};
use std::borrow::Cow;
use std::cell::RefCell;
use tracing_core::span::{Attributes, Id, Record};
use tracing_core::{Level, Subscriber};
use tracing_subscriber::layer::{Context as LayerContext, Layer};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

/// Records the spans and events of `tracing`. Made by [`layer`].
#[derive(Debug, Default)]
pub struct TracingLayer {
    tracer: Option<Tracer>,
    has_location: bool,
}

/// A layer that records through the process's set-up, also one that is made
/// later; or through the thread's (see [`Tracer::set_default`]).
#[must_use]
pub fn layer() -> TracingLayer {
    TracingLayer::default()
}

impl TracingLayer {
    /// Records through this tracer.
    #[must_use]
    pub fn with_tracer(mut self, tracer: Tracer) -> TracingLayer {
        self.tracer = Some(tracer);
        self
    }

    /// Says where in the source a span was made: `code.file.path`,
    /// `code.line.number` and `code.module.name`. Costs three attributes.
    #[must_use]
    pub fn with_location(mut self, has_location: bool) -> TracingLayer {
        self.has_location = has_location;
        self
    }

    fn is_off(&self) -> bool {
        self.tracer.is_none() && with_default(|tracer| tracer.is_none())
    }
}

/// Lies with a span in the registry.
struct Recorded(Span);

thread_local! {
    /// Spans entered on this thread. Kept here so that leaving one needs no
    /// look-up in the registry.
    static ENTERED: RefCell<Vec<(Id, ContextGuard)>> = const { RefCell::new(Vec::new()) };
}

impl<S> Layer<S> for TracingLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: LayerContext<'_, S>) {
        if self.is_off() {
            return;
        }
        let Some(known) = context.span(id) else {
            return;
        };
        let metadata = attributes.metadata();
        let start = StartFields::of(attributes);
        let name = start
            .name
            .map_or(Cow::Borrowed(metadata.name()), Cow::Owned);
        let mut builder = match self.tracer {
            Some(tracer) => tracer.span(name),
            None => span(name),
        };
        builder = builder.kind(start.kind);
        if attributes.is_root() {
            builder = builder.root();
        } else if let Some(parent) = attributes.parent() {
            builder = builder.parent(context_of(context.span(parent)).unwrap_or_default());
        }
        let mut started = builder.start();
        if started.is_recording() {
            attributes.record(&mut SpanFields(&mut started));
            if self.has_location {
                set_location(&mut started, metadata);
            }
        }
        known.extensions_mut().insert(Recorded(started));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: LayerContext<'_, S>) {
        let Some(known) = context.span(id) else {
            return;
        };
        if let Some(Recorded(span)) = known.extensions_mut().get_mut()
            && span.is_recording()
        {
            values.record(&mut SpanFields(span));
        }
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, context: LayerContext<'_, S>) {
        let Some(other) = context_of(context.span(follows)) else {
            return;
        };
        let Some(known) = context.span(id) else {
            return;
        };
        if let Some(Recorded(span)) = known.extensions_mut().get_mut() {
            span.add_link(SpanContext::clone(other.span()), []);
        }
    }

    fn on_event(&self, event: &tracing_core::Event<'_>, context: LayerContext<'_, S>) {
        // Where nothing is recorded there is nothing to look up.
        if event.is_contextual() && !Context::with_current(Context::is_recorded) {
            return;
        }
        let Some(known) = context.event_span(event) else {
            return;
        };
        let mut extensions = known.extensions_mut();
        let Some(Recorded(span)) = extensions
            .get_mut()
            .filter(|Recorded(span)| span.is_recording())
        else {
            return;
        };
        let metadata = event.metadata();
        let mut fields = EventFields::default();
        event.record(&mut fields);
        let is_error = *metadata.level() == Level::ERROR;
        if is_error && !span.status().is_some_and(Status::is_error) {
            let description = fields.message.clone().or_else(|| fields.error.clone());
            span.set_status(Status::Error(Cow::Owned(description.unwrap_or_default())));
        }
        let (name, attributes) = fields.into_name_and_attributes(metadata);
        span.add_event(name, attributes);
    }

    fn on_enter(&self, id: &Id, context: LayerContext<'_, S>) {
        let Some(entered) = context_of(context.span(id)) else {
            return;
        };
        let guard = entered.attach();
        // A thread that is ending has no current span any more.
        let pushed = ENTERED.try_with(|entered| entered.borrow_mut().push((id.clone(), guard)));
        pushed.unwrap_or_default();
    }

    fn on_exit(&self, id: &Id, _: LayerContext<'_, S>) {
        let left = ENTERED.try_with(|entered| {
            let mut entered = entered.borrow_mut();
            let position = entered.iter().rposition(|(known, _)| known == id)?;
            Some(entered.remove(position))
        });
        drop(left);
    }

    fn on_close(&self, id: Id, context: LayerContext<'_, S>) {
        let Some(known) = context.span(&id) else {
            return;
        };
        let ended = known.extensions_mut().remove::<Recorded>();
        drop(ended);
    }
}

fn context_of<S: for<'a> LookupSpan<'a>>(span: Option<SpanRef<'_, S>>) -> Option<Context> {
    let span = span?;
    let extensions = span.extensions();
    extensions.get().map(|Recorded(span)| span.context())
}

fn set_location(span: &mut Span, metadata: &'static tracing_core::Metadata<'static>) {
    if let Some(file) = metadata.file() {
        span.set_attribute("code.file.path", file);
    }
    if let Some(line) = metadata.line() {
        span.set_attribute("code.line.number", line);
    }
    if let Some(module) = metadata.module_path() {
        span.set_attribute("code.module.name", module);
    }
}
