//! The one value that a span has of an attribute (ADR-014, which has the
//! cases): the order of places. **Never converts a value.**

use crate::batch::columns::AttributeColumn;
use crate::batch::view::{ValueRef, overflow_value};
use crate::batch::{Level, SpanBatch};
use crate::filter::Place;

/// The value of each span, by row. Of several keys, which mean the same, the
/// first is preferred.
#[must_use]
pub fn attribute_values<'b>(
    batch: &'b SpanBatch,
    place: Place,
    keys: &[Box<str>],
) -> Vec<Option<ValueRef<'b>>> {
    let mut values = vec![None; batch.len()];
    for level in precedence(place) {
        for key in keys {
            fill(batch, *level, key, &mut values);
        }
    }
    values
}

/// Where a value is looked for, in this order.
fn precedence(place: Place) -> &'static [Level] {
    match place {
        Place::Any => &[Level::Span, Level::Resource, Level::Scope],
        other => other.levels(),
    }
}

/// Gives a value to spans that have none yet.
fn fill<'b>(batch: &'b SpanBatch, level: Level, key: &str, values: &mut [Option<ValueRef<'b>>]) {
    let owned = owner_values(batch, level, key);
    if owned.is_empty() {
        return;
    }
    let spans = batch.spans();
    match level {
        Level::Span => take_over(values, &owned, 0..batch.len()),
        Level::Resource => take_over(values, &owned, rows(&spans.resource)),
        Level::Scope => take_over(values, &owned, rows(&spans.scope)),
        Level::Event => first_of_each(values, &owned, rows(&batch.events().span_row)),
        Level::Link => first_of_each(values, &owned, rows(&batch.links().span_row)),
    }
}

fn rows(numbers: &[u32]) -> impl Iterator<Item = usize> {
    numbers.iter().map(|row| *row as usize)
}

/// From the owner of each span.
fn take_over<'b>(
    values: &mut [Option<ValueRef<'b>>],
    owned: &[Option<ValueRef<'b>>],
    owners: impl Iterator<Item = usize>,
) {
    for (value, owner) in values.iter_mut().zip(owners) {
        *value = value.or(owned[owner]);
    }
}

/// From children of spans; the first that has one.
fn first_of_each<'b>(
    values: &mut [Option<ValueRef<'b>>],
    owned: &[Option<ValueRef<'b>>],
    spans: impl Iterator<Item = usize>,
) {
    for (owned, span) in owned.iter().zip(spans) {
        values[span] = values[span].or(*owned);
    }
}

/// The value of each owner, by row of the level; empty where nobody has the key.
/// Of a key that was sent twice it is the first.
#[must_use]
pub fn owner_values<'b>(
    batch: &'b SpanBatch,
    level: Level,
    key: &str,
) -> Vec<Option<ValueRef<'b>>> {
    let mut owned = Vec::new();
    let mut put = |row: u32, value: ValueRef<'b>| {
        if owned.is_empty() {
            owned.resize(batch.level_len(level), None);
        }
        owned[row as usize].get_or_insert(value);
    };
    let is_wanted = |column: &&AttributeColumn| column.level == level && *column.key == *key;
    for column in batch.attributes().iter().filter(is_wanted) {
        for (entry, row) in column.rows.iter().enumerate() {
            put(*row, column.values.get(entry));
        }
    }
    let rest = batch.overflow();
    for (entry, row) in rest.rows.iter().enumerate() {
        if rest.levels[entry] == level && rest.keys.get(entry) == key {
            put(*row, overflow_value(rest.values.get(entry)));
        }
    }
    owned
}
