//! A text for each row of a batch, as numbers: equal numbers are equal texts, so
//! what is decided by a text is decided once for each number. **No text is made for
//! a span**; different numbers may still stand for equal texts.

use std::borrow::Cow;

use foldhash::{HashMap, HashMapExt};
use tracewell_model::batch::columns::{AttributeColumn, ColumnValues};
use tracewell_model::batch::view::overflow_value;
use tracewell_model::{Level, SpanBatch, ValueRef};

use crate::value_text::text_of;

/// See the module's text.
#[derive(Debug, Clone)]
pub(crate) struct Texts<'b> {
    rows: usize,
    /// By row; without any, none has a text.
    codes: Vec<u32>,
    /// By code; the first stands for none.
    texts: Vec<Cow<'b, str>>,
}

const NONE: u32 = 0;

impl<'b> Texts<'b> {
    /// None, for so many rows.
    pub(crate) fn none(rows: usize) -> Self {
        Self {
            rows,
            codes: Vec::new(),
            texts: vec![Cow::Borrowed("")],
        }
    }

    /// A text for each row.
    pub(crate) fn each(of_rows: impl Iterator<Item = &'b str>) -> Self {
        let mut made = Self::none(0);
        let mut known = HashMap::new();
        for text in of_rows {
            let code = *known.entry(text).or_insert_with(|| made.add(text.into()));
            made.codes.push(code);
            made.rows += 1;
        }
        made
    }

    /// The values of an attribute, by row of the level. Of a key that was sent twice
    /// it is the first.
    pub(crate) fn of_attribute(batch: &'b SpanBatch, level: Level, key: &str) -> Self {
        let mut made = Self::none(batch.level_len(level));
        let is_wanted = |column: &&AttributeColumn| column.level == level && *column.key == *key;
        for column in batch.attributes().iter().filter(is_wanted) {
            let entries = column.rows.iter().copied();
            if let ColumnValues::Str(values) = &column.values {
                let first = made.texts.len() as u32;
                made.texts.extend(values.dict.iter().map(Cow::Borrowed));
                let codes = values.codes.iter().map(|code| first + code);
                made.put(entries.zip(codes));
            } else {
                let mut known = HashMap::new();
                let codes: Vec<u32> = (0..column.rows.len())
                    .map(|entry| made.code_of(column.values.get(entry), &mut known))
                    .collect();
                made.put(entries.zip(codes));
            }
        }
        let (rest, mut known) = (batch.overflow(), HashMap::new());
        for (entry, row) in rest.rows.iter().enumerate() {
            if rest.levels[entry] == level && rest.keys.get(entry) == key {
                let code = made.code_of(overflow_value(rest.values.get(entry)), &mut known);
                made.put([(*row, code)].into_iter());
            }
        }
        made
    }

    /// Where there is none, that of `other` for the row that `row_of` says.
    pub(crate) fn or(mut self, other: &Texts<'b>, row_of: impl Fn(usize) -> usize) -> Self {
        if other.codes.is_empty() {
            return self;
        }
        // Of the first, which stands for none, nobody has the code.
        let first = self.texts.len() as u32;
        self.texts.extend(other.texts.iter().cloned());
        self.codes.resize(self.rows, NONE);
        for (row, code) in self.codes.iter_mut().enumerate() {
            let others = other.codes[row_of(row)];
            if *code == NONE && others != NONE {
                *code = first + others;
            }
        }
        self
    }

    /// Where there is none, this one.
    pub(crate) fn or_text(mut self, text: &'b str) -> Self {
        let code = self.add(text.into());
        self.codes.resize(self.rows, NONE);
        let none = self.codes.iter_mut().filter(|code| **code == NONE);
        none.for_each(|none| *none = code);
        self
    }

    /// The number of a row's text.
    pub(crate) fn code(&self, row: usize) -> u32 {
        self.codes.get(row).copied().unwrap_or(NONE)
    }

    /// Has no row a text?
    pub(crate) fn is_none(&self) -> bool {
        self.codes.is_empty()
    }

    /// A row's text.
    pub(crate) fn get(&self, row: usize) -> Option<&str> {
        let code = self.code(row);
        (code != NONE).then(|| &*self.texts[code as usize])
    }

    fn add(&mut self, text: Cow<'b, str>) -> u32 {
        self.texts.push(text);
        (self.texts.len() - 1) as u32
    }

    fn put(&mut self, entries: impl Iterator<Item = (u32, u32)>) {
        self.codes.resize(self.rows, NONE);
        for (row, code) in entries {
            let place = &mut self.codes[row as usize];
            if *place == NONE {
                *place = code;
            }
        }
    }

    fn code_of(&mut self, value: ValueRef<'b>, known: &mut HashMap<Key<'b>, u32>) -> u32 {
        let key = match value {
            ValueRef::Str(text) => Key::Bytes(0, text.as_bytes()),
            ValueRef::Bytes(bytes) => Key::Bytes(1, bytes),
            ValueRef::Other(bytes) => Key::Bytes(2, bytes),
            ValueRef::Int(value) => Key::Bits(0, value as u64),
            ValueRef::Double(value) => Key::Bits(1, value.to_bits()),
            ValueRef::Bool(value) => Key::Bits(2, value.into()),
        };
        *known.entry(key).or_insert_with(|| self.add(text_of(value)))
    }
}

/// A value that was seen, with its type.
#[derive(PartialEq, Eq, Hash)]
enum Key<'b> {
    Bits(u8, u64),
    Bytes(u8, &'b [u8]),
}
