//! Looks for spans in a block: index file first, then dictionaries, then the
//! columns of the filter, the cheap ones first and each only where the ones
//! before matched; last, and only for rows that match, what the visitor asked
//! for. A row group that cannot be read as a whole is read page by page: **only
//! rows of damaged pages are left out**, and counted.
//!
//! Row groups are scanned in any parts and order, as the starts in them ask
//! for: those of one block may lie a century apart.

mod apart;
mod in_traces;

use std::ops::{ControlFlow, Range};
use std::sync::{Arc, Mutex, PoisonError};

use tracewell_model::batch::concat::BatchJoiner;
use tracewell_model::store::{ScanReport, ScanRequest, Weight};
use tracewell_model::{RowSet, SpanBatch, SpanFilter, TimeRange};
use tracewell_parquet::PAGE_ROWS;

use super::faults::LeftOut;
use super::index::RowGroup;
use super::parted::PartedRows;
use super::read::{Reader, check};
use super::refine::{self, Refined};
use super::schema::Fixed;
use super::{Block, BlockError, prune};
use apart::Apart;

/// When fewer rows than one in so many are left, only their pages are read.
const SPARSE_ROWS: usize = 8;

/// What a scan found in a row group.
#[derive(Debug)]
pub struct ScanPart {
    /// The spans that match, with the columns that were asked for.
    pub batch: SpanBatch,
    /// Their rows in it: all.
    pub rows: RowSet,
    /// No later part of the same call holds a span that starts after this, ns;
    /// `None` when none follows.
    pub later_until_ns: Option<u64>,
    /// The spans of these and earlier parts that are parted, where these are told
    /// apart; they have ids.
    pub parted: Option<SpanBatch>,
    /// Traces of the rows that are not.
    pub whole_traces: u64,
    /// What the rows stand for, where they are sums.
    pub weights: Option<Vec<Weight>>,
}

/// A row group that a scan may look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupTime {
    /// Its place in the block.
    pub group: usize,
    /// Spans in it.
    pub spans: u64,
    /// The latest start in it, ns.
    pub latest_ns: u64,
}

/// One scan of a block: what its parts share, which several threads may do.
#[derive(Debug)]
pub struct BlockScan<'a> {
    block: &'a Block,
    request: &'a ScanRequest<'a>,
    /// Where parted rows are known.
    parted: Option<Arc<PartedRows>>,
    /// Are they shown apart, where that is asked for?
    is_apart: bool,
    shared: Mutex<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// The filter as it reads for the block, once somebody needed it; `None`
    /// in it when nothing can match.
    refined: Option<Arc<Option<Refined>>>,
    /// Whether a part left anything out.
    has_lost: bool,
}

impl<'a> BlockScan<'a> {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(block: &'a Block, request: &'a ScanRequest<'a>) -> Self {
        Self {
            block,
            request,
            parted: None,
            is_apart: false,
            shared: Mutex::default(),
        }
    }

    /// The same that knows these rows, and shows them apart (`is_apart`) where that is
    /// asked for.
    #[must_use]
    pub(crate) fn with_parted(self, parted: Option<Arc<PartedRows>>, is_apart: bool) -> Self {
        Self {
            parted,
            is_apart,
            ..self
        }
    }

