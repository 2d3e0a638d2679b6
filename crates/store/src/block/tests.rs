//! What a block gives back: everything, to the span asked for, and errors
//! instead of panics when its files are damaged.

mod damage;
mod real_traces;
mod round_trip;
mod scanning;
mod sums;

use std::cmp::Reverse;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use tracewell_model::store::{Operation, OperationQuery, ScanReport, ScanRequest};
use tracewell_model::{QueryMemory, SpanBatch, TimeRange, TraceId};
use tracewell_testkit::{TestSpan, flatten};

use super::{Birth, Block, BlockError, BlockScan, ScanPart, write};
use crate::files::Files;
use crate::files::faulty::FaultyFiles;
use crate::gather::Gathering;
use crate::listing::OperationCounts;

const DIR: &str = "/blocks";

/// A disk in memory with one block on it.
pub(super) fn block_of(batch: &SpanBatch) -> (FaultyFiles, Block) {
    let files = FaultyFiles::new();
    files.create_dir(Path::new(DIR)).unwrap();
    let meta = write(&files, Path::new(DIR), 7, &Birth::default(), batch).unwrap();
    let block = Block::open(&files, Path::new(DIR), meta).unwrap();
    (files, block)
}

/// What it lists of operations.
fn operations_of(block: &Block) -> Vec<Operation> {
    let query = OperationQuery::all(TimeRange::ALL);
    let mut counts = OperationCounts::new(&query);
    block.count_operations(&mut counts).unwrap();
    counts.finish().0
}

/// Scans all row groups that the range allows, the newest first.
pub(super) fn scan_whole(
    block: &Block,
    request: &ScanRequest<'_>,
    report: &mut ScanReport,
    visit: &mut dyn FnMut(ScanPart, &ScanReport) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, BlockError> {
    let scan = BlockScan::new(block, request);
    let mut groups: Vec<_> = scan.groups().collect();
    groups.sort_by_key(|group| Reverse(group.latest_ns));
    scan.scan(&groups, report, visit)
}

fn sorted(mut spans: Vec<TestSpan>) -> Vec<TestSpan> {
    spans.sort_by_cached_key(|span| {
        (
            span.trace_id,
            span.start_ns,
            span.span_id,
            format!("{span:?}"),
        )
    });
    spans
}

fn all_ids(batch: &SpanBatch) -> Vec<TraceId> {
    let mut ids = batch.spans().trace_id.clone();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn traces(block: &Block, ids: &[TraceId]) -> Result<Vec<(TraceId, SpanBatch)>, BlockError> {
    traces_told(block, ids, &mut ScanReport::default())
}

fn traces_told(
    block: &Block,
    ids: &[TraceId],
    report: &mut ScanReport,
) -> Result<Vec<(TraceId, SpanBatch)>, BlockError> {
    let mut gathered = Gathering::new(ids, &QueryMemory::default());
    let never = AtomicBool::new(false);
    let found = block.find_traces(ids, &never, report)?;
    block.gather_traces(found, &mut gathered, None, &never, report)?;
    let joiners = ids.iter().zip(gathered.into_parts().0);
    let found = joiners.filter(|(_, joiner)| !joiner.is_empty());
    Ok(found.map(|(id, joiner)| (*id, joiner.finish())).collect())
}

/// Every span of a block, trace by trace.
fn read_all(block: &Block, ids: &[TraceId]) -> Vec<TestSpan> {
    let found = traces(block, ids).unwrap();
    sorted(found.iter().flat_map(|(_, batch)| flatten(batch)).collect())
}
