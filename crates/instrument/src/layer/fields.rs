//! Fields of `tracing` as typed attributes.
//!
//! It exists so that a number stays a number. What is only known through
//! `Debug` becomes text.

use crate::record::{KeyValue, Span, Status, Value};
use crate::sampling::SpanKind;
use std::borrow::Cow;
use std::error::Error;
use std::fmt::Debug;
use tracing_core::Metadata;
use tracing_core::field::{Field, Visit};
use tracing_core::span::Attributes;

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
    }
}

/// Collects what is said of a span after its start, before the span is locked.
#[derive(Default)]
pub(super) struct LaterFields(Vec<(&'static str, Value)>);

impl LaterFields {
    fn set(&mut self, field: &Field, value: Value) {
        self.0.push((field.name(), value));
    }

    pub(super) fn set_on(self, span: &mut Span) {
        for (name, value) in self.0 {
            set_field(span, name, value);
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
    }
}

/// Collects what an event says.
#[derive(Default)]
pub(super) struct EventFields {
    pub(super) message: Option<String>,
    pub(super) error: Option<String>,
    attributes: Vec<KeyValue>,
}

impl EventFields {
    fn set(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::Str(text)) => self.message = Some(text.into_owned()),
            (name, value) => self.attributes.push(KeyValue::new(name, value)),
        }
    }

    /// Named by its message, or by its callsite where it has none.
    pub(super) fn into_name_and_attributes(
        mut self,
        metadata: &'static Metadata<'static>,
    ) -> (Cow<'static, str>, Vec<KeyValue>) {
        self.attributes
            .push(KeyValue::new("level", metadata.level().as_str()));
        self.attributes
            .push(KeyValue::new("target", metadata.target()));
        let name = self
            .message
            .map_or(Cow::Borrowed(metadata.name()), Cow::Owned);
        (name, self.attributes)
    }
}

impl Visit for EventFields {
    visit_values!();

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, Value::from(value.to_owned()));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let text = value.to_string();
        self.error = Some(text.clone());
        self.attributes
            .push(KeyValue::new("exception.message", text));
        if field.name() != "error" {
            self.set(field, Value::from(value.to_string()));
        }
    }
}
