//! The blocks that are merged, as one long list of rows.
//!
//! Row numbers run through all row groups of all inputs. Rows are read whole,
//! as many at once as the caller asks for, and never twice without need.

use std::ops::Range;
use std::sync::Arc;

use tracewell_model::SpanBatch;
use tracewell_model::batch::concat::BatchJoiner;
use tracewell_parquet::PAGE_ROWS;

use super::MergeError;
use crate::block::Block;
use crate::block::schema::ROW_GROUP_ROWS;

/// A row is in a batch of its block, in the batch of the row group, and a column
/// at a time in what is being encoded.
const COPIES: u64 = 3;

/// A row group of an input.
#[derive(Debug)]
pub(super) struct Part<'a> {
    pub(super) block: &'a Block,
    pub(super) group: usize,
    /// Number of its first row.
    pub(super) first: u32,
    pub(super) rows: u32,
}

/// All row groups of all inputs.
#[derive(Debug)]
pub(super) struct Inputs<'a> {
    pub(super) parts: Vec<Part<'a>>,
    spans: usize,
    bytes: u64,
    memory_bytes: u64,
    /// Bytes of memory of a span, by looking at some.
    span_bytes: u64,
}

impl<'a> Inputs<'a> {
    /// `memory_bytes`: what the rows may take that are in memory at once, about.
    pub(super) fn new(blocks: &'a [Arc<Block>], memory_bytes: u64) -> Result<Self, MergeError> {
        let mut inputs = Self {
            parts: Vec::new(),
            spans: 0,
            bytes: 0,
            memory_bytes,
            span_bytes: 1,
        };
        for block in blocks {
            inputs.bytes += block.meta().bytes;
            for (group, rows) in block.group_rows().enumerate() {
                let first = u32::try_from(inputs.spans);
                inputs.spans += rows;
                let fits = u32::try_from(inputs.spans).is_ok();
                let (Ok(first), Ok(rows), true) = (first, u32::try_from(rows), fits) else {
                    let reason = format!("they have over {} spans", u32::MAX);
                    return Err(MergeError::TooLarge(reason));
                };
                inputs.parts.push(Part {
                    block,
                    group,
                    first,
                    rows,
                });
            }
        }
        for part in [inputs.parts.first(), inputs.parts.last()] {
            let part_bytes = part.map_or(Ok(1), Part::span_bytes)?;
            inputs.span_bytes = inputs.span_bytes.max(part_bytes);
        }
        Ok(inputs)
    }

    /// Spans of all inputs.
    pub(super) fn spans(&self) -> usize {
        self.spans
    }

    /// Bytes on disk of so many spans, about.
    pub(super) fn stored_bytes(&self, spans: usize) -> u64 {
        let all = self.bytes as u128 * spans as u128;
        u64::try_from(all / (self.spans as u128).max(1)).unwrap_or(u64::MAX)
    }

    /// Rows of which a few copies fit the memory that a merge may have.
    pub(super) fn rows_at_once(&self) -> usize {
        let rows = self.memory_bytes / COPIES / self.span_bytes;
        let pages = (rows as usize / PAGE_ROWS).max(1);
        (pages * PAGE_ROWS).min(ROW_GROUP_ROWS)
    }

    /// Reads these rows, in any order, each once. Answers a batch with exactly
    /// these spans, and for each wanted row its place in the batch.
    pub(super) fn read(&self, wanted: &[u32]) -> Result<(SpanBatch, Vec<u32>), MergeError> {
        let mut sorted: Vec<(u32, u32)> = wanted.iter().copied().zip(0..).collect();
        sorted.sort_unstable();
        let mut places = vec![0; wanted.len()];
        for (place, (_, index)) in (0u32..).zip(&sorted) {
            places[*index as usize] = place;
        }
        let mut read: Vec<SpanBatch> = Vec::new();
        let mut rest = &sorted[..];
        while let Some((row, _)) = rest.first() {
            let part = self.part_of(*row);
            let end = part.first + part.rows;
            let (here, later) = rest.split_at(rest.partition_point(|(row, _)| *row < end));
            rest = later;
            let rows = here.iter().map(|(row, _)| (row - part.first) as usize);
            read.push(part.read(&ranges(rows))?);
        }
        if let [_] = read.as_slice()
            && let Some(only) = read.pop()
        {
            return Ok((only, places));
        }
        let mut joiner = BatchJoiner::new();
        for batch in read {
            joiner.append(&batch)?;
        }
        Ok((joiner.finish(), places))
    }

    fn part_of(&self, row: u32) -> &Part<'a> {
        let after = self.parts.partition_point(|part| part.first <= row);
        &self.parts[after - 1]
    }
}

impl Part<'_> {
    /// Bytes of memory of a span of the first page. What is stored tells
    /// little: some spans compress to a tenth, others not at all.
    fn span_bytes(&self) -> Result<u64, MergeError> {
        let rows = PAGE_ROWS.min(self.rows as usize);
        let batch = self.read(std::slice::from_ref(&(0..rows)))?;
        Ok(batch.memory_bytes() as u64 / rows.max(1) as u64)
    }

    fn read(&self, ranges: &[Range<usize>]) -> Result<SpanBatch, MergeError> {
        let read = self.block.rows(self.group, ranges);
        read.map_err(|source| self.unreadable(source))
    }

    pub(super) fn unreadable(&self, source: crate::block::BlockError) -> MergeError {
        MergeError::Input {
            name: self.block.meta().name.clone(),
            source,
        }
    }
}

/// Ascending rows as ranges.
fn ranges(rows: impl Iterator<Item = usize>) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for row in rows {
        match ranges.last_mut() {
            Some(range) if range.end == row => range.end += 1,
            _ => ranges.push(row..row + 1),
        }
    }
    ranges
}
