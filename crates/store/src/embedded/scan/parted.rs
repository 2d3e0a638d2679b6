//! Which traces lie in several parts of the store: in two blocks, or in a block and in
//! memory.
//!
//! Tables of traces are compared hash by hash. What is known of the blocks stays known
//! until there are others; live batches are compared each time, and where only spans that
//! are stored twice matter, with no more than the blocks whose spans start while theirs
//! do.

use super::super::lock;
use crate::block::parted::{PartedRows, TraceHashes, TraceTable, trace_hash};
use crate::block::{Block, BlockError, BlockScan};
use crate::live::LiveBatch;
use std::sync::{Arc, Mutex};
use tracewell_model::store::ScanRequest;
use tracewell_model::{QueryMemory, RowSet};

/// Bits of a set for each trace in all tables: few that are alone share one.
const BITS_A_TRACE: usize = 16;

/// Bytes of a trace while tables are compared: its entry, and its bits in two sets of
/// up to twice their size.
const BYTES_A_TRACE: usize = 6 + 2 * 2 * BITS_A_TRACE / 8;

/// The parted rows of each of some blocks; `None` where they cannot be told.
type OfBlocks = Vec<Option<Arc<PartedRows>>>;

/// What is known of the blocks that there were last.
#[derive(Debug, Default)]
pub(in crate::embedded) struct Parted {
    known: Mutex<(Vec<String>, OfBlocks)>,
}

impl Parted {
    /// Scans of these blocks, which know their parted rows where the request needs that,
    /// and may show them apart (`is_apart`).
    pub(super) fn scans<'a>(
        &self,
        snapshot: &[LiveBatch],
        blocks: &'a [Arc<Block>],
        request: &'a ScanRequest<'a>,
        is_apart: bool,
        memory: &QueryMemory,
    ) -> Vec<BlockScan<'a>> {
        let columns = &request.columns;
        let is_of_spans = request.traces.is_none() && !columns.whole_traces;
        let parted = if request.traces.is_some() || (is_apart && columns.parted_apart) {
            self.of((snapshot, blocks), is_of_spans, memory)
        } else {
            vec![None; blocks.len()]
        };
        let scans = blocks.iter().zip(parted);
        scans
            .map(|(block, parted)| BlockScan::new(block, request).with_parted(parted, is_apart))
            .collect()
    }

    /// Of these blocks, beside these batches: all, or (`is_of_spans`) at least those with
    /// spans that may be stored twice.
    fn of(
        &self,
        (snapshot, blocks): (&[LiveBatch], &[Arc<Block>]),
        is_of_spans: bool,
        memory: &QueryMemory,
    ) -> OfBlocks {
        let mut parted = self.among(blocks, memory);
        let Some((first_ns, last_ns)) = snapshot
            .iter()
            .map(LiveBatch::start_range_ns)
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
        else {
            return parted;
        };
        let mut live = TraceHashes::default();
        for (block, parted) in blocks.iter().zip(&mut parted) {
            let (min_ns, max_ns) = block.start_range_ns();
            let is_near = min_ns <= last_ns && first_ns <= max_ns;
            let Some(known) = parted.as_ref().filter(|_| is_near || !is_of_spans) else {
                continue;
            };
            if live.is_empty() {
                let ids = snapshot.iter().flat_map(|of| &of.batch.spans().trace_id);
                live.extend(ids.map(|id| trace_hash(*id)));
            }
            let shared = block.trace_table().and_then(|table| {
                let shared = table.entries().filter(|of| live.contains(&of.0));
                block.parted_rows(&shared.collect::<Vec<_>>())
            });
            *parted = told(block, shared).map(|more| Arc::new(more.and(known)));
        }
        parted
    }

    /// Of these blocks alone.
    fn among(&self, blocks: &[Arc<Block>], memory: &QueryMemory) -> OfBlocks {
        let names = || blocks.iter().map(|block| &block.meta().name);
        let mut known = lock(&self.known);
        if !known.0.iter().eq(names()) {
            let Some(parted) = compare(blocks, memory) else {
                return vec![None; blocks.len()];
            };
            *known = (names().cloned().collect(), parted);
        }
        known.1.clone()
    }
}

/// Those of these rows, if they can be told.
fn told(block: &Block, rows: Result<Option<PartedRows>, BlockError>) -> Option<PartedRows> {
    rows.unwrap_or_else(|error| {
        tracing::debug!(block = block.meta().name, %error, "its traces cannot be compared");
        None
    })
}

/// The traces that these blocks share; `None` where there is no memory for it now.
fn compare(blocks: &[Arc<Block>], memory: &QueryMemory) -> Option<OfBlocks> {
    let traces: u64 = blocks.iter().map(|block| block.meta().traces).sum();
    let mut held = memory.reservation();
    held.grow(traces as usize * BYTES_A_TRACE).ok()?;
    let tables = blocks.iter().map(|block| block.trace_table().ok());
    let Some(tables) = tables.collect::<Option<Vec<TraceTable>>>() else {
        // A block that says nothing may share any trace.
        return Some(vec![None; blocks.len()]);
    };
    let rows = |(block, traces): (&Arc<Block>, Vec<(u32, u32)>)| {
        let rows = block
            .tells_parted_rows()
            .then(|| told(block, block.parted_rows(&traces)));
        rows.flatten().map(Arc::new)
    };
    Some(blocks.iter().zip(shared(&tables)).map(rows).collect())
}

/// Of each table the entries that another one has, too.
fn shared(tables: &[TraceTable]) -> Vec<Vec<(u32, u32)>> {
    let traces: usize = tables.iter().map(|table| table.entries().len()).sum();
    let bits = (traces * BITS_A_TRACE).next_power_of_two().max(64);
    let shift = 32 - bits.trailing_zeros().min(32);
    let bits = bits.min(1 << 32);
    // Tables ascend, so that both sets are filled from the front.
    let (mut once, mut twice) = (RowSet::none(bits), RowSet::none(bits));
    for table in tables {
        let mut last = None;
        for (hash, _) in table.entries() {
            let bit = (hash >> shift) as usize;
            if once.contains(bit) && last != Some(bit) {
                twice.insert(bit);
            }
            once.insert(bit);
            last = Some(bit);
        }
    }
    let mut perhaps: Vec<(u32, usize, u32)> = Vec::new();
    for (number, table) in tables.iter().enumerate() {
        let entries = table.entries();
        let entries = entries.filter(|(hash, _)| twice.contains((hash >> shift) as usize));
        perhaps.extend(entries.map(|(hash, page)| (hash, number, page)));
    }
    perhaps.sort_unstable();
    let mut shared = vec![Vec::new(); tables.len()];
    for of_hash in perhaps.chunk_by(|a, b| a.0 == b.0) {
        if of_hash.first().map(|of| of.1) != of_hash.last().map(|of| of.1) {
            for (hash, number, page) in of_hash {
                shared[*number].push((*hash, *page));
            }
        }
    }
    shared
}
