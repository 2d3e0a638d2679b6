//! Reads columns of a block: pages from the file, checked, decoded, and put
//! together as a batch.

mod assemble;
mod cells;
mod pages;

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use tracewell_model::SpanBatch;
use tracewell_model::batch::columns::StrColumn;
use tracewell_model::store::{AttributeKey, ScanColumns};
use tracewell_model::tree::structure_columns;
use tracewell_parquet::{ChunkDecoder, Column, DecodedCells, DecodedValues, Dictionary, PAGE_ROWS};

use super::faults::twice;
use super::index::Index;
use super::prune;
use super::schema::{Fixed, attribute_column};
use super::{Block, BlockError};
use crate::files::File;
use pages::Wanted;

/// Reads columns of the row groups of one block, and counts the bytes.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    index: &'a Index,
    file: &'a dyn File,
    path: &'a Path,
    read_bytes: Cell<u64>,
}

thread_local! {
    /// Making a decompressor costs as much as a page does; the few threads that
    /// query keep theirs.
    static DECODER: RefCell<ChunkDecoder> = RefCell::new(ChunkDecoder::new());
}

impl<'a> Reader<'a> {
    pub(super) fn new(block: &'a Block) -> Self {
        Self {
            index: &block.index,
            file: &*block.parquet,
            path: &block.path,
            read_bytes: Cell::new(0),
        }
    }

    /// Bytes of pages read so far, as stored.
    pub(super) fn read_bytes(&self) -> u64 {
        self.read_bytes.get()
    }

    /// Counts bytes that were read of the index file.
    pub(super) fn count_bytes(&self, bytes: u64) {
        self.read_bytes.set(self.read_bytes.get() + bytes);
    }

    /// These columns (ascending) of these rows (ascending ranges within the
    /// row group; `None` for all), as a batch that is partial unless they are
    /// all columns.
    pub(super) fn batch(
        &self,
        group: usize,
        columns: &[usize],
        rows: Option<&[Range<usize>]>,
    ) -> Result<SpanBatch, BlockError> {
        let count = match rows {
            Some(ranges) => ranges.iter().map(ExactSizeIterator::len).sum(),
            None => self.index.core.row_groups[group].rows,
        };
        let mut read = Vec::with_capacity(columns.len());
        for column in columns {
            read.push((*column, self.cells(group, *column, rows)?));
        }
        let key_of = |column: usize| self.key_of(column);
        assemble::batch(read, count, key_of).map_err(|misfit| self.damaged(misfit.0))
    }

    /// One column of these rows of a row group.
    pub(super) fn cells(
        &self,
        group: usize,
        column: usize,
        rows: Option<&[Range<usize>]>,
    ) -> Result<DecodedCells, BlockError> {
        let definition = self.definition(column);
        let chunk = self.index.chunk(group, column)?;
        let wanted = Wanted::new(self.index.core.row_groups[group].rows, rows);
        let pages = twice(|| pages::read(self.file, self.path, &chunk, &wanted))?;
        self.read_bytes.set(self.read_bytes.get() + pages.bytes());
        let (data, ranges) = (pages.data(), wanted.ranges.as_deref());
        let decoded = DECODER.with_borrow_mut(|decoder| {
            decoder.decode(&definition, pages.dictionary(), &data, ranges)
        });
        decoded.map_err(|error| self.damaged(error))
    }

    /// A column of texts that no batch has.
    pub(super) fn text(&self, group: usize, column: Fixed) -> Result<StrColumn, BlockError> {
        let cells = self.cells(group, column.column(), None)?;
        cells::text(cells).map_err(|misfit| self.damaged(misfit.0))
    }

    /// A column of numbers that few rows have: these rows, ascending, and theirs.
    pub(super) fn numbers(
        &self,
        group: usize,
        column: Fixed,
    ) -> Result<(Vec<u32>, Vec<i64>), BlockError> {
        let cells = self.cells(group, column.column(), None)?;
        let rows = cells
            .present
            .unwrap_or_else(|| (0..cells.rows as u32).collect());
        match cells.values {
            DecodedValues::I64(values) if values.len() == rows.len() => Ok((rows, values)),
            _ => Err(self.damaged("a column of numbers holds something else")),
        }
    }

