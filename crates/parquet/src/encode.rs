//! Cells to the pages of a column chunk.
//!
//! What is distinct is counted first, over the whole chunk; then one encoding
//! is chosen for all its pages; then pages are written in one pass. Nulls are
//! never looked at: present rows become bits of levels straight away.

mod choose;
mod compress;
mod distinct;
mod pages;
mod statistics;

use crate::chunk::EncodedChunk;
use crate::column::{Cells, Column, PhysicalType, Values};
use crate::error::EncodeError;
use compress::Compressor;
use distinct::Distinct;
use pages::PageWriter;

/// Working memory above this is given back after use.
const KEEP_BYTES: usize = 8 << 20;

/// Encodes column chunks. Holds the compressor and working memory: keep one
/// for all columns.
pub struct ChunkEncoder {
    compressor: Compressor,
    distinct: Distinct,
    /// The page being made.
    body: Vec<u8>,
    lengths: Vec<i32>,
}

impl std::fmt::Debug for ChunkEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChunkEncoder").finish_non_exhaustive()
    }
}

impl Default for ChunkEncoder {
    fn default() -> Self {
        Self::new()
    }
}

impl ChunkEncoder {
    /// An encoder with a compressor of its own (about 1 MiB).
    #[must_use]
    pub fn new() -> Self {
        Self {
            compressor: Compressor::new(),
            distinct: Distinct::default(),
            body: Vec::new(),
            lengths: Vec::new(),
        }
    }

    /// Encodes one column of one row group. Text must be UTF-8: that is the
    /// caller's promise.
    ///
    /// # Errors
    /// The cells contradict the column or themselves, or a page would exceed
    /// [`MAX_PAGE_BYTES`](crate::MAX_PAGE_BYTES).
    pub fn encode(
        &mut self,
        column: &Column,
        cells: &Cells<'_>,
    ) -> Result<EncodedChunk, EncodeError> {
        check(column, cells)?;
        let choice = choose::choose(column, &cells.values, &mut self.distinct);
        let bounds = statistics::bounds(column, &cells.values, &choice);
        let mut pages = PageWriter {
            column,
            compressor: &mut self.compressor,
            body: &mut self.body,
            lengths: &mut self.lengths,
            bytes: Vec::new(),
            pages: Vec::new(),
            uncompressed_bytes: 0,
        };
        if let Some(dictionary) = &choice.dictionary {
            pages.dictionary(&cells.values, dictionary)?;
        }
        pages.data(cells, &choice)?;
        let chunk = EncodedChunk {
            has_dictionary: choice.dictionary.is_some(),
            rows: cells.rows,
            nulls: cells.rows - cells.values.len(),
            uncompressed_bytes: pages.uncompressed_bytes,
            encoding: choice.encoding,
            compressed: column.compress,
            bounds,
            bytes: pages.bytes,
            pages: pages.pages,
        };
        self.body.clear();
        self.body.shrink_to(KEEP_BYTES);
        self.compressor.shrink(KEEP_BYTES);
        Ok(chunk)
    }
}

/// That the cells fit the column and one another, so that nothing after this
/// can go out of bounds.
fn check(column: &Column, cells: &Cells<'_>) -> Result<(), EncodeError> {
    let wrong = |reason| EncodeError::Cells {
        column: column.name.clone(),
        reason,
    };
    let fits = matches!(
        (column.physical, &cells.values),
        (PhysicalType::Boolean, Values::Bool(_))
            | (PhysicalType::Int32, Values::I32(_))
            | (PhysicalType::Int64, Values::I64(_))
            | (PhysicalType::Double, Values::F64(_))
            | (PhysicalType::Fixed16, Values::Fixed16(_))
            | (PhysicalType::Fixed8, Values::Fixed8(_))
            | (
                PhysicalType::ByteArray,
                Values::Coded { .. } | Values::Bytes { .. }
            )
    );
    if !fits {
        return Err(EncodeError::Type {
            column: column.name.clone(),
            expected: column.physical.name(),
        });
    }
    if i32::try_from(cells.rows).is_err() {
        return Err(wrong("a row group has at most 2^31 - 1 rows"));
    }
    let present = cells.present.map_or(cells.rows, <[u32]>::len);
    if present != cells.values.len() {
        return Err(wrong("there must be one value per present row"));
    }
    if let Some(present) = cells.present {
        if !present.is_sorted_by(|a, b| a < b) {
            return Err(wrong("present rows must ascend"));
        }
        if present
            .last()
            .is_some_and(|last| *last as usize >= cells.rows)
        {
            return Err(wrong("a present row is beyond the rows"));
        }
        if !column.nullable && present.len() < cells.rows {
            return Err(wrong("has nulls but is not nullable"));
        }
    }
    let (Values::Coded { ends, bytes, .. } | Values::Bytes { ends, bytes }) = &cells.values else {
        return Ok(());
    };
    if !ends.is_sorted() || ends.last().is_some_and(|end| *end as usize > bytes.len()) {
        return Err(wrong("ends must ascend within the bytes"));
    }
    match &cells.values {
        Values::Coded { codes, .. } if codes.iter().any(|code| *code as usize >= ends.len()) => {
            Err(wrong("a code is beyond the dictionary"))
        }
        _ => Ok(()),
    }
}

/// The byte array at `index`.
fn entry<'a>(ends: &[u32], bytes: &'a [u8], index: usize) -> &'a [u8] {
    let start = index.checked_sub(1).map_or(0, |before| ends[before]);
    &bytes[start as usize..ends[index] as usize]
}
