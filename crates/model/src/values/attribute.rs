//! The one value that a span has of an attribute (ADR-014, which has the
//! cases): the order of places. **Never converts a value.**

use super::coded::Coder;
use crate::batch::columns::{AttributeColumn, ColumnValues};
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
    preferred(batch, place, keys, |level, key| {
        owner_values(batch, level, key)
    })
}

/// The same as numbers that the coder gave.
pub(super) fn attribute_codes<'b>(
    batch: &'b SpanBatch,
    place: Place,
    keys: &[Box<str>],
    coder: &mut Coder<'b>,
) -> Vec<Option<u32>> {
    preferred(batch, place, keys, |level, key| {
        owner_codes(batch, level, key, coder)
    })
}

/// Of what owners have (`owned`), what each span has.
fn preferred<T: Copy>(
    batch: &SpanBatch,
    place: Place,
    keys: &[Box<str>],
    mut owned: impl FnMut(Level, &str) -> Vec<Option<T>>,
) -> Vec<Option<T>> {
    let mut values = vec![None; batch.len()];
    for level in precedence(place) {
        for key in keys {
            fill(batch, *level, &owned(*level, key), &mut values);
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
fn fill<T: Copy>(batch: &SpanBatch, level: Level, owned: &[Option<T>], values: &mut [Option<T>]) {
    if owned.is_empty() {
        return;
    }
    let spans = batch.spans();
    match level {
        Level::Span => take_over(values, owned, 0..batch.len()),
        Level::Resource => take_over(values, owned, rows(&spans.resource)),
        Level::Scope => take_over(values, owned, rows(&spans.scope)),
        Level::Event => first_of_each(values, owned, rows(&batch.events().span_row)),
        Level::Link => first_of_each(values, owned, rows(&batch.links().span_row)),
    }
}

fn rows(numbers: &[u32]) -> impl Iterator<Item = usize> {
    numbers.iter().map(|row| *row as usize)
}

/// From the owner of each span.
fn take_over<T: Copy>(
    values: &mut [Option<T>],
    owned: &[Option<T>],
    owners: impl Iterator<Item = usize>,
) {
    for (value, owner) in values.iter_mut().zip(owners) {
        *value = value.or(owned[owner]);
    }
}

/// From children of spans; the first that has one.
fn first_of_each<T: Copy>(
    values: &mut [Option<T>],
    owned: &[Option<T>],
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
    let mut owned = Owned::new(batch, level);
    for column in columns_of(batch, level, key) {
        for (entry, row) in column.rows.iter().enumerate() {
            owned.put(*row, || column.values.get(entry));
        }
    }
    for (row, value) in overflow_of(batch, level, key) {
        owned.put(row, || value);
    }
    owned.values
}

/// The same as numbers that the coder gave: a text once per dictionary entry.
pub(super) fn owner_codes<'b>(
    batch: &'b SpanBatch,
    level: Level,
    key: &str,
    coder: &mut Coder<'b>,
) -> Vec<Option<u32>> {
    let mut owned = Owned::new(batch, level);
    for column in columns_of(batch, level, key) {
        if let ColumnValues::Str(texts) = &column.values {
            let first = coder.of_texts(&texts.dict);
            for (code, row) in texts.codes.iter().zip(&column.rows) {
                owned.put(*row, || first + *code);
            }
        } else {
            for (entry, row) in column.rows.iter().enumerate() {
                owned.put(*row, || coder.of(column.values.get(entry)));
            }
        }
    }
    for (row, value) in overflow_of(batch, level, key) {
        owned.put(row, || coder.of(value));
    }
    owned.values
}

fn columns_of<'b>(
    batch: &'b SpanBatch,
    level: Level,
    key: &str,
) -> impl Iterator<Item = &'b AttributeColumn> {
    let columns = batch.attributes().iter();
    columns.filter(move |column| column.level == level && *column.key == *key)
}

/// The column that has all there is of a key, one value for each owner.
pub(super) fn sole_column<'b>(
    batch: &'b SpanBatch,
    level: Level,
    key: &str,
) -> Option<&'b AttributeColumn> {
    let mut columns = columns_of(batch, level, key);
    let only = columns.next().filter(|_| columns.next().is_none())?;
    let is_sole = overflow_of(batch, level, key).next().is_none();
    let is_once = only.rows.windows(2).all(|pair| pair[0] < pair[1]);
    (is_sole && is_once).then_some(only)
}

/// What lies beside the columns, with the row of its owner.
fn overflow_of<'b>(
    batch: &'b SpanBatch,
    level: Level,
    key: &str,
) -> impl Iterator<Item = (u32, ValueRef<'b>)> {
    let rest = batch.overflow();
    let is_wanted =
        move |entry: &usize| rest.levels[*entry] == level && rest.keys.get(*entry) == key;
    let entries = (0..rest.rows.len()).filter(is_wanted);
    entries.map(|entry| (rest.rows[entry], overflow_value(rest.values.get(entry))))
}

/// What owners of a level have; empty as long as nobody has anything.
struct Owned<T> {
    values: Vec<Option<T>>,
    len: usize,
}

impl<T: Copy> Owned<T> {
    fn new(batch: &SpanBatch, level: Level) -> Self {
        Self {
            values: Vec::new(),
            len: batch.level_len(level),
        }
    }

    /// The first stays.
    fn put(&mut self, row: u32, value: impl FnOnce() -> T) {
        if self.values.is_empty() {
            self.values.resize(self.len, None);
        }
        self.values[row as usize].get_or_insert_with(value);
    }
}
