//! A log record as it waits to be sent.
//!
//! It exists so that an event is read once, on the thread it happened on. It
//! must never borrow from the application.

use crate::context::{SpanContext, SpanId, TraceFlags, TraceId};
use crate::record::{KeyValue, Value};
use std::borrow::Cow;
use tracing_core::{Level, Metadata};

/// An event (opentelemetry/proto/logs/v1, `LogRecord`).
#[derive(Debug)]
pub(crate) struct LogRecord {
    /// When it happened, which is when it was observed, in nanoseconds since
    /// 1970.
    pub(crate) time_unix_ns: u64,
    pub(crate) level: Level,
    /// The name of its scope.
    pub(crate) target: Cow<'static, str>,
    /// Empty where it has none.
    pub(crate) event_name: &'static str,
    pub(crate) body: Option<String>,
    pub(crate) attributes: Vec<KeyValue>,
    pub(crate) dropped_attributes: u32,
    pub(crate) ids: Ids,
}

/// The span in which it happened; invalid outside of spans.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ids {
    pub(crate) trace_id: TraceId,
    pub(crate) span_id: SpanId,
    pub(crate) flags: TraceFlags,
}

impl Ids {
    pub(super) fn of(span: &SpanContext) -> Ids {
        if !span.is_valid() {
            return Ids::default();
        }
        Ids {
            trace_id: span.trace_id,
            span_id: span.span_id,
            flags: span.flags,
        }
    }

    /// `None` outside of spans.
    pub(crate) fn valid(self) -> Option<Ids> {
        self.trace_id.is_valid().then_some(self)
    }
}

impl LogRecord {
    /// The first number of the level's range in OpenTelemetry.
    pub(crate) fn severity_number(&self) -> u64 {
        match self.level {
            Level::TRACE => 1,
            Level::DEBUG => 5,
            Level::INFO => 9,
            Level::WARN => 13,
            Level::ERROR => 17,
        }
    }

    pub(super) fn add(&mut self, key: &'static str, value: impl Into<Value>) {
        self.attributes.push(KeyValue::new(key, value));
    }

    /// Does nothing for what `log` said, which brings its place along.
    pub(super) fn add_location(&mut self, metadata: &'static Metadata<'static>) {
        if let Some(file) = metadata.file() {
            self.add("code.file.path", file);
        }
        if let Some(line) = metadata.line() {
            self.add("code.line.number", line);
        }
        if let Some(module) = metadata.module_path() {
            self.add("code.module.name", module);
        }
    }

    /// About how much memory it holds, in bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        let attributes: usize = self.attributes.iter().map(KeyValue::heap_bytes).sum();
        size_of::<LogRecord>()
            + self.target.len()
            + self.body.as_ref().map_or(0, String::len)
            + size_of_val(&self.attributes[..])
            + attributes
    }

    /// Cuts what is beyond the limits.
    pub(super) fn limit(&mut self, max_attributes: usize, max_value_chars: Option<usize>) {
        let dropped = self.attributes.len().saturating_sub(max_attributes);
        self.attributes.truncate(max_attributes);
        self.dropped_attributes = u32::try_from(dropped).unwrap_or(u32::MAX);
        if let Some(max_chars) = max_value_chars {
            for attribute in &mut self.attributes {
                attribute.value.truncate(max_chars);
            }
        }
    }
}
