//! Which page does a trace begin in? A table of all traces, sorted by a hash
//! of their ids: the place of an entry is nearly proportional to its hash, so a
//! look-up reads one or two pages of the table, however long it is.
//!
//! An entry has six bytes: u32, the upper half of the XXH3-64 hash of the id,
//! and u16, the page of 4,096 rows, counted over all row groups, in which the
//! rows of the trace begin. Two traces of a block may share a hash; who reads the
//! page sees whether it was the right one.

use tracewell_model::TraceId;
use xxhash_rust::xxh3::xxh3_64;

use super::super::BlockError;
use super::Index;
use super::sections::Place;

const ENTRY_BYTES: u64 = 6;

/// Entries looked at around the expected place at first.
const NEAR_ENTRIES: u64 = 340;

/// Collects the traces of a block.
#[derive(Debug, Default)]
pub(super) struct Builder {
    entries: Vec<(u32, u16)>,
    last: Option<TraceId>,
}

impl Builder {
    /// The trace of the next row; a trace that goes on is counted once.
    pub(super) fn add(&mut self, id: TraceId, page: u16) {
        if self.last != Some(id) {
            self.last = Some(id);
            self.entries.push((hash(id), page));
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.entries.sort_unstable();
        let mut section = Vec::with_capacity(self.entries.len() * ENTRY_BYTES as usize);
        for (hash, page) in self.entries {
            section.extend_from_slice(&hash.to_le_bytes());
            section.extend_from_slice(&page.to_le_bytes());
        }
        section
    }
}

/// A whole table.
#[derive(Debug)]
pub(crate) struct TraceTable(pub(super) Vec<u8>);

impl TraceTable {
    /// Hash and page of each trace, by hash.
    pub(crate) fn entries(&self) -> impl ExactSizeIterator<Item = (u32, u32)> + '_ {
        let window = Window(&self.0);
        (0..window.len()).map(move |entry| (window.hash(entry), window.page(entry)))
    }
}

/// What a trace is known by in the table.
pub(in crate::block) fn hash(id: TraceId) -> u32 {
    (xxh3_64(&id.0) >> 32) as u32
}

/// Pages in which a trace may begin, ascending, each once.
pub(super) fn pages_of(index: &Index, place: Place, id: TraceId) -> Result<Vec<u32>, BlockError> {
    let entries = place.bytes / ENTRY_BYTES;
    let hash = hash(id);
    let expected = (u64::from(hash) * entries) >> 32;
    let mut around = NEAR_ENTRIES;
    loop {
        let first = expected.saturating_sub(around);
        let end = (expected + around).min(entries);
        let bytes = index.section(place, first * ENTRY_BYTES..end * ENTRY_BYTES)?;
        let found = Window(&bytes);
        // All entries of the hash are inside when something else is before and
        // after them.
        let is_whole_before = first == 0 || found.hash(0) < hash;
        let is_whole_after = end == entries || found.hash(found.len() - 1) > hash;
        if is_whole_before && is_whole_after {
            return Ok(found.pages(hash));
        }
        around *= 4;
    }
}

/// Some entries, as stored.
struct Window<'a>(&'a [u8]);

impl Window<'_> {
    fn len(&self) -> usize {
        self.0.len() / ENTRY_BYTES as usize
    }

    fn hash(&self, entry: usize) -> u32 {
        let at = entry * ENTRY_BYTES as usize;
        let bytes = &self.0[at..at + 4];
        u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
    }

    fn page(&self, entry: usize) -> u32 {
        let at = entry * ENTRY_BYTES as usize + 4;
        u32::from(u16::from_le_bytes([self.0[at], self.0[at + 1]]))
    }

    fn pages(&self, hash: u32) -> Vec<u32> {
        let (mut from, mut to) = (0, self.len());
        while from < to {
            let middle = from.midpoint(to);
            if self.hash(middle) < hash {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        let of_hash = (from..self.len()).take_while(|entry| self.hash(*entry) == hash);
        let mut pages: Vec<u32> = of_hash.map(|entry| self.page(entry)).collect();
        pages.dedup();
        pages
    }
}
