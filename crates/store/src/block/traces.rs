//! Whole traces out of a block: the index names the page where a trace begins,
//! and from there it is one run of rows.
//!
//! Where the index cannot be read, the column of trace ids tells the same, and
//! nothing is lost but time. Where a page of a column cannot be read, **the
//! rows of that page are left out of the traces they belong to, and of no
//! other**, and counted.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::rc::Rc;
use std::sync::atomic::AtomicBool;

use tracewell_model::store::{ScanColumns, ScanReport};
use tracewell_model::{RowSet, TraceId};
use tracewell_parquet::{DecodedValues, PAGE_ROWS};

use super::faults::LeftOut;
use super::read::{Reader, by_page, check};
use super::schema::Fixed;
use super::{Block, BlockError, prune};
use crate::gather::Gathering;

/// Rows of a row group that belong to the trace at a place of those wanted.
type Run = (usize, Range<usize>);

/// The trace ids of a page.
type PageIds = Rc<[[u8; 16]]>;

/// Rows that are decoded at a time.
const PIECE_ROWS: usize = 2 * PAGE_ROWS;

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
    /// Where the spans of these traces are. Nothing but ids is read, so that
    /// the size of a trace is known before any of it is in memory.
    ///
    /// # Errors
    /// The disk fails, the files are damaged, or `cancelled` was set.
    pub(crate) fn find_traces(
        &self,
        ids: &[TraceId],
        cancelled: &AtomicBool,
        report: &mut ScanReport,
    ) -> Result<TraceRuns, BlockError> {
        let mut read = TraceRead {
            block: self,
            reader: Reader::new(self),
            cancelled,
            left_out: LeftOut::default(),
            last_page: None,
            report,
        };
        let by_group = read.runs(ids)?;
        let (read_bytes, left_out) = (read.reader.read_bytes(), read.left_out);
        if by_group.is_empty() {
            self.was_read(&left_out);
        }
        report.searched_bytes += read_bytes;
        report.searched_blocks += u64::from(read_bytes > 0);
        Ok(TraceRuns { by_group, left_out })
    }

    /// Adds the spans that [`Block::find_traces`] found, each trace ordered by
    /// start and span id. Exact duplicates are kept. With `columns` the batches
    /// may be partial. What was done is added to `report`. A piece at a time is
    /// decoded, so that a trace needs its own memory once and little more.
    ///
    /// # Errors
    /// The disk fails, the files are damaged, `cancelled` was set, or
    /// `gathered` takes no more.
    pub(crate) fn gather_traces(
        &self,
        found: TraceRuns,
        gathered: &mut Gathering<'_>,
        columns: Option<&ScanColumns>,
        cancelled: &AtomicBool,
        report: &mut ScanReport,
    ) -> Result<(), BlockError> {
        if found.by_group.is_empty() {
            return Ok(());
        }
        let mut read = TraceRead {
            block: self,
            reader: Reader::new(self),
            cancelled,
            left_out: found.left_out,
            last_page: None,
            report,
        };
        let columns: Vec<usize> = match columns {
            Some(columns) => prune::visitor_columns(columns, &self.index)
                .into_iter()
                .collect(),
            None => self.span_columns(),
        };
        for (group, mut runs) in found.by_group {
            runs.sort_unstable_by_key(|(place, rows)| (rows.start, *place));
            runs.dedup_by_key(|(_, rows)| rows.start);
            for piece in pieces(&runs) {
                check(cancelled)?;
                if let Err(error) = read.join(group, &piece, &columns, gathered) {
                    read.join_by_page(group, &piece, &columns, gathered, error)?;
                }
            }
        }
        let read_bytes = read.reader.read_bytes();
        self.was_read(&read.left_out);
        report.searched_bytes += read_bytes;
        Ok(())
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

/// One read of traces.
struct TraceRead<'a> {
    block: &'a Block,
    reader: Reader<'a>,
    cancelled: &'a AtomicBool,
    left_out: LeftOut,
    /// The trace ids of the page that was read last: many traces stand there.
    last_page: Option<(usize, Range<usize>, PageIds)>,
    report: &'a mut ScanReport,
}

type Runs = BTreeMap<usize, Vec<Run>>;

/// Where the spans of some traces are in a block.
#[derive(Debug)]
pub(crate) struct TraceRuns {
    by_group: Runs,
    pub(super) left_out: LeftOut,
}

impl TraceRuns {
    /// Row groups and rows of them, where only one trace was asked for.
    pub(super) fn by_group(&self) -> impl Iterator<Item = (usize, Range<usize>)> {
        let groups = self.by_group.iter();
        groups.flat_map(|(group, runs)| runs.iter().map(|(_, rows)| (*group, rows.clone())))
    }

    /// Spans there are.
    pub(crate) fn rows(&self) -> usize {
        let runs = self.by_group.values().flatten();
        runs.map(|(_, rows)| rows.len()).sum()
    }
}

