//! Rows of resources and scopes that are found again by what they hold.
//!
//! Zipkin repeats them in every span, as tags between others. So their parts
//! are gathered into a key, and the row is looked for once the span is read.

use std::collections::HashMap;

use crate::notes::Notes;

/// Texts one after another, each behind its length.
#[derive(Debug, Default)]
pub(super) struct Key(Vec<u8>);

impl Key {
    pub(super) fn push(&mut self, text: &[u8]) {
        // Texts are shorter than a body, and that is shorter than 2 GiB.
        self.0.extend_from_slice(&(text.len() as u32).to_le_bytes());
        self.0.extend_from_slice(text);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn capacity(&self) -> usize {
        self.0.capacity()
    }

    /// The texts.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = &*self.0;
        std::iter::from_fn(move || {
            let (len, after) = rest.split_first_chunk()?;
            let (text, after) = after.split_at_checked(u32::from_le_bytes(*len) as usize)?;
            rest = after;
            Some(text)
        })
    }
}

/// Rows by what they hold.
#[derive(Debug, Default)]
pub(super) struct Rows(HashMap<Vec<u8>, u32, foldhash::fast::RandomState>);

impl Rows {
    pub(super) fn get(&self, key: &Key) -> Option<u32> {
        self.0.get(&*key.0).copied()
    }

    pub(super) fn insert(&mut self, notes: &mut Notes<'_>, key: &Key, row: u32) {
        // A table is between half and fully used.
        notes.keep_row(2 * size_of::<(Vec<u8>, u32)>() + key.0.len());
        self.0.insert(key.0.clone(), row);
    }
}
