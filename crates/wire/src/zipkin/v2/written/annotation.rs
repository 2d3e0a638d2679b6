//! The text of an event's annotation.

use serde_json::{Map, Value};
use tracewell_model::{Level, SpanRef, ValueRef};

use crate::any_json::any_json;
use crate::json::members::put_text;

/// The name; with attributes `"name": {"key": "value"}`, as OpenTelemetry
/// specifies it. A name that would itself be read so is written so, too.
pub(super) fn text(span: SpanRef<'_>, row: usize, name: &str) -> String {
    let members = members(span.view().attributes(Level::Event, row));
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

/// Attributes as the members of a JSON object.
pub(super) fn members<'a>(
    attributes: impl Iterator<Item = (&'a str, ValueRef<'a>)>,
) -> Map<String, Value> {
    let json = |value: ValueRef<'_>| any_json(&value.to_any(), Value::from);
    attributes
        .map(|(key, value)| (key.to_owned(), json(value)))
        .collect()
}
