//! Single spans of a trace out of a block, however large the trace is.
//!
//! The rows of a trace ascend by start, so the spans of one moment are found by
//! halving: a few pages of starts are read, and then the pages in which the
//! wanted rows lie. **The trace is never read as a whole.** Where one of these
//! pages cannot be read, its rows are left out, and no others, and counted.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::atomic::AtomicBool;

use tracewell_model::batch::identity::Outline;
use tracewell_model::store::ScanReport;
use tracewell_model::{RowSet, TraceId};
use tracewell_parquet::PAGE_ROWS;

use super::faults::LeftOut;
use super::read::{Reader, by_page, check};
use super::schema::Fixed;
use super::{Block, BlockError};
use crate::gather::Gathering;

/// What an outline is made of.
const OUTLINE: [Fixed; 4] = [
    Fixed::SpanId,
    Fixed::ParentSpanId,
    Fixed::StartNs,
    Fixed::DurationNs,
];

impl Block {
    /// Adds those spans of the only trace of `gathered` that have one of these
    /// outlines. What was done is added to `report`.
    ///
    /// # Errors
    /// `cancelled` was set, or `gathered` takes no more.
    pub(crate) fn gather_spans(
        &self,
        trace: TraceId,
        wanted: &HashSet<Outline>,
        gathered: &mut Gathering<'_>,
        cancelled: &AtomicBool,
        report: &mut ScanReport,
    ) -> Result<(), BlockError> {
        let found = self.find_traces(&[trace], cancelled, report)?;
        let runs: Vec<(usize, Range<usize>)> = found.by_group().collect();
        if runs.is_empty() {
            return Ok(());
        }
        let mut read = SpanRead {
            block: self,
            reader: Reader::new(self),
            wanted,
            left_out: found.left_out,
            report,
        };
        for (group, run) in runs {
            check(cancelled)?;
            if let Err(error) = read.add(group, run.clone(), gathered) {
                self.do_without(error)?;
                read.add_by_page(group, run, gathered, cancelled)?;
            }
        }
        self.was_read(&read.left_out);
        let read_bytes = read.reader.read_bytes();
        report.searched_bytes += read_bytes;
        Ok(())
    }
}

/// One read of spans.
struct SpanRead<'a> {
    block: &'a Block,
    reader: Reader<'a>,
    wanted: &'a HashSet<Outline>,
    left_out: LeftOut,
    report: &'a mut ScanReport,
}

impl SpanRead<'_> {
    /// Adds the wanted spans of a run of rows: all, or none where the reason is
    /// damage.
    fn add(
        &mut self,
        group: usize,
        run: Range<usize>,
        gathered: &mut Gathering<'_>,
    ) -> Result<(), BlockError> {
        let rows = self.rows_of_outlines(group, run)?;
        if rows.is_empty() {
            return Ok(());
        }
        let spans = rows.iter().map(ExactSizeIterator::len).sum();
        let held = gathered.hold(spans).map_err(BlockError::NotTaken)?;
        let columns = self.block.span_columns();
        let added = self.reader.batch(group, &columns, Some(&rows));
        let added = added.and_then(|batch| {
            let added = gathered.add(0, &batch, &RowSet::all(batch.len()));
            added.map_err(BlockError::NotTaken)
        });
        gathered.release(held);
        added?;
        self.report.searched_spans += spans as u64;
        Ok(())
    }

    /// The same page by page, without those that are damaged.
    fn add_by_page(
        &mut self,
        group: usize,
        run: Range<usize>,
        gathered: &mut Gathering<'_>,
        cancelled: &AtomicBool,
    ) -> Result<(), BlockError> {
        for rows in by_page(run) {
            check(cancelled)?;
            let place = (group, rows.len());
            if let Err(error) = self.add(group, rows, gathered) {
                self.block
                    .leave_out(error, place, &mut self.left_out, self.report)?;
            }
        }
        Ok(())
    }

    /// The rows of a run that have one of these outlines, ascending.
    fn rows_of_outlines(
        &self,
        group: usize,
        run: Range<usize>,
    ) -> Result<Vec<Range<usize>>, BlockError> {
        let (reader, wanted) = (&self.reader, self.wanted);
        let bounds = &self.block.index.core.row_groups[group];
        let mut moments: Vec<u64> = wanted.iter().map(|outline| outline.start_ns).collect();
        moments.retain(|ns| (bounds.min_start_ns..=bounds.max_start_ns).contains(ns));
        moments.sort_unstable();
        moments.dedup();
        let mut starts = Starts {
            reader,
            group,
            rows: bounds.rows,
            pages: HashMap::new(),
        };
        let mut candidates: Vec<Range<usize>> = Vec::new();
        for ns in moments {
            let first = starts.first(run.clone(), |start_ns| start_ns >= ns)?;
            let behind = starts.first(first..run.end, |start_ns| start_ns > ns)?;
            if first < behind {
                candidates.push(first..behind);
            }
        }
        if candidates.is_empty() {
            return Ok(candidates);
        }
        let mut columns = OUTLINE.map(Fixed::column);
        columns.sort_unstable();
        let batch = reader.batch(group, &columns, Some(&candidates))?;
        let rows = candidates.into_iter().flatten().enumerate();
        let rows = rows.filter(|(place, _)| wanted.contains(&batch.outline(*place)));
        Ok(rows.map(|(_, row)| row..row + 1).collect())
    }
}

/// The starts of a row group, read page by page.
struct Starts<'a> {
    reader: &'a Reader<'a>,
    group: usize,
    rows: usize,
    pages: HashMap<usize, Vec<u64>>,
}

impl Starts<'_> {
    /// The first row of these for which `is_past` holds, which it does for all
    /// that follow; the end if for none.
    fn first(
        &mut self,
        rows: Range<usize>,
        is_past: impl Fn(u64) -> bool,
    ) -> Result<usize, BlockError> {
        let (mut low, mut high) = (rows.start, rows.end);
        while low < high {
            let middle = low + (high - low) / 2;
            if is_past(self.at(middle)?) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Ok(low)
    }

    fn at(&mut self, row: usize) -> Result<u64, BlockError> {
        let (page, place) = (row / PAGE_ROWS, row % PAGE_ROWS);
        if let Some(starts) = self.pages.get(&page) {
            return Ok(starts[place]);
        }
        let rows = page * PAGE_ROWS..self.rows.min((page + 1) * PAGE_ROWS);
        let columns = [Fixed::StartNs.column()];
        let batch = self
            .reader
            .batch(self.group, &columns, Some(std::slice::from_ref(&rows)))?;
        let starts = batch.spans().start_ns.clone();
        let start_ns = starts[place];
        self.pages.insert(page, starts);
        Ok(start_ns)
    }
}
