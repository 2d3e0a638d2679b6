//! Looks for spans in a block: index file first, then dictionaries, then the
//! columns of the filter, the cheap ones first and each only where the ones
//! before matched; last, and only for rows that match, what the visitor asked
//! for. A row group that cannot be read as a whole is read page by page: **only
//! rows of damaged pages are left out**, and counted.

use std::ops::{ControlFlow, Range};

use tracewell_model::batch::concat::BatchJoiner;
use tracewell_model::store::{ScanReport, ScanRequest};
use tracewell_model::{RowSet, SpanBatch, SpanFilter};
use tracewell_parquet::PAGE_ROWS;

use super::faults::LeftOut;
use super::read::{Reader, check};
use super::refine::{self, Refined};
use super::schema::Fixed;
use super::{Block, BlockError, prune};

/// When fewer rows than one in so many are left, only their pages are read.
const SPARSE_ROWS: usize = 8;

/// What a scan found in a row group.
#[derive(Debug)]
pub struct ScanPart {
    /// The spans that match, with the columns that were asked for.
    pub batch: SpanBatch,
    /// Their rows in it: all.
    pub rows: RowSet,
    /// No later part of this block holds a span that starts at this time or
    /// after it, ns.
    pub settled_from_ns: u64,
}

impl Block {
    /// Shows the spans of this block that match to `visit`, as
    /// [`tracewell_model::TraceStore::scan`] says, one part a row group that
    /// was looked at, those with the latest start first. What was done is added
    /// to `report`, which says how it stood at each part.
    ///
    /// # Errors
    /// The disk fails, the files are damaged, or the request was cancelled.
    pub fn scan(
        &self,
        request: &ScanRequest<'_>,
        report: &mut ScanReport,
        visit: &mut dyn FnMut(ScanPart, &ScanReport) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, BlockError> {
        check(request.cancelled)?;
        let range = request.range;
        if !range.overlaps(self.meta.min_start_ns, self.meta.max_start_ns) {
            return Ok(ControlFlow::Continue(()));
        }
        let Some(refined) = Refined::new(self, request.filter)? else {
            return Ok(ControlFlow::Continue(()));
        };
        let mut groups = Vec::new();
        for group in 0..self.index.core.row_groups.len() {
            let filter = refined.of_group(self, group, range)?;
            if !matches!(filter, SpanFilter::None) {
                groups.push((group, filter));
            }
        }
        if groups.is_empty() {
            return Ok(ControlFlow::Continue(()));
        }
        report.searched_blocks += 1;
        let latest = |group: usize| self.index.core.row_groups[group].max_start_ns;
        groups.sort_by_key(|(group, _)| std::cmp::Reverse(latest(*group)));
        let reader = Reader::new(self);
        let visitor_columns = prune::visitor_columns(&request.columns, &self.index);
        let visitor_columns: Vec<usize> = visitor_columns.into_iter().collect();
        let (bytes_before, mut groups) = (report.searched_bytes, groups.into_iter().peekable());
        let mut left_out = LeftOut::default();
        let found = loop {
            let Some((group, filter)) = groups.next() else {
                break ControlFlow::Continue(());
            };
            check(request.cancelled)?;
            let filter = refine::by_dictionaries(&reader, self, group, &filter)?;
            let all = RowSet::all(self.index.core.row_groups[group].rows);
            let look = Look {
                reader: &reader,
                group,
                filter: &filter,
                columns: &visitor_columns,
                request,
            };
            let batch = match self.look(&look, all) {
                Err(error) => self.look_at_pages(&look, error, &mut left_out, report)?,
                whole => whole?,
            };
            report.searched_bytes = bytes_before + reader.read_bytes();
            if !matches!(filter, SpanFilter::None) {
                report.searched_spans += self.index.core.row_groups[group].rows as u64;
            }
            let next = groups.peek();
            let part = ScanPart {
                rows: RowSet::all(batch.len()),
                batch,
                settled_from_ns: next.map_or(0, |(next, _)| latest(*next).saturating_add(1)),
            };
            if visit(part, report).is_break() {
                break ControlFlow::Break(());
            }
        };
        self.was_read(&left_out);
        Ok(found)
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
            let batch = reader.batch(group, &[Fixed::StartNs.column()], wanted.as_deref())?;
            let starts = &batch.spans().start_ns;
            let in_range = RowSet::from_fn(starts.len(), |row| range.contains(starts[row]));
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
struct Look<'a> {
    reader: &'a Reader<'a>,
    group: usize,
    filter: &'a SpanFilter,
    columns: &'a [usize],
    request: &'a ScanRequest<'a>,
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
