//! Where every page of a row group is, how long it is and its checksum.
//!
//! One record for each column, in file order, all of one length:
//!
//! ```text
//! u64 offset of the first page | dictionary page | data pages …
//! page: u32 bytes with header | u32 CRC-32C of them
//! ```
//!
//! A chunk without dictionary has zeros for it. Pages of a column follow one
//! another without gaps. Data page `i` covers rows from `i * 4096` on.

use tracewell_parquet::{EncodedChunk, PAGE_ROWS};

use super::super::BlockError;
use super::Index;
use super::sections::Place;

const PAGE_RECORD_BYTES: u64 = 8;

/// A page, header included.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(in crate::block) struct Page {
    pub(in crate::block) offset: u64,
    pub(in crate::block) bytes: u32,
    pub(in crate::block) crc: u32,
}

/// The pages of one column of one row group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::block) struct ChunkPages {
    pub(in crate::block) dictionary: Option<Page>,
    pub(in crate::block) data: Vec<Page>,
}

/// Adds the record of a chunk that begins at `offset`.
pub(super) fn append(section: &mut Vec<u8>, offset: u64, chunk: &EncodedChunk) {
    section.extend_from_slice(&offset.to_le_bytes());
    if !chunk.has_dictionary {
        section.extend_from_slice(&[0; PAGE_RECORD_BYTES as usize]);
    }
    for page in &chunk.pages {
        section.extend_from_slice(&page.bytes.to_le_bytes());
        section.extend_from_slice(&page.crc.to_le_bytes());
    }
}

/// Bytes of the record of one column.
fn record_bytes(rows: usize) -> u64 {
    8 + PAGE_RECORD_BYTES * (1 + rows.div_ceil(PAGE_ROWS) as u64)
}

/// Columns that the directory at `place` speaks of.
pub(super) fn columns(place: Place, rows: usize) -> usize {
    (place.bytes / record_bytes(rows)) as usize
}

/// The pages of `column` in a row group of `rows` rows.
pub(super) fn chunk(
    index: &Index,
    place: Place,
    rows: usize,
    column: usize,
) -> Result<ChunkPages, BlockError> {
    let length = record_bytes(rows);
    let at = column as u64 * length;
    let record = index.section(place, at..at + length)?;
    let (offset, pages) = record
        .split_first_chunk::<8>()
        .ok_or_else(|| index.damaged("a page directory is too short"))?;
    let mut offset = u64::from_le_bytes(*offset);
    let mut pages = pages.chunks_exact(PAGE_RECORD_BYTES as usize).map(|page| {
        let number =
            |at: usize| u32::from_le_bytes([page[at], page[at + 1], page[at + 2], page[at + 3]]);
        let page = Page {
            offset,
            bytes: number(0),
            crc: number(4),
        };
        offset = offset.saturating_add(u64::from(page.bytes));
        page
    });
    let dictionary = pages.next().filter(|page| page.bytes > 0);
    let data: Vec<Page> = pages.collect();
    let end = data
        .last()
        .map_or(0, |page| page.offset + u64::from(page.bytes));
    if end > index.core.parquet_bytes {
        return Err(index.damaged("a page lies behind the end of the Parquet file"));
    }
    Ok(ChunkPages { dictionary, data })
}