    /// The block.
    #[must_use]
    pub fn block(&self) -> &'a Block {
        self.block
    }

    /// Row groups that the time range does not rule out, in the order of the
    /// file.
    pub fn groups(&self) -> impl Iterator<Item = GroupTime> + use<'a> {
        self.block.groups_in(self.request.range)
    }

    /// Shows the spans of these row groups that match to `visit`, as
    /// [`tracewell_model::TraceStore::scan`] says, one part a row group that
    /// was looked at, in the order of `groups`: those with the latest start
    /// first. What was done is added to `report`, which says how it stood at
    /// each part.
    ///
    /// # Errors
    /// The request was cancelled.
    pub fn scan(
        &self,
        groups: &[GroupTime],
        report: &mut ScanReport,
        visit: &mut dyn FnMut(ScanPart, &ScanReport) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, BlockError> {
        let Self { block, request, .. } = *self;
        check(request.cancelled)?;
        let refined = self.refined()?;
        let Some(refined) = &*refined else {
            return Ok(ControlFlow::Continue(()));
        };
        let mut wanted = Vec::new();
        for of in groups {
            let filter = refined.of_group(block, of.group, request.range)?;
            if !matches!(filter, SpanFilter::None) {
                wanted.push((of, filter));
            }
        }
        if wanted.is_empty() {
            return Ok(ControlFlow::Continue(()));
        }
        report.searched_blocks += 1;
        let reader = Reader::new(block);
        let parted = self.parted.as_deref();
        let of_apart = parted.filter(|_| self.is_apart && request.columns.parted_apart);
        let apart = of_apart.map(|parted| Apart::new(self, parted));
        let visitor_columns = prune::visitor_columns(&request.columns, &block.index);
        let visitor_columns: Vec<usize> = visitor_columns.into_iter().collect();
        let (bytes_before, mut wanted) = (report.searched_bytes, wanted.into_iter().peekable());
        let mut left_out = LeftOut::default();
        let found = loop {
            let Some((&GroupTime { group, spans, .. }, filter)) = wanted.next() else {
                break ControlFlow::Continue(());
            };
            check(request.cancelled)?;
            let next = wanted.peek();
            let later_until_ns = next.map(|(next, _)| next.latest_ns);
            let mut look = Look {
                reader: &reader,
                group,
                filter: &filter,
                columns: &visitor_columns,
                request,
            };
            let in_traces = match (request.traces, parted) {
                (Some(traces), Some(parted)) => {
                    block.rows_of_traces(&reader, group, traces, parted)?
                }
                _ => None,
            };
            let told = match &apart {
                Some(apart) if in_traces.is_none() => apart.part(&look)?,
                _ => None,
            };
            let mut is_searched = true;
            let part = if let Some(part) = told {
                part
            } else {
                let filter = refine::by_dictionaries(&reader, block, group, &filter)?;
                look.filter = &filter;
                let all = in_traces.unwrap_or_else(|| RowSet::all(spans as usize));
                let batch = match block.look(&look, all) {
                    Err(error) => block.look_at_pages(&look, error, &mut left_out, report)?,
                    whole => whole?,
                };
                is_searched = !matches!(filter, SpanFilter::None);
                ScanPart::of_spans(batch, later_until_ns)
            };
            if is_searched {
                report.searched_spans += spans;
            }
            report.searched_bytes = bytes_before + reader.read_bytes();
            if visit(part, report).is_break() {
                break ControlFlow::Break(());
            }
        };
        let shared = &mut *self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.has_lost |= !left_out.is_empty();
        if !shared.has_lost {
            block.was_read(&left_out);
        }
        Ok(found)
    }

    /// The filter as it reads for the block: whoever comes second waits, and
    /// nothing is read twice.
    fn refined(&self) -> Result<Arc<Option<Refined>>, BlockError> {
        let shared = &mut *self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &shared.refined {
            return Ok(Arc::clone(known));
        }
        let refined = Arc::new(Refined::new(self.block, self.request.filter)?);
        shared.refined = Some(Arc::clone(&refined));
        Ok(refined)
    }
}

