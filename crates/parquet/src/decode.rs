//! Pages of a column chunk to plain vectors.
//!
//! Only rows that are wanted are taken out: levels are read as bits, and of
//! the values those are unpacked that the bits point at. **Bytes may be
//! anything:** every count is checked against the bytes there are before
//! anything is allocated for it.

mod dictionary;
mod output;
mod rows;

use std::ops::Range;
use std::slice;

use zstd::zstd_safe::{DCtx, get_error_name};

use crate::column::{Column, DecodedCells};
use crate::error::DecodeError;
use crate::page_header::{PageHeader, PageKind};
pub use dictionary::Dictionary;
use output::Output;
use rows::Rows;

/// Working memory above this is given back after use.
const KEEP_BYTES: usize = 8 << 20;

/// A zstd block takes four bytes at least and holds 128 KiB at most.
const ZSTD_BLOCK_BYTES: usize = 128 << 10;

/// Decodes pages. Holds the decompressor and working memory: keep one per
/// thread.
pub struct ChunkDecoder {
    bodies: Bodies,
    /// The decompressed page.
    body: Vec<u8>,
    dictionary: Vec<u8>,
    scratch: Scratch,
}

/// Memory to work in while a page is decoded.
#[derive(Default)]
struct Scratch {
    /// Bit `i` says that row `i` of the page has a value.
    present: Vec<u64>,
    /// Wanted rows of the page.
    rows: Vec<Range<usize>>,
    /// Wanted values of the page.
    values: Vec<Range<usize>>,
    /// Indices into the dictionary.
    codes: Vec<u32>,
}

impl std::fmt::Debug for ChunkDecoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChunkDecoder").finish_non_exhaustive()
    }
}

impl Default for ChunkDecoder {
    fn default() -> Self {
        Self::new()
    }
}

impl ChunkDecoder {
    /// A decoder with a decompressor of its own (about 150 KiB).
    #[must_use]
    pub fn new() -> Self {
        Self {
            bodies: Bodies {
                zstd: DCtx::create(),
            },
            body: Vec::new(),
            dictionary: Vec::new(),
            scratch: Scratch::default(),
        }
    }

    /// Decodes the rows `ranges` (ascending, apart from one another; `None` =
    /// all) of `pages`: data pages in order, headers included, whose rows are
    /// counted one after another. Pages without a wanted row are not
    /// decompressed. `dictionary` is the dictionary page, if the chunk has one.
    ///
    /// # Errors
    /// The bytes are not such pages, or the ranges do not fit their rows.
    pub fn decode(
        &mut self,
        column: &Column,
        dictionary: Option<&[u8]>,
        pages: &[&[u8]],
        ranges: Option<&[Range<usize>]>,
    ) -> Result<DecodedCells, DecodeError> {
        let decoded = self.decode_pages(column, dictionary, pages, ranges);
        self.body.clear();
        self.body.shrink_to(KEEP_BYTES);
        self.dictionary.clear();
        self.dictionary.shrink_to(KEEP_BYTES);
        decoded
    }

    fn decode_pages(
        &mut self,
        column: &Column,
        dictionary: Option<&[u8]>,
        pages: &[&[u8]],
        ranges: Option<&[Range<usize>]>,
    ) -> Result<DecodedCells, DecodeError> {
        let in_page = |index: usize| {
            move |error: DecodeError| error.within(&column.name, format_args!("page {index}"))
        };
        let mut headers = Vec::with_capacity(pages.len());
        let mut total = 0;
        for (index, page) in pages.iter().enumerate() {
            let (header, rows) = data_header(page).map_err(in_page(index))?;
            headers.push((header, total..total + rows));
            total += rows;
        }
        check_ranges(ranges, total)?;
        let all = 0..total;
        let wanted = ranges.unwrap_or(slice::from_ref(&all));

        let Self {
            bodies,
            body: buffer,
            dictionary: dictionary_buffer,
            scratch,
        } = self;
        let mut output = Output::new(column.physical);
        let is_whole = ranges.is_none();
        let mut dictionary = dictionary.map(|page| (page, dictionary_buffer));
        let mut entries: &[u8] = &[];
        let mut rows = Rows::default();
        let mut first_range = 0;
        for (index, (header, page_rows)) in headers.iter().enumerate() {
            first_range += rows_of_page(&wanted[first_range..], page_rows, &mut scratch.rows);
            if scratch.rows.is_empty() {
                continue;
            }
            let body = bodies.open(column, header, pages[index], buffer);
            let body = body.map_err(in_page(index))?;
            let values = rows.page(column, body, page_rows.len(), scratch);
            let values = values.map_err(in_page(index))?;
            // Of the columns of a trace many have no value in its rows, and a
            // dictionary costs more than their page.
            if (is_whole || !scratch.values.is_empty())
                && let Some((page, buffer)) = dictionary.take()
            {
                let in_dictionary =
                    |error: DecodeError| error.within(&column.name, "dictionary page");
                let (header, count) = dictionary_header(page).map_err(in_dictionary)?;
                let opened = bodies.open(column, &header, page, buffer);
                entries = opened.map_err(in_dictionary)?;
                let taken = output.dictionary(entries, count, is_whole);
                taken.map_err(in_dictionary)?;
            }
            let taken = output.page(header, body, values, entries, scratch);
            taken.map_err(in_page(index))?;
        }
        let values = output.finish(column.is_text);
        let values = values.map_err(|error| error.within(&column.name, "values"))?;
        let (rows, present) = rows.finish();
        Ok(DecodedCells {
            rows,
            present,
            values,
        })
    }