    /// The dictionary of a column of a row group, if all its values stand there.
    pub(super) fn dictionary(
        &self,
        group: usize,
        column: usize,
    ) -> Result<Option<Dictionary>, BlockError> {
        let chunk = self.index.chunk(group, column)?;
        let Some(page) = chunk.dictionary else {
            return Ok(None);
        };
        let bytes = twice(|| pages::read_page(self.file, self.path, page))?;
        self.read_bytes
            .set(self.read_bytes.get() + bytes.len() as u64);
        let definition = self.definition(column);
        let read = DECODER.with_borrow_mut(|decoder| decoder.dictionary(&definition, &bytes));
        read.map(Some).map_err(|error| self.damaged(error))
    }

    fn key_of(&self, column: usize) -> Option<&'a AttributeKey> {
        let place = self.index.column_keys.get(column - Fixed::ALL.len())?;
        Some(&self.index.core.keys[*place].key)
    }

    fn definition(&self, column: usize) -> Column {
        match Fixed::ALL.get(column) {
            Some(fixed) => fixed.definition(),
            None => self
                .key_of(column)
                .and_then(|key| attribute_column(&key.key, key.value_type))
                .expect("the index file was checked to name every column"),
        }
    }

    fn damaged(&self, reason: impl ToString) -> BlockError {
        BlockError::damaged(self.path, reason)
    }
}

/// Cells of columns (their places and what was decoded) as a batch; `key_of`
/// names the attribute of a column behind the fixed ones.
///
/// # Errors
/// They do not fit together: the file at `path` is damaged.
pub(super) fn batch_of<'k>(
    path: &Path,
    columns: Vec<(usize, DecodedCells)>,
    rows: usize,
    key_of: impl Fn(usize) -> Option<&'k AttributeKey>,
) -> Result<SpanBatch, BlockError> {
    let batch = assemble::batch(columns, rows, key_of);
    batch.map_err(|misfit| BlockError::damaged(path, misfit.0))
}

impl Block {
    /// Spans in each row group.
    pub(crate) fn group_rows(&self) -> impl ExactSizeIterator<Item = usize> {
        self.index.core.row_groups.iter().map(|group| group.rows)
    }

    /// Ids, starts, durations and what tells the parents of the spans of a row
    /// group, in the order of the block.
    ///
    /// # Errors
    /// The disk fails or the files are damaged.
    pub(crate) fn keys_of(&self, group: usize) -> Result<SpanBatch, BlockError> {
        let wanted = ScanColumns {
            // Of these only kinds.
            names: false,
            ..structure_columns()
        };
        let mut columns = prune::visitor_columns(&wanted, &self.index);
        columns.insert(Fixed::Kind.column());
        let columns: Vec<usize> = columns.into_iter().collect();
        Reader::new(self).batch(group, &columns, None)
    }

    /// Everything of these rows of a row group (ascending ranges).
    ///
    /// # Errors
    /// The disk fails or the files are damaged.
    pub(crate) fn rows(
        &self,
        group: usize,
        ranges: &[Range<usize>],
    ) -> Result<SpanBatch, BlockError> {
        Reader::new(self).batch(group, &self.span_columns(), Some(ranges))
    }

    /// Every column that is part of a span, derived ones left out.
    pub(super) fn span_columns(&self) -> Vec<usize> {
        let fixed = 0..Fixed::ParentRow.column();
        let attributes = self.index.column_keys.iter().enumerate();
        let attributes = attributes
            .filter(|(_, key)| self.index.core.keys[**key].count > 0)
            .map(|(place, _)| Fixed::ALL.len() + place);
        fixed.chain(attributes).collect()
    }
}

/// Rows of a row group, cut where pages end.
pub(super) fn by_page(rows: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let pages = rows.start / PAGE_ROWS..rows.end.div_ceil(PAGE_ROWS);
    pages.map(move |page| {
        let (start, end) = (page * PAGE_ROWS, (page + 1) * PAGE_ROWS);
        start.max(rows.start)..end.min(rows.end)
    })
}

/// An error when nobody wants the answer any more.
pub(super) fn check(cancelled: &AtomicBool) -> Result<(), BlockError> {
    if cancelled.load(Ordering::Relaxed) {
        return Err(BlockError::Cancelled);
    }
    Ok(())
}
