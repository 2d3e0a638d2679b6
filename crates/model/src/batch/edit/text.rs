//! Texts changed: a value for certain rows, or every value by a rule.
//!
//! A rule is asked once for each distinct text, because most rows say what
//! others said. **A dictionary entry is never changed**: other rows may mean it.

use std::collections::HashMap;

use crate::any_value::AnyValue;
use crate::batch::columns::{AttributeColumn, ColumnValues, StrColumn};
use crate::batch::view::{ValueRef, overflow_value};
use crate::batch::{Level, SpanBatch};
use crate::rows::RowSet;

impl StrColumn {
    /// Gives rows a text.
    pub fn set(&mut self, rows: impl IntoIterator<Item = (u32, impl AsRef<str>)>) {
        let mut codes: HashMap<String, u32> = HashMap::new();
        for (row, text) in rows {
            let text = text.as_ref();
            let code = match codes.get(text) {
                Some(code) => *code,
                None => {
                    let code = self.dict.push(text);
                    codes.insert(text.to_owned(), code);
                    code
                }
            };
            self.codes[row as usize] = code;
        }
    }

    /// Gives entries another text, where `edit` has one: asked once for each
    /// dictionary entry that they have. Answers how many changed.
    pub fn edit(
        &mut self,
        entries: impl Iterator<Item = usize>,
        mut edit: impl FnMut(&str) -> Option<String>,
    ) -> usize {
        let mut codes: HashMap<u32, Option<u32>> = HashMap::new();
        let mut changed = 0;
        for entry in entries {
            let code = self.codes[entry];
            let new = *codes.entry(code).or_insert_with(|| {
                let new = edit(self.dict.get(code as usize))?;
                Some(self.dict.push(&new))
            });
            if let Some(new) = new {
                self.codes[entry] = new;
                changed += 1;
            }
        }
        changed
    }
}

impl SpanBatch {
    /// Gives owners another text under a key, where they have a text and `edit` has
    /// another: asked once for each distinct text. Answers how many changed.
    pub fn edit_text(
        &mut self,
        level: Level,
        key: &str,
        owners: &RowSet,
        edit: impl FnMut(&str) -> Option<String>,
    ) -> usize {
        self.edit_texts(level, owners, |other| other == key, edit)
    }

    /// The same under every key that is wanted.
    pub fn edit_texts(
        &mut self,
        level: Level,
        owners: &RowSet,
        mut is_wanted: impl FnMut(&str) -> bool,
        mut edit: impl FnMut(&str) -> Option<String>,
    ) -> usize {
        self.failed = None;
        let mut changed = 0;
        for column in self
            .attributes
            .iter_mut()
            .filter(|column| column.level == level)
        {
            let AttributeColumn {
                rows, values, key, ..
            } = column;
            if let ColumnValues::Str(values) = values
                && is_wanted(key)
            {
                let entries = rows.iter().enumerate();
                let entries = entries.filter(|(_, row)| owners.contains(**row as usize));
                changed += values.edit(entries.map(|(entry, _)| entry), &mut edit);
            }
        }
        let rest = &mut self.overflow;
        let mut values = None;
        for entry in 0..rest.rows.len() {
            if rest.levels[entry] == level
                && owners.contains(rest.rows[entry] as usize)
                && is_wanted(rest.keys.get(entry))
                && let ValueRef::Str(text) = overflow_value(rest.values.get(entry))
                && let Some(new) = edit(text)
            {
                let mut encoded = Vec::new();
                AnyValue::String(new).encode(&mut encoded);
                values
                    .get_or_insert_with(HashMap::new)
                    .insert(entry, encoded);
                changed += 1;
            }
        }
        if let Some(new) = values {
            let old = std::mem::take(&mut rest.values);
            for entry in 0..old.len() {
                rest.values
                    .push(new.get(&entry).map_or(old.get(entry), Vec::as_slice));
            }
        }
        changed
    }
}
