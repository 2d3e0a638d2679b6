//! Row groups for whoever adds up: sums where there are, and spans without ids; those
//! that may be parted once more, with ids.
//!
//! What cannot be told this way is left to the scan, **which shows spans with ids, each
//! of which may then be parted**.

use super::super::BlockError;
use super::super::parted::PartedRows;
use super::super::prune;
use super::super::schema::Fixed;
use super::{BlockScan, Look, ScanPart, ranges};
use crate::block::refine;
use tracewell_model::store::Sums as Wanted;
use tracewell_model::{RowSet, SpanBatch, SpanFilter};

/// How a block is shown so.
pub(super) struct Apart<'a> {
    scan: &'a BlockScan<'a>,
    parted: &'a PartedRows,
    columns: Vec<usize>,
    do_sums_tell: bool,
}

impl<'a> Apart<'a> {
    pub(super) fn new(scan: &'a BlockScan<'a>, parted: &'a PartedRows) -> Self {
        let (index, request) = (&scan.block.index, scan.request);
        let wants_sums = request.columns.sums != Wanted::No;
        Self {
            scan,
            parted,
            columns: prune::columns_apart(&request.columns, index),
            do_sums_tell: wants_sums && prune::sums_tell(request.filter, &request.columns, index),
        }
    }

    /// What there is in a row group; `None` where that cannot be told.
    ///
    /// # Errors
    /// The request was cancelled.
    pub(super) fn part(&self, look: &Look<'_>) -> Result<Option<ScanPart>, BlockError> {
        let block = self.scan.block;
        let of_group = &block.index.core.row_groups[look.group];
        if of_group.has_alike {
            return Ok(None);
        }
        let parted = self.parted.of_group(look.group, of_group.rows);
        let part = match self.sums(look, &parted) {
            Ok(None) => self.spans(look, &parted).map(Some),
            sums => sums,
        };
        match part {
            // What is damaged shows when spans are read.
            Err(error) => block.do_without(error).map(|()| None),
            part => part,
        }
    }

    fn sums(&self, look: &Look<'_>, parted: &RowSet) -> Result<Option<ScanPart>, BlockError> {
        let (index, request) = (&self.scan.block.index, self.scan.request);
        let of_group = &index.core.row_groups[look.group];
        let range = request.range;
        let is_inside =
            range.contains(of_group.min_start_ns) && range.contains(of_group.max_start_ns);
        // A sum does not say which of its traces it is of.
        let counts_traces = request.columns.whole_traces && !matches!(look.filter, SpanFilter::All);
        if !self.do_sums_tell || !is_inside || counts_traces {
            return Ok(None);
        }
        let Some((sums, bytes)) = index.sums(look.group)? else {
            return Ok(None);
        };
        let is_fine = match request.columns.sums {
            Wanted::No => false,
            Wanted::OfAll => true,
            Wanted::BySteps(step_ns) => step_ns % sums.step_ns == 0,
        };
        if !is_fine {
            return Ok(None);
        }
        look.reader.count_bytes(bytes);
        let parted = self.outlines(look, parted)?;
        Ok(Some(ScanPart {
            rows: look.filter.matching(&sums.batch),
            whole_traces: of_group
                .traces
                .saturating_sub(begun(&parted, of_group.begins_within)),
            batch: sums.batch,
            later_until_ns: None,
            parted: Some(parted),
            weights: Some(sums.weights),
        }))
    }

    /// Those of these rows that match, with ids.
    fn outlines(&self, look: &Look<'_>, rows: &RowSet) -> Result<SpanBatch, BlockError> {
        let columns = prune::outline_columns();
        let look = Look {
            columns: &columns,
            ..*look
        };
        self.scan.block.look(&look, rows.clone())
    }

    fn spans(&self, look: &Look<'_>, parted: &RowSet) -> Result<ScanPart, BlockError> {
        let block = self.scan.block;
        let filter = refine::by_dictionaries(look.reader, block, look.group, look.filter)?;
        let look = Look {
            filter: &filter,
            ..*look
        };
        let count = block.index.core.row_groups[look.group].rows;
        let rows = block.matching(&look, RowSet::all(count))?;
        let batch = if rows.is_empty() {
            SpanBatch::default()
        } else {
            look.reader
                .batch(look.group, &self.columns, Some(&ranges(&rows)))?
        };
        let mut those = rows.clone();
        those.intersect(parted);
        let columns = prune::outline_columns();
        let outlines = if those.is_empty() {
            SpanBatch::default()
        } else {
            look.reader
                .batch(look.group, &columns, Some(&ranges(&those)))?
        };
        let whole_traces = if self.scan.request.columns.whole_traces {
            let mut whole = parted.clone();
            whole.invert();
            whole.intersect(&rows);
            self.traces_of(&look, &whole)?
        } else {
            0
        };
        Ok(ScanPart {
            rows: RowSet::all(batch.len()),
            batch,
            later_until_ns: None,
            parted: Some(outlines),
            whole_traces,
            weights: None,
        })
    }

    /// How many traces these rows are of. Where the block has derived columns, one
    /// of them says where traces begin.
    fn traces_of(&self, look: &Look<'_>, rows: &RowSet) -> Result<u64, BlockError> {
        let index = &self.scan.block.index;
        if rows.is_empty() {
            return Ok(0);
        }
        if !index.core.has_derived {
            let ids = [Fixed::TraceId.column()];
            let batch = look.reader.batch(look.group, &ids, Some(&ranges(rows)))?;
            let runs = batch.spans().trace_id.chunk_by(|a, b| a == b);
            return Ok(runs.count() as u64);
        }
        let (begins, _) = look.reader.numbers(look.group, Fixed::TraceDurationNs)?;
        let mut begins = begins.into_iter().peekable();
        let (mut traces, mut current, mut counted) = (0, None, None);
        for row in rows.iter() {
            while let Some(begin) = begins.next_if(|begin| *begin as usize <= row) {
                current = Some(begin);
            }
            if counted != Some(current) {
                counted = Some(current);
                traces += 1;
            }
        }
        Ok(traces)
    }
}

/// How many traces of these spans begin in their row group, of which the first may go
/// on with one.
fn begun(parted: &SpanBatch, begins_within: bool) -> u64 {
    let runs = parted.spans().trace_id.chunk_by(|a, b| a == b).count() as u64;
    runs.saturating_sub(u64::from(begins_within))
}
