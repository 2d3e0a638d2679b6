//! An event as an annotation, which is a time and a text.

use serde_json::Value;
use tracewell_model::{Level, SpanRef};

use crate::any_json::any_json;
use crate::json::members::{object, put_text};

/// Writes the event in `row`.
pub(super) fn put(out: &mut Vec<u8>, span: SpanRef<'_>, row: usize) {
    let events = span.view().batch().events();
    object(out, |annotation| {
        annotation.bare("timestamp", events.time_ns[row] / 1_000);
        annotation.always_text("value", &text(span, row, events.name.get(row)));
    });
}

/// The name; with attributes `"name": {"key": "value"}`, as OpenTelemetry
/// specifies it. A name that would itself be read so is written so, too.
fn text(span: SpanRef<'_>, row: usize, name: &str) -> String {
    let attributes = span.view().attributes(Level::Event, row);
    let members: serde_json::Map<String, Value> = attributes
        .map(|(key, value)| (key.to_owned(), any_json(&value.to_any(), Value::from)))
        .collect();
    let is_plain = !name.starts_with(['{', '"']) && !name.contains("|{");
    if members.is_empty() && is_plain {
        return name.to_owned();
    }
    let mut quoted = Vec::new();
    put_text(&mut quoted, name);
    format!(
        "{}: {}",
        String::from_utf8_lossy(&quoted),
        Value::Object(members)
    )
}
