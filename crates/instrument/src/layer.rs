//! Spans of the `tracing` crate on this recorder.
//!
//! It exists so that an application that uses `tracing` records without a
//! bridge and a second model of spans in between. Whether a span is recorded is
//! decided when it starts: one that is not must never have its fields read.
//!
//! Spans of `tracing` and of [`span`](crate::span()) share the current context:
//! each kind may be the parent of the other.
//!
//! # When a span ends
//!
//! When it was left for the last time: what else keeps it open in `tracing`, a
//! child that goes on in a task or a clone in some queue, adds nothing to it. A
//! future with a span (`instrument`, `#[instrument]`) leaves it when it is done,
//! and when it is dropped before, because dropping it enters the span once more.
//! A span that was never entered ends when `tracing` closes it: when its last
//! clone and its last child are gone.
//!
//! # Parents in other processes
//!
//! What is attached is the parent of the spans of `tracing` as well, also of those
//! that `#[instrument]` makes:
//!
//! ```
//! use tracewell_instrument::middleware::task::FutureExt as _;
//!
//! #[tracing::instrument]
//! async fn handle(order: u32) {}
//!
//! # async fn example(headers: http::HeaderMap) {
//! let caller = tracewell_instrument::propagators().extract_context(&headers);
//! handle(7).in_context(caller).await;
//! # }
//! ```
//!
//! Without futures it is `let _caller = caller.attach()`. Where the parent is known
//! only once the span runs, [`SpanExt::set_parent`] moves it.
//!
//! # Fields
//!
//! Those that are not declared are set with [`SpanExt`], as links are, and a handler
//! reaches the span of its request with [`current_span`](crate::current_span()).
//!
//! | field | what it sets |
//! | --- | --- |
//! | `otel.name` | the span's name, for names that are known at run time only |
//! | `otel.kind` | `server`, `client`, `producer`, `consumer` or `internal`; only when the span starts |
//! | `otel.status_code` | `ok` or `error` |
//! | `otel.status_description` | the status error with this description |
//!
//! # Events and errors
//!
//! An event is put on the current span, whoever started it. One of level ERROR
//! says that the span failed, with its message as description. One with an error
//! (`error = &e as &dyn Error`), and the `error` that `#[instrument(err)]` reports,
//! becomes an `exception` event with the error's message, its causes, and its
//! type as its `Debug` names it; of `#[instrument(err)]` only the message is known,
//! of `#[instrument(err(Debug))]` the type as well. A panic is an `exception` event
//! on all spans that it unwinds.
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
mod open;
mod span_ext;

pub use span_ext::SpanExt;

use crate::record::{Context, Span, SpanHandle, Tracer, current_span};
use fields::{EventFields, LaterFields, SpanFields, StartFields};
use open::OpenSpans;
use std::borrow::Cow;
use tracing_core::Subscriber;
use tracing_core::span::{Attributes, Id, Record};
use tracing_subscriber::layer::{Context as LayerContext, Layer};
use tracing_subscriber::registry::LookupSpan;

/// Records the spans and events of `tracing`. Made by [`layer`].
#[derive(Debug, Default)]
pub struct TracingLayer {
    tracer: Option<Tracer>,
    has_location: bool,
    open: OpenSpans,
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

    fn tracer(&self) -> Option<Tracer> {
        self.tracer.or_else(Tracer::current)
    }

    /// `name` is for a span of which nothing was recorded.
    fn set_parent(&self, id: &Id, name: &'static str, parent: Context) {
        let Some(tracer) = self.tracer() else { return };
        // The sampler is asked outside the lock: it is the application's.
        let mut builder = tracer.span(name);
        let is_asked = builder.is_asked_for_attributes();
        let known = self.open.with(id, |span| span.as_started(is_asked));
        let Some(known) = known else {
            // It started where nothing was set up: what is started for it here
            // would be a span of its own.
            return;
        };
        if let Some((name, kind, attributes)) = known {
            builder = tracer.span(name).kind(kind).shown(attributes);
        }
        let below = builder.parent(parent).start();
        let context = self.open.with(id, |span| {
            span.become_another(below);
            span.context()
        });
        if let Some(context) = context {
            context.replace_entered(id.into_u64());
        }
    }

    fn context_of(&self, id: &Id) -> Option<Context> {
        self.open.with(id, |span| span.context())
    }
}

impl<S> Layer<S> for TracingLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, _: LayerContext<'_, S>) {
        let Some(tracer) = self.tracer() else {
            return;
        };
        let metadata = attributes.metadata();
        let start = StartFields::of(attributes);
        let name = start
            .name
            .map_or(Cow::Borrowed(metadata.name()), Cow::Owned);
        let mut builder = tracer.span(name).kind(start.kind);
        if attributes.is_root() {
            builder = builder.root();
        } else if let Some(parent) = attributes.parent() {
            builder = builder.parent(self.context_of(parent).unwrap_or_default());
        }
        let mut early = None;
        if builder.is_asked_for_attributes() {
            let mut fields = LaterFields::default();
            attributes.record(&mut fields);
            builder = fields.move_attributes(builder);
            early = Some(fields);
        }
        let mut started = builder.start();
        if started.is_recording() {
            match early {
                Some(rest) => rest.set_on(&mut started),
                None => attributes.record(&mut SpanFields(&mut started)),
            }
            if self.has_location {
                set_location(&mut started, metadata);
            }
        }
        self.open.insert(id, started);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: LayerContext<'_, S>) {
        if self.open.with(id, |span| span.is_recording()) == Some(true) {
            let mut fields = LaterFields::default();
            values.record(&mut fields);
            self.open.with(id, |span| fields.set_on(span));
        }
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, _: LayerContext<'_, S>) {
        if let Some(other) = self.context_of(follows) {
            self.open.with(id, |span| {
                span.add_link(other.span().clone(), []);
            });
        }
    }

    fn on_event(&self, event: &tracing_core::Event<'_>, _: LayerContext<'_, S>) {
        // Of what is current, also where that is no span of `tracing`.
        let span = match event.parent() {
            Some(parent) => self.open.with(parent, |span| span.handle()),
            None if event.is_contextual() => Some(current_span()),
            None => None,
        };
        let Some(span) = span.filter(SpanHandle::is_recording) else {
            return;
        };
        let mut fields = EventFields::default();
        event.record(&mut fields);
        fields.report(event.metadata(), &span);
    }

    fn on_enter(&self, id: &Id, _: LayerContext<'_, S>) {
        if let Some(context) = self.context_of(id) {
            context.enter(id.into_u64());
        }
    }

    fn on_exit(&self, id: &Id, _: LayerContext<'_, S>) {
        if Context::leave(id.into_u64()) {
            self.open.with(id, |span| {
                if std::thread::panicking() {
                    span.unwind();
                }
                span.mark_end();
            });
        }
    }

    fn on_close(&self, id: Id, _: LayerContext<'_, S>) {
        // It ends here, outside the lock.
        drop(self.open.remove(&id));
    }
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
