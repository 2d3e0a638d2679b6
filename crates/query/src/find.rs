//! Find in trace: which spans of one trace mention a text.
//!
//! Works on columns, so that a text that many spans share is read once; a
//! person types while this runs. **It never builds a span.**

use std::fmt::Write;
use tracewell_model::batch::columns::{ColumnValues, StrColumn};
use tracewell_model::batch::view::{ValueRef, overflow_value};
use tracewell_model::{AnyValue, Level, RowSet, SpanBatch};

/// Shorter texts are words more often than ids: `add`, `cafe`, `deface`.
const MIN_ID_DIGITS: usize = 8;

/// Where attributes are looked for.
const LEVELS: [Level; 3] = [Level::Span, Level::Resource, Level::Event];

/// Rows of spans whose name, service, status message, attributes or events
/// contain `text`, whatever the case, or whose id contains it when it has at
/// least eight hexadecimal digits. `key=value` looks for an attribute of the
/// span, its resource or its events with that key whose value contains the
/// value.
#[must_use]
pub fn find(batch: &SpanBatch, text: &str) -> RowSet {
    let needle = Needle::new(text);
    let spans = batch.spans();
    let mut found = needle.in_texts(&spans.name);
    found.unite(&needle.in_texts(&spans.status_message));
    if needle.is_id() {
        found.unite(&RowSet::from_fn(batch.len(), |row| {
            spans.span_id[row].to_string().contains(&needle.whole)
        }));
    }
    for level in LEVELS {
        let mut owners = needle.in_attributes(batch, level);
        match level {
            Level::Resource => {
                found.unite(&RowSet::from_fn(batch.len(), |row| {
                    owners.contains(spans.resource[row] as usize)
                }));
            }
            Level::Event => {
                owners.unite(&needle.in_texts(&batch.events().name));
                for event in owners.iter() {
                    found.insert(batch.events().span_row[event] as usize);
                }
            }
            _ => found.unite(&owners),
        }
    }
    found
}

struct Needle {
    /// Lower case.
    whole: String,
    /// Key and value of `key=value`, lower case.
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

    fn is_id(&self) -> bool {
        let is_hex = self.whole.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex && self.whole.len() >= MIN_ID_DIGITS
    }

    /// Rows of a column of text that contain it.
    fn in_texts(&self, column: &StrColumn) -> RowSet {
        let holds: Vec<bool> = column
            .dict
            .iter()
            .map(|text| contains(text, &self.whole))
            .collect();
        RowSet::from_fn(column.len(), |row| holds[column.codes[row] as usize])
    }

    /// Owners of attributes that contain it in key or value.
    fn in_attributes(&self, batch: &SpanBatch, level: Level) -> RowSet {
        let mut owners = RowSet::none(batch.level_len(level));
        let columns = batch.attributes().iter();
        for column in columns.filter(|column| column.level == level) {
            let wanted = self.wanted(&column.key);
            let mut mark = |entry: usize| owners.insert(column.rows[entry] as usize);
            match &column.values {
                _ if wanted.is_all() => (0..column.rows.len()).for_each(mark),
                ColumnValues::Str(values) => {
                    let holds: Vec<bool> = values
                        .dict
                        .iter()
                        .map(|text| wanted.holds(ValueRef::Str(text)))
                        .collect();
                    let codes = values.codes.iter().enumerate();
                    codes
                        .filter(|(_, code)| holds[**code as usize])
                        .for_each(|(entry, _)| mark(entry));
                }
                values => {
                    let entries = 0..column.rows.len();
                    entries
                        .filter(|entry| wanted.holds(values.get(*entry)))
                        .for_each(&mut mark);
                }
            }
        }
        let overflow = batch.overflow();
        for (entry, row) in overflow.rows.iter().enumerate() {
            if overflow.levels[entry] == level {
                let wanted = self.wanted(overflow.keys.get(entry));
                if wanted.holds(overflow_value(overflow.values.get(entry))) {
                    owners.insert(*row as usize);
                }
            }
        }
        owners
    }

    /// What a value under this key must contain.
    fn wanted<'a>(&'a self, key: &str) -> Wanted<'a> {
        let pair = self.pair.as_ref();
        let pair = pair.filter(|(wanted, _)| key.to_lowercase() == *wanted);
        let whole = if contains(key, &self.whole) {
            ""
        } else {
            &self.whole
        };
        Wanted {
            whole,
            value: pair.map(|(_, value)| value.as_str()),
        }
    }
}

/// Texts, either of which is enough.
struct Wanted<'a> {
    whole: &'a str,
    value: Option<&'a str>,
}

impl Wanted<'_> {
    fn is_all(&self) -> bool {
        self.whole.is_empty() || self.value == Some("")
    }

    fn holds(&self, value: ValueRef<'_>) -> bool {
        self.is_all()
            || value_contains(value, self.whole)
            || self
                .value
                .is_some_and(|wanted| value_contains(value, wanted))
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
        ValueRef::Int(value) => number_contains(value, needle),
        ValueRef::Double(value) => number_contains(value, needle),
        ValueRef::Bool(value) => if value { "true" } else { "false" }.contains(needle),
        ValueRef::Bytes(_) => false,
        ValueRef::Other(encoded) => {
            AnyValue::decode(encoded).is_ok_and(|value| any_contains(&value, needle))
        }
    }
}

/// As the number is written in full.
fn number_contains(value: impl std::fmt::Display, needle: &str) -> bool {
    // Most texts begin with a letter and most numbers are looked at in vain.
    let may_be_number = needle.starts_with(|c: char| c.is_ascii_digit() || "-.in".contains(c));
    let mut text = String::new();
    may_be_number && write!(text, "{value}").is_ok() && contains(&text, needle)
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
