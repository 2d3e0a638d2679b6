//! Attributes on their way into columns: which column, which dictionary code.
//!
//! Most of the time of decoding goes by here, some ten times for each span.
//! Clients send the keys of a span in the same order each time, so the column
//! is guessed from the one before and only confirmed by a comparison; a hash
//! table answers when the guess is wrong. It **must never** create more than
//! [`MAX_ATTRIBUTE_COLUMNS`] columns in a batch.

use super::SpanBatchBuilder;
use super::values::RawValue;
use crate::any_value::AnyValue;
use crate::batch::columns::{AttributeColumn, ColumnValues, StrColumn, ValueType};
use crate::batch::intern::{Interner, Interning, NotUtf8, is_same};
use crate::batch::{Level, MAX_ATTRIBUTE_COLUMNS};
use std::hash::BuildHasher;

/// No column, no row.
const NONE: u32 = u32::MAX;

/// Where the last attribute of a level went, to guess the next one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trail {
    owner: u32,
    previous: u32,
    first: u32,
}

impl Trail {
    pub(super) const START: Self = Self {
        owner: NONE,
        previous: NONE,
        first: NONE,
    };

    /// Rows count from zero again; what followed what stays a good guess.
    pub(super) fn begin_batch(&mut self) {
        self.owner = NONE;
    }
}

/// What the builder knows of a column besides its content.
#[derive(Debug, Clone, Copy)]
pub(super) struct ColumnNote {
    /// The column that followed this one the last time.
    next: u32,
    /// The batch that last used it: columns are kept from one to the next.
    batch: u32,
}

impl SpanBatchBuilder {
    /// Adds an attribute to the owner `row` of `level`. Rows of a level come
    /// in ascending order.
    ///
    /// # Errors
    /// Key or text is not UTF-8; nothing was added.
    #[inline(always)]
    pub fn attribute(
        &mut self,
        level: Level,
        row: u32,
        key: &[u8],
        value: RawValue<'_>,
    ) -> Result<(), NotUtf8> {
        let Some(index) = self.column_for(level, row, key, value.value_type())? else {
            return self.push_overflow(level, row, key, value);
        };
        let column = &mut self.batch.attributes[index];
        debug_assert!(
            column.rows.last().is_none_or(|last| *last <= row),
            "rows must ascend"
        );
        match (&mut column.values, value) {
            (ColumnValues::Str(values), RawValue::Str(text)) => {
                push_text(values, &mut self.interners[index], text, &self.interning)?;
            }
            (ColumnValues::Int(values), RawValue::Int(value)) => values.push(value),
            (ColumnValues::Double(values), RawValue::Double(value)) => values.push(value),
            (ColumnValues::Bool(values), RawValue::Bool(value)) => values.push(value),
            (ColumnValues::Bytes(values), RawValue::Bytes(bytes))
            | (ColumnValues::Other(values), RawValue::Other(bytes)) => values.push(bytes),
            _ => unreachable!("the column was looked up by the type of the value"),
        }
        column.rows.push(row);
        self.begun.push(index as u32);
        Ok(())
    }

    /// The column of (level, key, type); `None` when there are too many.
    #[inline]
    pub(in crate::batch) fn column_for(
        &mut self,
        level: Level,
        row: u32,
        key: &[u8],
        value_type: ValueType,
    ) -> Result<Option<usize>, NotUtf8> {
        let trail = &mut self.trails[level as usize];
        if trail.owner != row {
            trail.owner = row;
            trail.previous = NONE;
        }
        let guess = match self.notes.get(trail.previous as usize) {
            Some(note) => note.next,
            None => trail.first,
        };
        if let Some(note) = self.notes.get(guess as usize)
            && note.batch == self.batch_number
            && let Some(column) = self.batch.attributes.get(guess as usize)
            && is_column(column, level, key, value_type)
        {
            trail.previous = guess;
            return Ok(Some(guess as usize));
        }
        self.find_column(level, key, value_type)
    }

