//! Dictionaries while they are being built.
//!
//! Telemetry repeats itself: the same key follows the same key, and a value is
//! often the one before. So the last answer is tried before any hashing, and
//! text is checked for UTF-8 only when it is new. A column whose values do not
//! repeat stops being deduplicated (see [`PLAIN_AFTER`]); that is why
//! dictionaries may hold equal entries.

use super::columns::Strings;
use hashbrown::HashTable;
use std::hash::BuildHasher;

/// Rows after which a dictionary with more than half as many entries as rows
/// is given up: a hash table over unique values costs more than it saves.
const PLAIN_AFTER: usize = 256;

/// Text that is not UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotUtf8;

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
    pub(crate) fn code(
        &mut self,
        dict: &mut Strings,
        rows: usize,
        bytes: &[u8],
        hasher: &foldhash::fast::RandomState,
    ) -> Result<u32, NotUtf8> {
        if let Some(last) = self.last
            && dict.get(last as usize).as_bytes() == bytes
        {
            return Ok(last);
        }
        let code = if self.plain {
            dict.push(utf8(bytes)?)
        } else {
            self.find_or_add(dict, rows, bytes, hasher)?
        };
        self.last = Some(code);
        Ok(code)
    }

    fn find_or_add(
        &mut self,
        dict: &mut Strings,
        rows: usize,
        bytes: &[u8],
        hasher: &foldhash::fast::RandomState,
    ) -> Result<u32, NotUtf8> {
        let hash = hasher.hash_one(bytes);
        let same = |code: &u32| dict.get(*code as usize).as_bytes() == bytes;
        if let Some(code) = self.table.find(hash, same) {
            return Ok(*code);
        }
        let code = dict.push(utf8(bytes)?);
        let rehash = |code: &u32| hasher.hash_one(dict.get(*code as usize).as_bytes());
        self.table.insert_unique(hash, code, rehash);
        if rows >= PLAIN_AFTER && dict.len() * 2 > rows {
            self.plain = true;
            self.table = HashTable::new();
        }
        Ok(code)
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, NotUtf8> {
    // Most texts are short and ASCII; a SIMD validator only pays on long ones.
    if bytes.len() < 64 {
        return std::str::from_utf8(bytes).map_err(|_| NotUtf8);
    }
    simdutf8::basic::from_utf8(bytes).map_err(|_| NotUtf8)
}
