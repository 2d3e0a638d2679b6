//! Fields of `tracing` as typed attributes.
//!
//! It exists so that a number stays a number. What is only known through
//! `Debug` becomes text.

use crate::record::{Exception, KeyValue, Span, SpanBuilder, SpanHandle, Status, Value};
use crate::sampling::SpanKind;
use std::borrow::Cow;
use std::error::Error;
use std::fmt::Debug;
use tracing_core::field::{Field, Visit};
use tracing_core::span::Attributes;
use tracing_core::{Level, Metadata};

const NAME: &str = "otel.name";
const KIND: &str = "otel.kind";
const STATUS_CODE: &str = "otel.status_code";
const STATUS_DESCRIPTION: &str = "otel.status_description";

/// Records every type as a [`Value`] through one method.
macro_rules! visit_values {
    () => {
        fn record_bool(&mut self, field: &Field, value: bool) {
            self.set(field, Value::Bool(value));
        }

        fn record_i64(&mut self, field: &Field, value: i64) {
            self.set(field, Value::I64(value));
        }

        fn record_u64(&mut self, field: &Field, value: u64) {
            match i64::try_from(value) {
                Ok(value) => self.set(field, Value::I64(value)),
                // A wrong number would be worse than a text.
                Err(_) => self.set(field, Value::from(value.to_string())),
            }
        }

        fn record_f64(&mut self, field: &Field, value: f64) {
            self.set(field, Value::F64(value));
        }

        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            self.set(field, Value::from(format!("{value:?}")));
        }
    };
}

/// What must be known before the sampler is asked.
#[derive(Default)]
pub(super) struct StartFields {
    pub(super) name: Option<String>,
    pub(super) kind: SpanKind,
}

impl StartFields {
    pub(super) fn of(attributes: &Attributes<'_>) -> StartFields {
        let mut start = StartFields::default();
        let fields = attributes.metadata().fields();
        if fields
            .iter()
            .any(|field| matches!(field.name(), NAME | KIND))
        {
            attributes.record(&mut start);
        }
        start
    }
}

impl Visit for StartFields {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            NAME => self.name = Some(value.to_owned()),
            KIND => self.kind = kind(value),
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if matches!(field.name(), NAME | KIND) {
            self.record_str(field, &format!("{value:?}"));
        }
    }
}

fn kind(text: &str) -> SpanKind {
    match text.trim_matches('"').to_ascii_lowercase().as_str() {
        "server" => SpanKind::Server,
        "client" => SpanKind::Client,
        "producer" => SpanKind::Producer,
        "consumer" => SpanKind::Consumer,
        _ => SpanKind::Internal,
    }
}

/// Sets what is recorded on a span.
pub(super) struct SpanFields<'a>(pub(super) &'a mut Span);

impl SpanFields<'_> {
    fn set(&mut self, field: &Field, value: Value) {
        set_field(self.0, field.name(), value);
    }
}

/// Whether a field may be one of those above, and not an attribute.
fn is_special(name: &str) -> bool {
    name.starts_with("otel.")
}

fn set_field(span: &mut Span, name: &'static str, value: Value) {
    if !is_special(name) {
        span.set_attribute(name, value);
        return;
    }
    match (name, value) {
        (NAME, Value::Str(name)) => {
            span.set_name(name);
        }
        (KIND, _) => {}
        (STATUS_DESCRIPTION, Value::Str(text)) => {
            span.set_status(Status::Error(text));
        }
        (STATUS_CODE, Value::Str(code)) => match code.trim_matches('"') {
            "ok" | "OK" | "Ok" => {
                span.set_status(Status::Ok);
            }
            "error" | "ERROR" | "Error" if !span.status().is_some_and(Status::is_error) => {
                span.set_status(Status::Error(Cow::Borrowed("")));
            }
            _ => {}
        },
        (name, value) => {
            span.set_attribute(name, value);
        }
    }
}

impl Visit for SpanFields<'_> {
    visit_values!();

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            name if is_special(name) => self.set(field, Value::from(value.to_owned())),
            name => self.0.set_text(name, value),
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.set(field, Value::from(value.to_string()));
        self.0.record_error(value);
    }
}

/// Collects what is said of a span after its start, before the span is locked.
#[derive(Default)]
pub(super) struct LaterFields {
    values: Vec<(&'static str, Value)>,
    exceptions: Vec<Exception>,
}

impl LaterFields {
    fn set(&mut self, field: &Field, value: Value) {
        self.values.push((field.name(), value));
    }

    /// Hands what is an attribute to a span that has not started.
    pub(super) fn move_attributes(&mut self, mut builder: SpanBuilder) -> SpanBuilder {
        let plain = |(name, _): &mut (&'static str, Value)| !is_special(name);
        for (name, value) in self.values.extract_if(.., plain) {
            builder = builder.attribute(name, value);
        }
        builder
    }

    pub(super) fn set_on(self, span: &mut Span) {
        for (name, value) in self.values {
            set_field(span, name, value);
        }
        for exception in self.exceptions {
            span.record_exception(exception);
        }
    }
}

impl Visit for LaterFields {
    visit_values!();

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, Value::from(value.to_owned()));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.set(field, Value::from(value.to_string()));
        self.exceptions.push(Exception::of(value));
    }
}

/// Collects what an event says.
#[derive(Default)]
pub(super) struct EventFields {
    message: Option<String>,
    /// A field `error` that is text only, as `#[instrument(err)]` has it.
    error_text: Option<String>,
    exception: Option<Exception>,
    attributes: Vec<KeyValue>,
}

impl EventFields {
    fn set(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::Str(text)) => self.message = Some(text.into_owned()),
            ("error", Value::Str(text)) => self.error_text = Some(text.into_owned()),
            (name, value) => self.attributes.push(KeyValue::new(name, value)),
        }
    }

    /// Puts the event on a span. It is named by its message, or by its callsite
    /// where it has none; one that reports an error is an `exception`.
    pub(super) fn report(mut self, metadata: &'static Metadata<'static>, span: &SpanHandle) {
        let is_error = *metadata.level() == Level::ERROR;
        if let Some(text) = self.error_text.take() {
            if is_error && self.exception.is_none() {
                self.exception = Some(Exception::of_text(text));
            } else {
                self.attributes.push(KeyValue::new("error", text));
            }
        }
        if is_error {
            let of_exception = self.exception.as_ref().map(|error| &error.message);
            let description = self.message.as_ref().or(of_exception);
            span.fail_unless_said(description.cloned().unwrap_or_default());
        }
        let name = match self.exception {
            Some(exception) => {
                if let Some(message) = self.message {
                    self.attributes.push(KeyValue::new("message", message));
                }
                self.attributes.extend(exception.into_attributes());
                Cow::Borrowed("exception")
            }
            None => self
                .message
                .map_or(Cow::Borrowed(metadata.name()), Cow::Owned),
        };
        self.attributes
            .push(KeyValue::new("level", metadata.level().as_str()));
        self.attributes
            .push(KeyValue::new("target", metadata.target()));
        span.add_event(name, self.attributes);
    }
}

impl Visit for EventFields {
    visit_values!();

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, Value::from(value.to_owned()));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        if self.exception.is_some() {
            // One error makes an event; what else there is stays a text.
            self.attributes
                .push(KeyValue::new(field.name(), value.to_string()));
            return;
        }
        self.exception = Some(Exception::of(value));
        if field.name() != "error" {
            self.attributes
                .push(KeyValue::new(field.name(), value.to_string()));
        }
    }
}
