//! Whole traces out of a block: the index names the page where a trace begins,
//! and from there it is one run of rows.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::AtomicBool;

use tracewell_model::store::{ScanColumns, ScanReport};
use tracewell_model::{RowSet, TraceId};
use tracewell_parquet::{DecodedValues, PAGE_ROWS};

use super::read::{Reader, check};
use super::schema::Fixed;
use super::{Block, BlockError, prune};
use crate::gather::Gathering;

/// Rows of a row group that belong to the trace at a place of those wanted.
type Run = (usize, Range<usize>);

/// Rows that are decoded at a time.
const PIECE_ROWS: usize = 4 * PAGE_ROWS;

/// The runs in pieces of about [`PIECE_ROWS`], cut where pages end, so that no
/// page is decoded for two pieces of one run.
fn pieces(runs: &[Run]) -> Vec<Vec<Run>> {
    let mut pieces: Vec<Vec<Run>> = Vec::new();
    let mut room = 0;
    for (place, run) in runs {
        let mut start = run.start;
        while start < run.end {
            let end = run.end.min((start / PIECE_ROWS + 1) * PIECE_ROWS);
            if room < end - start {
                pieces.push(Vec::new());
                room = PIECE_ROWS;
            }
            room -= end - start;
            if let Some(piece) = pieces.last_mut() {
                piece.push((*place, start..end));
            }
            start = end;
        }
    }
    pieces
}

impl Block {
    /// Adds the spans of the wanted traces that are here, each trace ordered by
    /// start and span id. Exact duplicates are kept. With `columns` the batches
    /// may be partial. What was done is added to `report`. A piece at a time is
    /// decoded, so that a trace needs its own memory once and little more.
    ///
    /// # Errors
    /// The disk fails, the files are damaged, `cancelled` was set, or
    /// `gathered` takes no more.
    pub(crate) fn gather_traces(
        &self,
        gathered: &mut Gathering<'_>,
        columns: Option<&ScanColumns>,
        cancelled: &AtomicBool,
        report: &mut ScanReport,
    ) -> Result<(), BlockError> {
        let reader = Reader::new(self);
        let mut runs: BTreeMap<usize, Vec<Run>> = BTreeMap::new();
        for (place, id) in gathered.ids().iter().enumerate() {
            check(cancelled)?;
            for (group, run) in self.runs_of(&reader, *id)? {
                runs.entry(group).or_default().push((place, run));
            }
        }
        let rows = runs.values().flatten().map(|(_, rows)| rows.len()).sum();
        gathered.expect(rows).map_err(BlockError::NotTaken)?;
        let columns: Vec<usize> = match columns {
            Some(columns) => prune::visitor_columns(columns, &self.index)
                .into_iter()
                .collect(),
            None => self.span_columns(),
        };
        for (group, mut runs) in runs {
            runs.sort_unstable_by_key(|(place, rows)| (rows.start, *place));
            runs.dedup_by_key(|(_, rows)| rows.start);
            for runs in pieces(&runs) {
                check(cancelled)?;
                let ranges: Vec<Range<usize>> = runs.iter().map(|(_, rows)| rows.clone()).collect();
                let spans = ranges.iter().map(ExactSizeIterator::len).sum();
                let held = gathered.hold(spans).map_err(BlockError::NotTaken)?;
                let batch = reader.batch(group, &columns, Some(&ranges))?;
                let mut first = 0;
                for (place, run) in runs {
                    let part = first..first + run.len();
                    first = part.end;
                    let rows = RowSet::from_fn(batch.len(), |row| part.contains(&row));
                    let added = gathered.add(place, &batch, &rows);
                    added.map_err(BlockError::NotTaken)?;
                    report.searched_spans += run.len() as u64;
                }
                drop(batch);
                gathered.release(held);
            }
        }
        report.searched_bytes += reader.read_bytes();
        report.searched_blocks += u64::from(reader.read_bytes() > 0);
        Ok(())
    }

    /// Where the rows of a trace are, by row group.
    fn runs_of(
        &self,
        reader: &Reader<'_>,
        id: TraceId,
    ) -> Result<Vec<(usize, Range<usize>)>, BlockError> {
        for (mut group, mut page) in self.index.pages_of(id)? {
            let mut runs: Vec<(usize, Range<usize>)> = Vec::new();
            while let Some(rows) = self.page_rows(group, page) {
                let ids = self.ids(reader, group, rows.clone())?;
                let first = ids.iter().position(|other| *other == id.0);
                // On later pages the trace goes on at once or not at all.
                let Some(first) = first.filter(|first| runs.is_empty() || *first == 0) else {
                    break;
                };
                let count = ids[first..].iter().take_while(|o| **o == id.0).count();
                let run = rows.start + first..rows.start + first + count;
                match runs.last_mut() {
                    Some((of, last)) if *of == group && last.end == run.start => last.end = run.end,
                    _ => runs.push((group, run)),
                }
                if first + count < ids.len() {
                    break;
                }
                page += 1;
                if self.page_rows(group, page).is_none() {
                    (group, page) = (group + 1, 0);
                }
            }
            if !runs.is_empty() {
                return Ok(runs);
            }
        }
        Ok(Vec::new())
    }

    /// Rows of a page within its row group.
    fn page_rows(&self, group: usize, page: usize) -> Option<Range<usize>> {
        let rows = self.index.core.row_groups.get(group)?.rows;
        let start = page * PAGE_ROWS;
        (start < rows).then(|| start..rows.min(start + PAGE_ROWS))
    }

    fn ids(
        &self,
        reader: &Reader<'_>,
        group: usize,
        rows: Range<usize>,
    ) -> Result<Vec<[u8; 16]>, BlockError> {
        let column = Fixed::TraceId.column();
        let cells = reader.cells(group, column, Some(std::slice::from_ref(&rows)))?;
        match cells.values {
            DecodedValues::Fixed16(ids) if ids.len() == rows.len() => Ok(ids),
            _ => Err(BlockError::damaged(&self.path, "a row has no trace id")),
        }
    }
}
