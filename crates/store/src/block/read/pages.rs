//! Pages of a column chunk, read from the file and checked: **no byte reaches
//! a decoder before its checksum was right.**

use std::ops::Range;
use std::path::Path;

use tracewell_parquet::PAGE_ROWS;

use crate::block::BlockError;
use crate::block::index::directory::{ChunkPages, Page};
use crate::files::{File, FileError, read_exact_at};

/// Which pages hold the rows that are wanted.
#[derive(Debug)]
pub(super) struct Wanted {
    /// Runs of pages, ascending.
    pages: Vec<Range<usize>>,
    /// The rows, counted over those pages; `None` for all of them.
    pub(super) ranges: Option<Vec<Range<usize>>>,
}

impl Wanted {
    /// Of a row group with so many rows.
    pub(super) fn new(group_rows: usize, rows: Option<&[Range<usize>]>) -> Self {
        let Some(rows) = rows else {
            let pages = std::iter::once(0..group_rows.div_ceil(PAGE_ROWS)).collect();
            return Self {
                pages,
                ranges: None,
            };
        };
        let mut wanted = Self {
            pages: Vec::new(),
            ranges: None,
        };
        let mut ranges = Vec::with_capacity(rows.len());
        let mut rows_before = 0;
        for range in rows.iter().filter(|range| !range.is_empty()) {
            let (first, end) = (range.start / PAGE_ROWS, (range.end - 1) / PAGE_ROWS + 1);
            match wanted.pages.last_mut() {
                Some(last) if first <= last.end => last.end = last.end.max(end),
                last => {
                    rows_before += last.map_or(0, |last| last.len() * PAGE_ROWS);
                    wanted.pages.push(first..end);
                }
            }
            let run_start = wanted.pages.last().map_or(0, |run| run.start);
            let skipped = run_start * PAGE_ROWS;
            ranges.push(range.start - skipped + rows_before..range.end - skipped + rows_before);
        }
        wanted.ranges = Some(ranges);
        wanted
    }
}

/// Pages as stored, one after another.
#[derive(Debug)]
pub(super) struct ReadPages {
    bytes: Vec<u8>,
    dictionary: Option<Range<usize>>,
    data: Vec<Range<usize>>,
}

impl ReadPages {
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    pub(super) fn dictionary(&self) -> Option<&[u8]> {
        self.dictionary.clone().map(|place| &self.bytes[place])
    }

    pub(super) fn data(&self) -> Vec<&[u8]> {
        let places = self.data.iter();
        places.map(|place| &self.bytes[place.clone()]).collect()
    }
}

/// Reads the dictionary page, if there is one, and the pages that are wanted;
/// neighbours together.
pub(super) fn read(
    file: &dyn File,
    path: &Path,
    chunk: &ChunkPages,
    wanted: &Wanted,
) -> Result<ReadPages, BlockError> {
    let mut pages: Vec<Page> = chunk.dictionary.into_iter().collect();
    for run in &wanted.pages {
        let run = chunk.data.get(run.clone()).ok_or_else(|| {
            BlockError::damaged(path, "a column has fewer pages than its row group")
        })?;
        pages.extend_from_slice(run);
    }
    let total: usize = pages.iter().map(|page| page.bytes as usize).sum();
    let mut bytes = vec![0; total];
    let mut places = Vec::with_capacity(pages.len());
    let mut filled = 0;
    for run in pages.chunk_by(|a, b| a.offset + u64::from(a.bytes) == b.offset) {
        let length: usize = run.iter().map(|page| page.bytes as usize).sum();
        let stored = &mut bytes[filled..filled + length];
        read_exact_at(file, stored, run[0].offset).map_err(FileError::on("read", path))?;
        for page in run {
            let place = filled..filled + page.bytes as usize;
            check(&bytes[place.clone()], *page, path)?;
            filled = place.end;
            places.push(place);
        }
    }
    let dictionary = chunk.dictionary.map(|_| places.remove(0));
    Ok(ReadPages {
        bytes,
        dictionary,
        data: places,
    })
}

/// Reads one page.
pub(super) fn read_page(file: &dyn File, path: &Path, page: Page) -> Result<Vec<u8>, BlockError> {
    let mut bytes = vec![0; page.bytes as usize];
    read_exact_at(file, &mut bytes, page.offset).map_err(FileError::on("read", path))?;
    check(&bytes, page, path)?;
    Ok(bytes)
}

fn check(bytes: &[u8], page: Page, path: &Path) -> Result<(), BlockError> {
    if crc32c::crc32c(bytes) == page.crc {
        return Ok(());
    }
    let reason = format!(
        "checksum of the page at byte {} does not match",
        page.offset
    );
    Err(BlockError::damaged(path, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wanted_rows_become_runs_of_pages() {
        let wanted = Wanted::new(
            20_000,
            Some(&[10..12, 4_000..4_100, 9_000..9_001, 19_999..20_000]),
        );
        // 10, 4000.. and 9000 lie in pages 0 to 2, the last row in page 4.
        assert_eq!(wanted.pages, [0..3, 4..5]);
        let expected = [10..12, 4_000..4_100, 9_000..9_001, 15_903..15_904];
        assert_eq!(wanted.ranges.unwrap(), expected);
        let all = Wanted::new(5_000, None);
        let both_pages = std::iter::once(0..2).collect();
        assert_eq!((all.pages, all.ranges), (both_pages, None));
        assert!(Wanted::new(5_000, Some(&[])).pages.is_empty());
    }
}
