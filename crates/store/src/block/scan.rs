//! Looks for spans in a block: index file first, then the columns of the
//! filter, then, only where something matched, what the visitor asked for.

use std::collections::BTreeSet;
use std::ops::{ControlFlow, Range};

use tracewell_model::store::{ScanChunk, ScanReport, ScanRequest, ScanVisitor};
use tracewell_model::{RowSet, SpanBatch, SpanFilter, TimeRange};

use super::read::{Reader, check};
use super::schema::Fixed;
use super::{Block, BlockError, operations, prune};

impl Block {
    /// Shows the spans of this block that match to `visit`, as
    /// [`tracewell_model::TraceStore::scan`] says, one chunk a row group that
    /// was looked at, those with the latest start first. Of chunks,
    /// `settled_from_ns` speaks of this block alone. What was done is added to
    /// `report`, which says how it stood at each chunk.
    ///
    /// # Errors
    /// The disk fails, the files are damaged, or the request was cancelled.
    pub fn scan(
        &self,
        request: &ScanRequest<'_>,
        report: &mut ScanReport,
        visit: &mut ScanVisitor<'_>,
    ) -> Result<ControlFlow<()>, BlockError> {
        check(request.cancelled)?;
        if !request
            .range
            .overlaps(self.meta.min_start_ns, self.meta.max_start_ns)
        {
            return Ok(ControlFlow::Continue(()));
        }
        let filter = prune::specialise(request.filter, &self.sidecar);
        if !self.may_match(&filter) {
            return Ok(ControlFlow::Continue(()));
        }
        report.searched_blocks += 1;
        let reader = Reader::new(self.footer()?, &self.sidecar);
        let plan = Plan::new(&filter, request, self);
        let mut groups: Vec<usize> = (0..self.sidecar.row_groups.len())
            .filter(|group| plan.overlaps(self, *group))
            .collect();
        let latest = |group: &usize| self.sidecar.row_groups[*group].max_start_ns;
        groups.sort_by_key(|group| std::cmp::Reverse(latest(group)));
        let (bytes_before, mut groups) = (report.searched_bytes, groups.into_iter().peekable());
        while let Some(group) = groups.next() {
            check(request.cancelled)?;
            let (batch, rows) = plan.search(&reader, self, group)?;
            report.searched_bytes = bytes_before + reader.read_bytes();
            report.searched_spans += self.sidecar.row_groups[group].rows as u64;
            let chunk = ScanChunk {
                batch: &batch,
                rows: &rows,
                settled_from_ns: groups
                    .peek()
                    .map_or(0, |next| latest(next).saturating_add(1)),
            };
            if visit(&chunk, report).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// May any span match, as far as services, operations and keys can tell?
    fn may_match(&self, filter: &SpanFilter) -> bool {
        if matches!(filter, SpanFilter::All | SpanFilter::None) {
            return matches!(filter, SpanFilter::All);
        }
        let representatives = self
            .operations
            .get_or_init(|| operations::representatives(&self.sidecar.operations));
        prune::may_match(filter, &self.sidecar, representatives)
    }
}

/// What is read of every row group.
struct Plan<'a> {
    filter: &'a SpanFilter,
    range: TimeRange,
    filter_columns: BTreeSet<usize>,
    visitor_columns: Vec<usize>,
}

impl<'a> Plan<'a> {
    fn new(filter: &'a SpanFilter, request: &ScanRequest<'_>, block: &Block) -> Self {
        let visitor_columns = prune::visitor_columns(&request.columns, &block.sidecar);
        Self {
            filter,
            range: request.range,
            filter_columns: prune::filter_columns(filter, &block.sidecar),
            visitor_columns: visitor_columns.into_iter().collect(),
        }
    }

    fn overlaps(&self, block: &Block, group: usize) -> bool {
        let group = &block.sidecar.row_groups[group];
        self.range.overlaps(group.min_start_ns, group.max_start_ns)
    }

    /// The matching spans of a row group with the visitor's columns.
    fn search(
        &self,
        reader: &Reader<'_>,
        block: &Block,
        group: usize,
    ) -> Result<(SpanBatch, RowSet), BlockError> {
        let rows = self.matching(reader, block, group)?;
        if rows.is_empty() {
            return Ok((SpanBatch::default(), RowSet::none(0)));
        }
        let batch = reader.batch(group, &self.visitor_columns, &ranges(&rows))?;
        let rows = RowSet::all(batch.len());
        Ok((batch, rows))
    }

    fn matching(
        &self,
        reader: &Reader<'_>,
        block: &Block,
        group: usize,
    ) -> Result<RowSet, BlockError> {
        let bounds = &block.sidecar.row_groups[group];
        let range_holds_all =
            self.range.contains(bounds.min_start_ns) && self.range.contains(bounds.max_start_ns);
        let mut columns = self.filter_columns.clone();
        if !range_holds_all {
            columns.insert(Fixed::StartNs.column());
        }
        if columns.is_empty() && matches!(self.filter, SpanFilter::All) {
            return Ok(RowSet::all(bounds.rows));
        }
        if columns.is_empty() {
            // The evaluator needs rows to speak of; these cost the least.
            columns.insert(Fixed::Kind.column());
        }
        let columns: Vec<usize> = columns.into_iter().collect();
        let every = 0..bounds.rows;
        let batch = reader.batch(group, &columns, std::slice::from_ref(&every))?;
        let mut rows = self.filter.matching(&batch);
        if !range_holds_all {
            let starts = &batch.spans().start_ns;
            rows.intersect(&RowSet::from_fn(starts.len(), |row| {
                self.range.contains(starts[row])
            }));
        }
        Ok(rows)
    }
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
