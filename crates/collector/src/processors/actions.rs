//! Actions on attributes, as the processors `attributes` and `resource` take them.
//!
//! Each is done for all owners of a batch at once, on the columns of its key; a rule
//! over texts is asked once for each distinct one. They are done **in the order in
//! which they are written**, each on what those before have left.

mod config;
mod convert;
pub(super) mod hash;
#[cfg(test)]
mod tests;

pub use config::{ActionConfig, Source, Verb};

use regex::Regex;
use tracewell_model::values::owner_values;
use tracewell_model::{AnyValue, Level, RowSet, SpanBatch, ValueRef};

/// Does all of them to these owners.
pub(super) fn act(actions: &[ActionConfig], batch: &mut SpanBatch, level: Level, owners: &RowSet) {
    for action in actions {
        one(action, batch, level, owners);
    }
}

fn one(action: &ActionConfig, batch: &mut SpanBatch, level: Level, owners: &RowSet) {
    let key = &*action.key;
    match &action.verb {
        Verb::Insert(source) => put(source, batch, level, key, owners, |has| !has),
        Verb::Update(source) => put(source, batch, level, key, owners, |has| has),
        Verb::Upsert(source) => put(source, batch, level, key, owners, |_| true),
        Verb::Delete(pattern) => {
            batch.retain_attributes(level, owners, |other| {
                !is_meant(key, pattern.as_ref(), other)
            });
        }
        Verb::Hash(pattern) => {
            let mut keys = batch.keys(level);
            keys.retain(|other| is_meant(key, pattern.as_ref(), other));
            for key in keys {
                // No other value may pass in clear.
                batch.keep_first_values(level, &key);
                // Most are texts, of which there are few different ones.
                batch.edit_text(level, &key, owners, |text| Some(hash::of_text(text)));
                replace(batch, level, &key, owners, |value| match value {
                    ValueRef::Str(_) => None,
                    other => Some(hash::of(other)),
                });
            }
        }
        Verb::Extract(pattern) => {
            let names = pattern.capture_names().flatten();
            let mut found: Vec<(&str, Vec<(u32, AnyValue)>)> =
                names.map(|name| (name, Vec::new())).collect();
            each(batch, level, key, owners, |row, value| {
                if let ValueRef::Str(text) = value
                    && let Some(captures) = pattern.captures(text)
                {
                    for (name, values) in &mut found {
                        let part = captures.name(name).map_or("", |part| part.as_str());
                        values.push((row, AnyValue::from(part)));
                    }
                }
            });
            for (name, values) in found {
                batch.set_attribute(level, name, &values);
            }
        }
        Verb::Convert(to) => {
            replace(batch, level, key, owners, |value| {
                convert::converted(value, *to)
            });
        }
    }
}

/// Is it the key, or one of the pattern? Without a key the pattern alone says.
fn is_meant(key: &str, pattern: Option<&Regex>, other: &str) -> bool {
    (!key.is_empty() && other == key) || pattern.is_some_and(|pattern| pattern.is_match(other))
}

/// Gives the key a value where the owner has it, or has it not, as wanted.
fn put(
    source: &Source,
    batch: &mut SpanBatch,
    level: Level,
    key: &str,
    owners: &RowSet,
    is_wanted: impl Fn(bool) -> bool,
) {
    let present = owner_values(batch, level, key);
    let has = |row: usize| present.get(row).is_some_and(Option::is_some);
    let rows = owners.iter().filter(|row| is_wanted(has(*row)));
    let values: Vec<(u32, AnyValue)> = match source {
        Source::Value(value) => rows.map(|row| (row as u32, value.clone())).collect(),
        Source::Attribute(from) => {
            let from = owner_values(batch, level, from);
            let value = |row: usize| Some((row as u32, (*from.get(row)?)?.to_any()));
            rows.filter_map(value).collect()
        }
    };
    batch.set_attribute(level, key, &values);
}

/// Gives owners another value of the key, where there is one.
fn replace(
    batch: &mut SpanBatch,
    level: Level,
    key: &str,
    owners: &RowSet,
    new: impl Fn(ValueRef<'_>) -> Option<AnyValue>,
) {
    let mut values = Vec::new();
    each(batch, level, key, owners, |row, value| {
        values.extend(new(value).map(|new| (row, new)));
    });
    batch.set_attribute(level, key, &values);
}

fn each(
    batch: &SpanBatch,
    level: Level,
    key: &str,
    owners: &RowSet,
    mut visit: impl FnMut(u32, ValueRef<'_>),
) {
    let values = owner_values(batch, level, key);
    for (row, value) in values.into_iter().enumerate() {
        if let Some(value) = value.filter(|_| owners.contains(row)) {
            visit(row as u32, value);
        }
    }
}
