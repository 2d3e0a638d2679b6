//! Whole traces out of a block: the index names the page where a trace begins,
//! and from there it is one run of rows.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::AtomicBool;

use tracewell_model::batch::concat::BatchJoiner;
use tracewell_model::store::{ScanColumns, ScanReport};
use tracewell_model::{RowSet, SpanBatch, TraceId};
use tracewell_parquet::{DecodedValues, PAGE_ROWS};

use super::read::{Reader, check};
use super::schema::Fixed;
use super::{Block, BlockError, prune};

/// Rows of a row group that belong to a trace.
type Run = (TraceId, Range<usize>);

impl Block {
    /// The spans of these traces that are here, each trace once, ordered by
    /// start and span id, in no order of traces. Exact duplicates are kept.
    /// With `columns` the batches may be partial. What was done is added to
    /// `report`.
    ///
    /// # Errors
    /// The disk fails, the files are damaged, or `cancelled` was set.
    pub fn traces(
        &self,
        ids: &[TraceId],
        columns: Option<&ScanColumns>,
        cancelled: &AtomicBool,
        report: &mut ScanReport,
    ) -> Result<Vec<(TraceId, SpanBatch)>, BlockError> {
        let reader = Reader::new(self);
        let mut runs: BTreeMap<usize, Vec<Run>> = BTreeMap::new();
        for id in ids {
            check(cancelled)?;
            for (group, run) in self.runs_of(&reader, *id)? {
                runs.entry(group).or_default().push((*id, run));
            }
        }
        let columns: Vec<usize> = match columns {
            Some(columns) => prune::visitor_columns(columns, &self.index)
                .into_iter()
                .collect(),
            None => self.span_columns(),
        };
        let mut found: BTreeMap<TraceId, BatchJoiner> = BTreeMap::new();
        for (group, mut runs) in runs {
            check(cancelled)?;
            runs.sort_unstable_by_key(|(_, rows)| rows.start);
            runs.dedup();
            let ranges: Vec<Range<usize>> = runs.iter().map(|(_, rows)| rows.clone()).collect();
            let batch = reader.batch(group, &columns, Some(&ranges))?;
            let mut first = 0;
            for (id, run) in runs {
                let place = first..first + run.len();
                first = place.end;
                let rows = RowSet::from_fn(batch.len(), |row| place.contains(&row));
                let joiner = found.entry(id).or_default();
                joiner
                    .append_rows(&batch, &rows)
                    .map_err(|error| BlockError::damaged(&self.path, error))?;
                report.searched_spans += run.len() as u64;
            }
        }
        report.searched_bytes += reader.read_bytes();
        report.searched_blocks += u64::from(reader.read_bytes() > 0);
        let found = found.into_iter();
        Ok(found.map(|(id, joiner)| (id, joiner.finish())).collect())
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