impl Block {
    /// Row groups with spans that may belong to the range.
    fn groups_in(&self, range: TimeRange) -> impl Iterator<Item = GroupTime> + use<'_> {
        let groups = self.index.core.row_groups.iter().enumerate();
        let in_range = move |of: &(usize, &RowGroup)| of.1.reaches(range);
        groups.filter(in_range).map(|(group, of)| GroupTime {
            group,
            spans: of.rows as u64,
            latest_ns: of.max_start_ns,
        })
    }

    /// Do any of its row groups reach into the range?
    #[must_use]
    pub fn overlaps(&self, range: TimeRange) -> bool {
        self.groups_in(range).next().is_some()
    }

    /// The spans among these rows that match.
    fn look(&self, look: &Look<'_>, rows: RowSet) -> Result<SpanBatch, BlockError> {
        let rows = self.matching(look, rows)?;
        if rows.is_empty() {
            return Ok(SpanBatch::default());
        }
        look.reader
            .batch(look.group, look.columns, Some(&ranges(&rows)))
    }

    /// The same for all rows, but those of pages that cannot be read. `error`
    /// says why not all at once.
    fn look_at_pages(
        &self,
        look: &Look<'_>,
        error: BlockError,
        left_out: &mut LeftOut,
        report: &mut ScanReport,
    ) -> Result<SpanBatch, BlockError> {
        self.do_without(error)?;
        let rows = self.index.core.row_groups[look.group].rows;
        let mut joiner = BatchJoiner::new();
        for first in (0..rows).step_by(PAGE_ROWS) {
            check(look.request.cancelled)?;
            let page = first..rows.min(first + PAGE_ROWS);
            let of_page = RowSet::from_fn(rows, |row| page.contains(&row));
            let found = self.look(look, of_page).and_then(|batch| {
                let joined = joiner.append(&batch);
                joined.map_err(|error| BlockError::damaged(&self.path, error))
            });
            if let Err(error) = found {
                self.leave_out(error, (look.group, page.len()), left_out, report)?;
            }
        }
        Ok(joiner.finish())
    }

    /// Those of these rows that match the filter and lie in the range.
    fn matching(&self, look: &Look<'_>, mut rows: RowSet) -> Result<RowSet, BlockError> {
        let &Look {
            reader,
            group,
            filter,
            request,
            ..
        } = look;
        let bounds = &self.index.core.row_groups[group];
        // Rows of other pages are not to be touched where not all are wanted.
        let is_part = rows.count() < bounds.rows;
        let range = request.range;
        if !range.contains(bounds.min_start_ns) || !range.contains(bounds.max_start_ns) {
            let wanted = is_part.then(|| ranges(&rows));
            // Who starts before the range may run into it.
            let all_start_in_it = range.start_ns <= bounds.min_start_ns;
            let columns = [Fixed::StartNs.column(), Fixed::DurationNs.column()];
            let columns = &columns[..if all_start_in_it { 1 } else { 2 }];
            let batch = reader.batch(group, columns, wanted.as_deref())?;
            let (starts, durations) = (&batch.spans().start_ns, &batch.spans().duration_ns);
            let includes = |row: usize| range.includes(starts[row], durations[row]);
            let in_range = RowSet::from_fn(starts.len(), includes);
            rows = among(&rows, &in_range, bounds.rows);
        }
        for (columns, part) in self.steps(filter) {
            check(request.cancelled)?;
            if rows.is_empty() {
                break;
            }
            let count = rows.count();
            if !is_part && count * SPARSE_ROWS > bounds.rows {
                let batch = reader.batch(group, &columns, None)?;
                rows.intersect(&part.matching(&batch));
            } else {
                let batch = reader.batch(group, &columns, Some(&ranges(&rows)))?;
                rows = among(&rows, &part.matching(&batch), bounds.rows);
            }
        }
        Ok(rows)
    }

    /// Parts of the filter that must all hold, each with its columns, the
    /// cheaper ones first.
    fn steps<'f>(&self, filter: &'f SpanFilter) -> Vec<(Vec<usize>, &'f SpanFilter)> {
        let parts = match filter {
            SpanFilter::All => &[],
            SpanFilter::And(parts) => parts.as_slice(),
            other => std::slice::from_ref(other),
        };
        let mut steps: Vec<(Vec<usize>, &SpanFilter)> = parts
            .iter()
            .map(|part| {
                let columns = prune::filter_columns(part, &self.index);
                (columns.into_iter().collect(), part)
            })
            .collect();
        let costly = |columns: &[usize]| columns.iter().filter(|c| refine::is_costly(**c)).count();
        steps.sort_by_key(|(columns, _)| (costly(columns), columns.len()));
        steps
    }
}

/// What is looked for in a row group.
#[derive(Clone, Copy)]
struct Look<'a> {
    reader: &'a Reader<'a>,
    group: usize,
    filter: &'a SpanFilter,
    columns: &'a [usize],
    request: &'a ScanRequest<'a>,
}

impl ScanPart {
    /// Spans that have what was asked for.
    fn of_spans(batch: SpanBatch, later_until_ns: Option<u64>) -> Self {
        Self {
            rows: RowSet::all(batch.len()),
            batch,
            later_until_ns,
            parted: None,
            whole_traces: 0,
            weights: None,
        }
    }
}

/// Of `rows`, those whose places among them are in `places`.
fn among(rows: &RowSet, places: &RowSet, of: usize) -> RowSet {
    let mut left = RowSet::none(of);
    for (place, row) in rows.iter().enumerate() {
        if places.contains(place) {
            left.insert(row);
        }
    }
    left
}

/// Runs of consecutive rows.
fn ranges(rows: &RowSet) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for row in rows.iter() {
        match ranges.last_mut() {
            Some(last) if last.end == row => last.end = row + 1,
            _ => ranges.push(row..row + 1),
        }
    }
    ranges
}
