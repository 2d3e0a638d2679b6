//! Events of `tracing` as OTLP log records.
//!
//! ```no_run
//! use tracewell_instrument::correlation::logs;
//! use tracing_subscriber::layer::SubscriberExt as _;
//! use tracing_subscriber::util::SubscriberInitExt as _;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let _guard = tracewell_instrument::builder()
//!     .logs()
//!     .logs_endpoint("http://log-store:4318")
//!     .init()?;
//! tracing_subscriber::registry()
//!     .with(tracewell_instrument::layer())
//!     .with(logs::layer())
//!     .init();
//! # Ok(())
//! # }
//! ```
//!
//! It exists so that log records reach a log store with the ids of their trace,
//! over the exporter that sends the spans. It must never make an application
//! wait: what does not fit in the queue is dropped and counted in
//! [`Statistics`](crate::Statistics).
//!
//! | of the event | in the record |
//! | --- | --- |
//! | message | body |
//! | level | `severity_number` 1, 5, 9, 13, 17 from TRACE to ERROR, and its name |
//! | target | name of the scope |
//! | fields | attributes, typed; errors as `exception.type`, `exception.message` and their causes |
//! | the name that was given with `name:` | `event_name` |
//! | the current span, sampled or not | `trace_id`, `span_id`, `flags` |
//!
//! Records of the `log` crate that come through `tracing-log` keep their own
//! target. An event with a `parent:` other than the current span has no ids.
//!
//! # Whether they are exported
//!
//! Only where [`Builder::logs`](crate::Builder::logs) or
//! `OTEL_LOGS_EXPORTER=otlp` says so. The OpenTelemetry specification has them
//! exported by default; here the default is `none`, because a backend for traces
//! is often not one for logs, and Tracewell is not: it takes them and throws
//! them away. A backend that has no place for them (HTTP 404, 405, 501, gRPC
//! UNIMPLEMENTED) is left alone for a minute at a time; that is said once on
//! standard error, and what is not sent is counted.
//!
//! # Events on spans too?
//!
//! [`layer()`](crate::layer()) puts events on recorded spans, and this layer
//! exports all of them: events of recorded spans are sent twice. To send them
//! once, either
//!
//! - leave out here what is on a span already, with
//!   [`without_events_of_spans`](LogLayer::without_events_of_spans); or
//! - keep events off spans, with `tracing_subscriber`'s
//!   `filter_fn(|metadata| metadata.is_span())` as filter of the other layer.
//!   An event of level ERROR then no longer makes its span one that failed.

mod fields;
mod logger;
mod queue;
mod record;

pub use logger::Logger;

pub(crate) use logger::set_global;
pub(crate) use queue::{LogLimits, LogQueue};
pub(crate) use record::{Ids, LogRecord};

use crate::Context;
use crate::record::wall_unix_ns;
use fields::RecordFields;
use tracing_core::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context as LayerContext, Layer};
use tracing_subscriber::registry::LookupSpan;

/// Exports the events of `tracing`. Made by [`layer`].
#[derive(Debug)]
pub struct LogLayer {
    logger: Option<Logger>,
    min_level: Level,
    has_location: bool,
    has_events_of_spans: bool,
}

/// A layer that exports events from level INFO on through the process's set-up,
/// also one that is made later.
#[must_use]
pub fn layer() -> LogLayer {
    LogLayer {
        logger: None,
        min_level: Level::INFO,
        has_location: false,
        has_events_of_spans: true,
    }
}

impl LogLayer {
    /// Exports through this logger: see [`Guard::logger`](crate::Guard::logger).
    #[must_use]
    pub fn with_logger(mut self, logger: Logger) -> LogLayer {
        self.logger = Some(logger);
        self
    }

    /// The least severe level that is exported: INFO. Libraries say much at
    /// DEBUG and TRACE, those that send requests above all.
    #[must_use]
    pub fn min_level(mut self, level: Level) -> LogLayer {
        self.min_level = level;
        self
    }

    /// Says where in the source an event is: `code.file.path`,
    /// `code.line.number` and `code.module.name`. Costs three attributes.
    #[must_use]
    pub fn with_location(mut self, has_location: bool) -> LogLayer {
        self.has_location = has_location;
        self
    }

    /// Leaves out events within sampled spans of this process:
    /// [`layer()`](crate::layer()) puts them on the spans.
    #[must_use]
    pub fn without_events_of_spans(mut self) -> LogLayer {
        self.has_events_of_spans = false;
        self
    }

    fn record(&self, event: &Event<'_>, ids: Ids) -> LogRecord {
        let metadata = event.metadata();
        let mut record = LogRecord {
            time_unix_ns: wall_unix_ns(),
            level: *metadata.level(),
            target: metadata.target().into(),
            event_name: event_name(metadata).unwrap_or_default(),
            body: None,
            attributes: Vec::new(),
            dropped_attributes: 0,
            ids,
        };
        event.record(&mut RecordFields(&mut record));
        if self.has_location {
            record.add_location(metadata);
        }
        record
    }
}

impl<S> Layer<S> for LogLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_event(&self, event: &Event<'_>, context: LayerContext<'_, S>) {
        if *event.metadata().level() > self.min_level {
            return;
        }
        let Some(logger) = self.logger.or_else(Logger::global) else {
            return;
        };
        let is_current = match event.parent() {
            Some(parent) => context
                .lookup_current()
                .is_some_and(|it| it.id() == *parent),
            None => event.is_contextual(),
        };
        // Read before the fields are: writing one may enter a span.
        let (ids, is_on_span) = if is_current {
            Context::with_current(|current| {
                let span = current.span();
                (Ids::of(span), span.is_sampled() && !span.is_remote)
            })
        } else {
            (Ids::default(), false)
        };
        if self.has_events_of_spans || !is_on_span {
            logger.export(self.record(event, ids));
        }
    }
}

/// The name that somebody gave it. `tracing` makes up others: `event`, file and
/// line, which name a place and no kind of event.
fn event_name(metadata: &'static Metadata<'static>) -> Option<&'static str> {
    let name = metadata.name();
    let place = name.strip_prefix("event ");
    let rest = place.and_then(|place| place.strip_prefix(metadata.file().unwrap_or_default()));
    let is_made_up = rest.is_some_and(|rest| rest.starts_with(':')) || name == "log event";
    (!is_made_up).then_some(name)
}
