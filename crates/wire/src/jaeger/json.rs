//! A trace in the JSON of Jaeger's UI: what `/api/traces` answers and the UI
//! downloads, one element of `data`.
//!
//! ```text
//! {"traceID", "spans": [...], "processes": {"p1": {"serviceName", "tags"}}}
//! ```
//!
//! Written by several generations of Jaeger, so it is read liberally: `null`
//! for empty lists, numbers and truth values as text, ids without their
//! leading zeros. What cannot be read as JSON of this form costs the trace; a
//! span with an id that is none costs that span alone.

mod message;
mod span;

use std::collections::HashMap;

use tracewell_model::SpanBatchBuilder;
use tracewell_model::any_value::AnyValue;
use tracewell_model::batch::Level;
use tracewell_model::batch::builder::RawValue;

use crate::error::{Position, Problem};
use crate::rejected::{Place, Rejected};
use crate::{Decoded, Repaired, WireError};
use message::{Process, Tag, Trace};
use span::Spans;

use super::fields::NO_SERVICE;

/// Reads one trace. Spans may be of several traces: each names its own.
///
/// # Errors
/// The body is not JSON of this form; nothing of it can be kept.
pub fn decode(body: &[u8]) -> Result<Decoded, WireError> {
    let text = std::str::from_utf8(body)
        .map_err(|error| WireError::at_byte(error.valid_up_to(), Problem::NotUtf8))?;
    let trace: Trace<'_> = serde_json::from_str(text).map_err(|error| wire_error(&error))?;
    let mut builder = SpanBatchBuilder::new();
    let processes = trace.processes.unwrap_or_default();
    let mut resources = HashMap::with_capacity(processes.len());
    for (id, process) in &processes {
        resources.insert(id.as_str(), resource(&mut builder, process));
    }
    let mut rejected = Rejected::default();
    let mut spans = Spans::new(&mut builder, resources);
    for (index, span) in trace.spans.into_iter().flatten().enumerate() {
        if let Err(fault) = spans.add(&span) {
            let place = Place {
                span: u32::try_from(index).unwrap_or(u32::MAX),
                ..Place::default()
            };
            rejected.count(fault, place);
        }
    }
    Ok(Decoded {
        batch: builder.finish(),
        rejected,
        repaired: Repaired::default(),
        no_spans: None,
    })
}

/// The row of the resource that a process is.
fn resource(builder: &mut SpanBatchBuilder, process: &Process<'_>) -> u32 {
    let row = builder.resource(b"", 0, b"").expect(TEXT);
    let service = process.service_name.as_deref().unwrap_or_default();
    let is_named = !matches!(service, "" | NO_SERVICE);
    if is_named {
        put_text(builder, Level::Resource, row, "service.name", service);
    }
    // Some exporters send the name as a tag as well; the field counts.
    let is_name = |tag: &&Tag<'_>| is_named && tag.key == "service.name";
    for tag in process.tags.iter().flatten().filter(|tag| !is_name(tag)) {
        put(builder, Level::Resource, row, &tag.key, raw(&tag.value()));
    }
    row
}

/// Why adding text to a batch succeeds.
const TEXT: &str = "text that was read as JSON is UTF-8";

fn put_text(builder: &mut SpanBatchBuilder, level: Level, row: u32, key: &str, text: &str) {
    put(builder, level, row, key, RawValue::Str(text.as_bytes()));
}

fn put(builder: &mut SpanBatchBuilder, level: Level, row: u32, key: &str, value: RawValue<'_>) {
    let put = builder.attribute(level, row, key.as_bytes(), value);
    put.expect(TEXT);
}

/// A value for a batch; a tag without one becomes an empty value.
fn raw(value: &AnyValue) -> RawValue<'_> {
    match value {
        AnyValue::String(text) => RawValue::Str(text.as_bytes()),
        AnyValue::Int(value) => RawValue::Int(*value),
        AnyValue::Double(value) => RawValue::Double(*value),
        AnyValue::Bool(value) => RawValue::Bool(*value),
        AnyValue::Bytes(bytes) => RawValue::Bytes(bytes),
        AnyValue::Empty | AnyValue::Array(_) | AnyValue::KvList(_) => RawValue::Other(b""),
    }
}

/// The place of an error of the JSON library, and what it says, without text
/// from the body.
fn wire_error(error: &serde_json::Error) -> WireError {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or_default();
    let unquoted: Vec<&str> = what.split('"').step_by(2).collect();
    let what = unquoted.join("…");
    let problem = if error.is_data() {
        Problem::Form(what)
    } else {
        Problem::Syntax(what)
    };
    WireError::at(Position::Text { line, column }, problem)
}
