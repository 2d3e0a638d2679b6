//! Dictionaries while they are being built.
//!
//! Telemetry repeats itself: the same key follows the same key, and a value is
//! often the one before. So the last answer is tried before any hashing, and
//! text is checked for UTF-8 only when it is new. A column whose values do not
//! repeat stops being deduplicated (see [`Interning`]); that is why
//! dictionaries may hold equal entries.

use super::columns::Strings;
use hashbrown::HashTable;
use std::hash::BuildHasher;

/// Text that is not UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotUtf8;

/// How texts are hashed, and when a dictionary is given up: a table over
/// values that do not repeat costs more than it saves.
#[derive(Debug, Clone)]
pub(crate) struct Interning {
    pub(crate) hasher: foldhash::fast::RandomState,
    /// Rows of a column before it is judged.
    rows: usize,
    /// Distinct values it may have then and later, in eighths of its rows.
    eighths: usize,
}

impl Interning {
    /// For what lives until it is joined with others: only values that hardly
    /// ever repeat (500 and more different ones, or ids) are not looked up.
    pub(crate) fn for_requests() -> Self {
        Self {
            hasher: foldhash::fast::RandomState::default(),
            rows: 64,
            eighths: 7,
        }
    }

    /// For what becomes a block: dictionaries of some 5,000 values survive,
    /// which is as many as a dictionary page has room for.
    pub(crate) fn for_joining() -> Self {
        Self {
            rows: 8_192,
            eighths: 4,
            ..Self::for_requests()
        }
    }
}

/// Finds the code of a text in a dictionary, adding it when new.
#[derive(Debug, Default)]
pub(crate) struct Interner {
    table: HashTable<u32>,
    last: Option<u32>,
    plain: bool,
}

impl Interner {
    /// Answers the code of `bytes` in `dict`. `rows` is how many codes the
    /// column has handed out, to judge whether deduplication pays.
    #[inline]
    pub(crate) fn code(
        &mut self,
        dict: &mut Strings,
        rows: usize,
        bytes: &[u8],
        interning: &Interning,
    ) -> Result<u32, NotUtf8> {
        if let Some(last) = self.last
            && is_same(dict.get_bytes(last as usize), bytes)
        {
            return Ok(last);
        }
        self.find_or_add(dict, rows, bytes, interning)
    }

    /// Begins anew with an empty dictionary; room is kept.
    pub(crate) fn forget(&mut self) {
        self.table.clear();
        self.last = None;
        self.plain = false;
    }

    /// Bytes of room that are kept.
    pub(crate) fn room_bytes(&self) -> usize {
        self.table.capacity() * 5
    }

    #[inline(never)]
    fn find_or_add(
        &mut self,
        dict: &mut Strings,
        rows: usize,
        bytes: &[u8],
        interning: &Interning,
    ) -> Result<u32, NotUtf8> {
        if self.plain {
            let code = dict.push(utf8(bytes)?);
            self.last = Some(code);
            return Ok(code);
        }
        let hasher = &interning.hasher;
        let hash = hasher.hash_one(bytes);
        let same = |code: &u32| is_same(dict.get_bytes(*code as usize), bytes);
        if let Some(code) = self.table.find(hash, same) {
            self.last = Some(*code);
            return Ok(*code);
        }
        let code = dict.push(utf8(bytes)?);
        self.last = Some(code);
        let rehash = |code: &u32| hasher.hash_one(dict.get_bytes(*code as usize));
        self.table.insert_unique(hash, code, rehash);
        if rows >= interning.rows && dict.len() * 8 > rows * interning.eighths {
            self.plain = true;
            self.table.clear();
        }
        Ok(code)
    }
}

/// Equality of short texts without a call: keys and values are compared some
/// thirty times for each span.
#[inline]
pub(super) fn is_same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let word = |bytes: &[u8; 8]| u64::from_ne_bytes(*bytes);
    let half = |bytes: &[u8; 4]| u32::from_ne_bytes(*bytes);
    match a.len() {
        0..4 => a.iter().eq(b),
        4..8 => {
            // The two halves overlap, as do the last two words below.
            let first = a.first_chunk().zip(b.first_chunk());
            let last = a.last_chunk().zip(b.last_chunk());
            first.is_some_and(|(a, b)| half(a) == half(b))
                && last.is_some_and(|(a, b)| half(a) == half(b))
        }
        8..64 => {
            let words = a.as_chunks().0.iter().zip(b.as_chunks().0);
            let last = a.last_chunk().zip(b.last_chunk());
            words.into_iter().all(|(a, b)| word(a) == word(b))
                && last.is_some_and(|(a, b)| word(a) == word(b))
        }
        _ => a == b,
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, NotUtf8> {
    // Most texts are short and ASCII; a SIMD validator only pays on long ones.
    if bytes.len() < 64 {
        return std::str::from_utf8(bytes).map_err(|_| NotUtf8);
    }
    simdutf8::basic::from_utf8(bytes).map_err(|_| NotUtf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_any_length_are_told_apart_at_any_byte() {
        let text: Vec<u8> = (0..70).collect();
        for len in 0..text.len() {
            assert!(is_same(&text[..len], &text[..len]));
            assert!(!is_same(&text[..len], &text[..=len]));
            for at in 0..len {
                let mut other = text[..len].to_vec();
                other[at] ^= 0x80;
                assert!(!is_same(&text[..len], &other), "length {len}, byte {at}");
            }
        }
    }
}