impl TraceRead<'_> {
    /// Where the rows of these traces are, by row group.
    fn runs(&mut self, ids: &[TraceId]) -> Result<Runs, BlockError> {
        let mut runs = Runs::new();
        let (mut placed, mut unplaced) = (Vec::new(), HashMap::new());
        for (place, id) in ids.iter().enumerate() {
            check(self.cancelled)?;
            match self.block.index.pages_of(*id) {
                Ok(pages) => placed.push((pages, place)),
                Err(error) => {
                    self.block.do_without(error)?;
                    unplaced.insert(id.0, place);
                }
            }
        }
        // Those of one page one after another, so that it is read once.
        placed.sort_unstable();
        for (pages, place) in placed {
            for (group, run) in self.runs_from(ids[place], pages)? {
                runs.entry(group).or_default().push((place, run));
            }
        }
        if !unplaced.is_empty() {
            self.find_unplaced(&unplaced, &mut runs)?;
        }
        Ok(runs)
    }

    /// Looks through all trace ids for those that the index cannot place.
    fn find_unplaced(
        &mut self,
        ids: &HashMap<[u8; 16], usize>,
        runs: &mut Runs,
    ) -> Result<(), BlockError> {
        for group in 0..self.block.index.core.row_groups.len() {
            for page in 0.. {
                let Some(rows) = self.block.page_rows(group, page) else {
                    break;
                };
                let Some(of_page) = self.ids(group, rows.clone())? else {
                    continue;
                };
                let mut first = 0;
                for run in of_page.chunk_by(|a, b| a == b) {
                    if let Some(place) = ids.get(&run[0]) {
                        let of_trace = rows.start + first..rows.start + first + run.len();
                        let of_group = runs.entry(group).or_default();
                        of_group.push((*place, of_trace));
                    }
                    first += run.len();
                }
            }
        }
        Ok(())
    }

    /// The rows of a trace that begins in one of these pages.
    fn runs_from(
        &mut self,
        id: TraceId,
        pages: Vec<(usize, usize)>,
    ) -> Result<Vec<(usize, Range<usize>)>, BlockError> {
        for (mut group, mut page) in pages {
            let mut runs: Vec<(usize, Range<usize>)> = Vec::new();
            while let Some(rows) = self.block.page_rows(group, page) {
                let of_page = self.ids(group, rows.clone())?;
                if let Some(ids) = of_page {
                    let first = ids.iter().position(|other| *other == id.0);
                    // On later pages the trace goes on at once or not at all.
                    let Some(first) = first.filter(|first| runs.is_empty() || *first == 0) else {
                        break;
                    };
                    let count = ids[first..].iter().take_while(|o| **o == id.0).count();
                    let run = rows.start + first..rows.start + first + count;
                    match runs.last_mut() {
                        Some((of, last)) if *of == group && last.end == run.start => {
                            last.end = run.end;
                        }
                        _ => runs.push((group, run)),
                    }
                    if first + count < ids.len() {
                        break;
                    }
                }
                page += 1;
                if self.block.page_rows(group, page).is_none() {
                    (group, page) = (group + 1, 0);
                }
            }
            if !runs.is_empty() {
                return Ok(runs);
            }
        }
        Ok(Vec::new())
    }

    /// The trace ids of a page; `None` when they cannot be read, which is
    /// counted.
    fn ids(&mut self, group: usize, rows: Range<usize>) -> Result<Option<PageIds>, BlockError> {
        check(self.cancelled)?;
        if let Some((of, last, ids)) = &self.last_page
            && (*of, last) == (group, &rows)
        {
            return Ok(Some(Rc::clone(ids)));
        }
        let spans = rows.len();
        match self.block.ids(&self.reader, group, rows.clone()) {
            Ok(ids) => {
                let ids = PageIds::from(ids);
                self.last_page = Some((group, rows, Rc::clone(&ids)));
                Ok(Some(ids))
            }
            Err(error) => {
                let place = (group, spans);
                self.block
                    .leave_out(error, place, &mut self.left_out, self.report)?;
                Ok(None)
            }
        }
    }

    /// Adds the spans of these rows to their traces: all, or none where the
    /// reason is damage.
    fn join(
        &mut self,
        group: usize,
        runs: &[Run],
        columns: &[usize],
        gathered: &mut Gathering<'_>,
    ) -> Result<(), BlockError> {
        let ranges: Vec<Range<usize>> = runs.iter().map(|(_, rows)| rows.clone()).collect();
        let spans = ranges.iter().map(ExactSizeIterator::len).sum();
        let held = gathered.hold(spans).map_err(BlockError::NotTaken)?;
        let decoded = self.reader.batch(group, columns, Some(&ranges));
        let batch = match decoded {
            Ok(batch) => batch,
            Err(error) => {
                gathered.release(held);
                return Err(error);
            }
        };
        let mut first = 0;
        for (place, run) in runs {
            let part = first..first + run.len();
            first = part.end;
            let rows = RowSet::from_range(batch.len(), part);
            let added = gathered.add(*place, &batch, &rows);
            added.map_err(BlockError::NotTaken)?;
            self.report.searched_spans += run.len() as u64;
        }
        drop(batch);
        gathered.release(held);
        Ok(())
    }

    /// The same page by page, because of `error`, without those that are
    /// damaged.
    fn join_by_page(
        &mut self,
        group: usize,
        runs: &[Run],
        columns: &[usize],
        gathered: &mut Gathering<'_>,
        error: BlockError,
    ) -> Result<(), BlockError> {
        self.block.do_without(error)?;
        for (place, rows) in runs {
            for rows in by_page(rows.clone()) {
                check(self.cancelled)?;
                let spans = rows.len();
                if let Err(error) = self.join(group, &[(*place, rows)], columns, gathered) {
                    let place = (group, spans);
                    self.block
                        .leave_out(error, place, &mut self.left_out, self.report)?;
                }
            }
        }
        Ok(())
    }
}
