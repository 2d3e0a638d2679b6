//! Which rows belong to traces that may have spans elsewhere: in another row group,
//! another block, or in memory.
//!
//! Two tables of traces that share a hash say that a trace may lie in both; the pages
//! that it begins in say where its rows are. **A hash that two traces share costs a
//! look and leaves out nothing**: rows are parted by the same hash.

use std::collections::HashSet;
use std::ops::Range;

use tracewell_model::{RowSet, TraceId};
use tracewell_parquet::PAGE_ROWS;

use super::index::traces;
pub(crate) use super::index::traces::TraceTable;
use super::read::{Reader, by_page};
use super::schema::Fixed;
use super::{Block, BlockError};

/// Hashes of traces.
pub(crate) type TraceHashes = HashSet<u32, foldhash::fast::RandomState>;

/// The hash of a trace in the tables of blocks.
pub(crate) fn trace_hash(id: TraceId) -> u32 {
    traces::hash(id)
}

/// One in so many traces of a block is parted, at most: with more of them it is not
/// worth the memory to tell them from others.
const MOST_PARTED: u64 = 4;

/// The parted rows of a block, by row group: a run for each trace.
#[derive(Debug, Default, Clone)]
pub(crate) struct PartedRows {
    groups: Vec<Vec<Range<u32>>>,
}

impl PartedRows {
    /// Those of a row group of so many rows.
    pub(super) fn of_group(&self, group: usize, rows: usize) -> RowSet {
        let mut parted = RowSet::none(rows);
        for run in self.groups.get(group).into_iter().flatten() {
            (run.start..run.end).for_each(|row| parted.insert(row as usize));
        }
        parted
    }

    /// Both.
    pub(crate) fn and(mut self, other: &Self) -> Self {
        let groups = self.groups.len().max(other.groups.len());
        self.groups.resize(groups, Vec::new());
        for (mine, theirs) in self.groups.iter_mut().zip(&other.groups) {
            mine.extend_from_slice(theirs);
        }
        self
    }
}

impl Block {
    /// The hashes of its traces, ascending, with the pages they begin in, counted over
    /// all row groups.
    ///
    /// # Errors
    /// The index file cannot be read.
    pub(crate) fn trace_table(&self) -> Result<TraceTable, BlockError> {
        self.index.trace_table()
    }

    /// The earliest and the latest start, ns.
    pub(crate) fn start_range_ns(&self) -> (u64, u64) {
        (self.index.core.min_start_ns, self.index.core.max_start_ns)
    }

    /// Does its index file say what parted rows are found by?
    pub(crate) fn tells_parted_rows(&self) -> bool {
        self.index.tells_neighbours()
    }

    /// The rows of traces that have one of these hashes, each with the page that it
    /// begins in, and of those that go on in another row group; `None` of too many.
    ///
    /// # Errors
    /// Trace ids cannot be read.
    pub(crate) fn parted_rows(
        &self,
        traces: &[(u32, u32)],
    ) -> Result<Option<PartedRows>, BlockError> {
        if traces.len() as u64 * MOST_PARTED > self.index.core.traces.max(1_000) {
            return Ok(None);
        }
        let reader = Reader::new(self);
        let mut hashes: TraceHashes = traces.iter().map(|(hash, _)| *hash).collect();
        let mut pages: HashSet<usize> = traces.iter().map(|(_, page)| *page as usize).collect();
        let groups = &self.index.core.row_groups;
        let mut first_page = vec![0; groups.len()];
        for (group, next) in groups.iter().enumerate().skip(1) {
            let before = groups[group - 1].rows;
            first_page[group] = first_page[group - 1] + before.div_ceil(PAGE_ROWS);
            if next.begins_within {
                let last = self.trace_ids(&reader, group - 1, before - 1..before)?[0];
                hashes.insert(trace_hash(last));
                let begins = self.index.pages_of(last)?.into_iter();
                pages.extend(begins.map(|(group, page)| first_page[group] + page));
            }
        }
        let mut parted = PartedRows::default();
        let mut goes_on = false;
        for (group, of_group) in groups.iter().enumerate() {
            let mut rows = Vec::new();
            for (page, of_page) in by_page(0..of_group.rows).enumerate() {
                if !goes_on && !pages.contains(&(first_page[group] + page)) {
                    continue;
                }
                let ids = self.trace_ids(&reader, group, of_page.clone())?;
                let mut row = of_page.start;
                for run in ids.chunk_by(|a, b| a == b) {
                    goes_on = hashes.contains(&trace_hash(run[0]));
                    let of_run = row as u32..(row + run.len()) as u32;
                    row = of_run.end as usize;
                    if goes_on {
                        rows.push(of_run);
                    }
                }
            }
            parted.groups.push(rows);
        }
        Ok(Some(parted))
    }

    fn trace_ids(
        &self,
        reader: &Reader<'_>,
        group: usize,
        rows: Range<usize>,
    ) -> Result<Vec<TraceId>, BlockError> {
        let batch = reader.batch(group, &[Fixed::TraceId.column()], Some(&[rows]))?;
        Ok(batch.spans().trace_id.clone())
    }
}
