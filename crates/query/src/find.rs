//! Find in trace: which spans of one trace mention a text.

use tracewell_model::batch::view::{BatchView, SpanRef, ValueRef};
use tracewell_model::{AnyValue, Level, RowSet, SpanBatch};

/// Rows of spans whose name, service, id, status message, attributes or events
/// contain `text`, whatever the case. `key=value` looks for an attribute of
/// the span, its resource or its events with that key whose value contains
/// the value.
#[must_use]
pub fn find(batch: &SpanBatch, text: &str) -> RowSet {
    let view = BatchView::new(batch);
    let needle = Needle::new(text);
    RowSet::from_fn(batch.len(), |row| needle.mentions(&view, view.span(row)))
}

struct Needle {
    whole: String,
    pair: Option<(String, String)>,
}

impl Needle {
    fn new(text: &str) -> Self {
        let whole = text.trim().to_lowercase();
        let pair = whole
            .split_once('=')
            .filter(|(key, _)| !key.trim().is_empty());
        let trim = |part: &str| part.trim().trim_matches('"').to_owned();
        let pair = pair.map(|(key, value)| (trim(key), trim(value)));
        Self { whole, pair }
    }

    fn mentions(&self, view: &BatchView<'_>, span: SpanRef<'_>) -> bool {
        let batch = view.batch();
        let own = [span.name(), span.service(), span.status_message()];
        let event_names = span.event_rows().map(|row| batch.events().name.get(row));
        own.into_iter()
            .chain(event_names)
            .any(|text| contains(text, &self.whole))
            || span.span_id().to_string().starts_with(&self.whole)
            || view
                .attributes(Level::Span, span.row())
                .any(|a| self.holds(a))
            || view
                .attributes(Level::Resource, span.resource_row())
                .any(|a| self.holds(a))
            || span
                .event_rows()
                .any(|row| view.attributes(Level::Event, row).any(|a| self.holds(a)))
    }

    fn holds(&self, (key, value): (&str, ValueRef<'_>)) -> bool {
        if let Some((wanted_key, wanted)) = &self.pair
            && key.eq_ignore_ascii_case(wanted_key)
            && value_contains(value, wanted)
        {
            return true;
        }
        contains(key, &self.whole) || value_contains(value, &self.whole)
    }
}

/// Case-insensitive; `needle` is lower case already.
fn contains(text: &str, needle: &str) -> bool {
    if text.is_ascii() {
        let (text, needle) = (text.as_bytes(), needle.as_bytes());
        return needle.is_empty()
            || text
                .windows(needle.len())
                .any(|window| window.eq_ignore_ascii_case(needle));
    }
    text.to_lowercase().contains(needle)
}

fn value_contains(value: ValueRef<'_>, needle: &str) -> bool {
    match value {
        ValueRef::Str(text) => contains(text, needle),
        ValueRef::Int(value) => value.to_string().contains(needle),
        ValueRef::Double(value) => value.to_string().contains(needle),
        ValueRef::Bool(value) => value.to_string().contains(needle),
        ValueRef::Bytes(_) => false,
        ValueRef::Other(encoded) => {
            AnyValue::decode(encoded).is_ok_and(|value| any_contains(&value, needle))
        }
    }
}

fn any_contains(value: &AnyValue, needle: &str) -> bool {
    match value {
        AnyValue::String(text) => contains(text, needle),
        AnyValue::Int(value) => value_contains(ValueRef::Int(*value), needle),
        AnyValue::Double(value) => value_contains(ValueRef::Double(*value), needle),
        AnyValue::Bool(value) => value_contains(ValueRef::Bool(*value), needle),
        AnyValue::Array(values) => values.iter().any(|value| any_contains(value, needle)),
        AnyValue::KvList(pairs) => pairs
            .iter()
            .any(|(key, value)| contains(key, needle) || any_contains(value, needle)),
        AnyValue::Bytes(_) | AnyValue::Empty => false,
    }
}