    /// Decodes a dictionary page alone: to ask whether a value is in the chunk
    /// at all.
    ///
    /// # Errors
    /// The bytes are not a dictionary page of this column.
    pub fn dictionary(&mut self, column: &Column, page: &[u8]) -> Result<Dictionary, DecodeError> {
        let decoded = dictionary_header(page).and_then(|(header, entries)| {
            let body = self
                .bodies
                .open(column, &header, page, &mut self.dictionary)?;
            Dictionary::read(column, body, entries)
        });
        self.dictionary.clear();
        self.dictionary.shrink_to(KEEP_BYTES);
        decoded.map_err(|error| error.within(&column.name, "dictionary page"))
    }
}

/// Opens bodies of pages.
struct Bodies {
    zstd: DCtx<'static>,
}

impl Bodies {
    /// The body of `page`, decompressed into `buffer` if need be.
    fn open<'b>(
        &mut self,
        column: &Column,
        header: &PageHeader,
        page: &'b [u8],
        buffer: &'b mut Vec<u8>,
    ) -> Result<&'b [u8], DecodeError> {
        let damaged = |reason| DecodeError::damaged("page body", header.bytes, reason);
        let stored = &page[header.bytes..];
        if stored.len() != header.stored {
            return Err(damaged("has another size than its header says"));
        }
        if !column.compress {
            return if header.uncompressed == stored.len() {
                Ok(stored)
            } else {
                Err(damaged("is not compressed, but its header has two sizes"))
            };
        }
        if header.uncompressed > (stored.len() / 4 + 1) * ZSTD_BLOCK_BYTES {
            return Err(damaged("cannot be as large as its header says"));
        }
        buffer.clear();
        if header.uncompressed == 0 && stored.is_empty() {
            return Ok(buffer);
        }
        buffer.reserve(header.uncompressed);
        match self.zstd.decompress(buffer, stored) {
            Ok(len) if len == header.uncompressed => Ok(buffer),
            Ok(_) => Err(damaged("decompresses to another size than its header says")),
            Err(code) => Err(damaged(get_error_name(code))),
        }
    }
}

fn data_header(page: &[u8]) -> Result<(PageHeader, usize), DecodeError> {
    let header = PageHeader::read(page)?;
    match header.kind {
        PageKind::Data { rows, .. } => Ok((header, rows)),
        _ => Err(DecodeError::damaged("page header", 0, "not a data page")),
    }
}

fn dictionary_header(page: &[u8]) -> Result<(PageHeader, usize), DecodeError> {
    let header = PageHeader::read(page)?;
    match header.kind {
        PageKind::Dictionary { entries, .. } => Ok((header, entries)),
        _ => Err(DecodeError::damaged(
            "page header",
            0,
            "not a dictionary page",
        )),
    }
}

fn check_ranges(ranges: Option<&[Range<usize>]>, rows: usize) -> Result<(), DecodeError> {
    let mut end = 0;
    for range in ranges.unwrap_or_default() {
        if range.start < end || range.end < range.start || range.end > rows {
            return Err(DecodeError::Ranges {
                rows,
                start: range.start,
                end: range.end,
            });
        }
        end = range.end;
    }
    Ok(())
}

/// Puts what of `wanted` lies in `page` into `rows`, counted from its first
/// row, and says how many ranges end there.
fn rows_of_page(
    wanted: &[Range<usize>],
    page: &Range<usize>,
    rows: &mut Vec<Range<usize>>,
) -> usize {
    rows.clear();
    let mut done = 0;
    for range in wanted.iter().take_while(|range| range.start < page.end) {
        let here = range.start.max(page.start)..range.end.min(page.end);
        if !here.is_empty() {
            rows.push(here.start - page.start..here.end - page.start);
        }
        done += usize::from(range.end <= page.end);
    }
    done
}