    #[inline(never)]
    fn find_column(
        &mut self,
        level: Level,
        key: &[u8],
        value_type: ValueType,
    ) -> Result<Option<usize>, NotUtf8> {
        let hash = self.interning.hasher.hash_one((level, value_type, key));
        let attributes = &self.batch.attributes;
        let is_it = |index: &u32| {
            let column = &attributes[*index as usize];
            is_column(column, level, key, value_type)
        };
        let known = self.columns.find(hash, is_it).copied();
        let is_used =
            known.is_some_and(|index| self.notes[index as usize].batch == self.batch_number);
        if !is_used && self.used_columns >= MAX_ATTRIBUTE_COLUMNS {
            return Ok(None);
        }
        let index = match known {
            Some(index) => index,
            None => self.add_column(level, key, value_type, hash)?,
        };
        if !is_used {
            self.notes[index as usize].batch = self.batch_number;
            self.used_columns += 1;
        }
        let trail = &mut self.trails[level as usize];
        match self.notes.get_mut(trail.previous as usize) {
            Some(note) => note.next = index,
            None => trail.first = index,
        }
        trail.previous = index;
        Ok(Some(index as usize))
    }

    fn add_column(
        &mut self,
        level: Level,
        key: &[u8],
        value_type: ValueType,
        hash: u64,
    ) -> Result<u32, NotUtf8> {
        let key: Box<str> = std::str::from_utf8(key).map_err(|_| NotUtf8)?.into();
        let index = self.batch.attributes.len() as u32;
        let values = ColumnValues::new(value_type);
        self.batch.attributes.push(AttributeColumn {
            level,
            key,
            rows: Vec::new(),
            values,
        });
        self.interners.push(Interner::default());
        self.notes.push(ColumnNote {
            next: NONE,
            batch: NONE,
        });
        let (attributes, hasher) = (&self.batch.attributes, &self.interning.hasher);
        self.columns.insert_unique(hash, index, |index| {
            let column = &attributes[*index as usize];
            hasher.hash_one((
                column.level,
                column.values.value_type(),
                column.key.as_bytes(),
            ))
        });
        Ok(index)
    }

    fn push_overflow(
        &mut self,
        level: Level,
        row: u32,
        key: &[u8],
        value: RawValue<'_>,
    ) -> Result<(), NotUtf8> {
        let key = std::str::from_utf8(key).map_err(|_| NotUtf8)?;
        let mut encoded = Vec::new();
        match value {
            RawValue::Str(text) => {
                let text = std::str::from_utf8(text).map_err(|_| NotUtf8)?;
                AnyValue::String(text.to_owned()).encode(&mut encoded);
            }
            RawValue::Int(value) => AnyValue::Int(value).encode(&mut encoded),
            RawValue::Double(value) => AnyValue::Double(value).encode(&mut encoded),
            RawValue::Bool(value) => AnyValue::Bool(value).encode(&mut encoded),
            RawValue::Bytes(bytes) => AnyValue::Bytes(bytes.to_vec()).encode(&mut encoded),
            RawValue::Other(bytes) => encoded.extend_from_slice(bytes),
        }
        let overflow = &mut self.batch.overflow;
        overflow.levels.push(level);
        overflow.rows.push(row);
        overflow.keys.push(key);
        overflow.values.push(&encoded);
        Ok(())
    }
}

#[inline]
fn is_column(column: &AttributeColumn, level: Level, key: &[u8], value_type: ValueType) -> bool {
    column.level == level
        && column.values.value_type() == value_type
        && is_same(column.key.as_bytes(), key)
}

#[inline]
pub(super) fn push_text(
    column: &mut StrColumn,
    interner: &mut Interner,
    text: &[u8],
    interning: &Interning,
) -> Result<(), NotUtf8> {
    let code = interner.code(&mut column.dict, column.codes.len(), text, interning)?;
    column.codes.push(code);
    Ok(())
}
