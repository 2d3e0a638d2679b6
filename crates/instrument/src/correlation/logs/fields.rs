//! Fields of an event as parts of a log record.
//!
//! It exists so that a number stays a number. What is only known through
//! `Debug` becomes text.

use super::record::LogRecord;
use crate::record::{Exception, Value};
use std::error::Error;
use std::fmt::Debug;
use tracing_core::field::{Field, Visit};

/// Puts what an event says into its record.
pub(super) struct RecordFields<'a>(pub(super) &'a mut LogRecord);

impl RecordFields<'_> {
    fn text(&mut self, field: &Field, text: String) {
        match field.name() {
            "message" => self.0.body = Some(text),
            // What tracing-log makes of a record of the log crate.
            "log.target" => self.0.target = text.into(),
            "log.module_path" => self.0.add("code.module.name", text),
            "log.file" => self.0.add("code.file.path", text),
            name => self.0.add(name, text),
        }
    }

    fn value(&mut self, field: &Field, value: impl Into<Value>) {
        match field.name() {
            "log.line" => self.0.add("code.line.number", value),
            name => self.0.add(name, value),
        }
    }
}

impl Visit for RecordFields<'_> {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.value(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.value(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match i64::try_from(value) {
            Ok(value) => self.value(field, value),
            // A wrong number would be worse than a text.
            Err(_) => self.text(field, value.to_string()),
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.value(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value.to_owned());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        if field.name() != "error" {
            self.text(field, value.to_string());
        }
        let exception = Exception::of(value).into_attributes();
        self.0.attributes.extend(exception);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.text(field, format!("{value:?}"));
    }
}
