//! A trace that was read for a page: its spans, its shape, and which revision
//! of the trace they are.
//!
//! What is held counts as memory of queries **before** it is made.

use std::sync::atomic::AtomicBool;

use tracewell_model::store::{ScanColumns, ScanReport};
use tracewell_model::{Reservation, SpanBatch, StoreError, TraceId, TraceStore};
use tracewell_query::{TraceSummary, TraceTree};

use super::recent::OfTrace;

/// Order, depth, subtree, parent, children.
const TREE_PER_SPAN: usize = 4 + 2 + 4 + 8 + 4;

/// A trace with its shape.
#[derive(Debug)]
pub(super) struct LoadedTrace {
    pub(super) id: TraceId,
    /// Changes when spans are added, or are stored that were not; the same whatever
    /// order spans came in.
    pub(super) revision: String,
    /// Whole spans, or what a skeleton shows of them.
    pub(super) batch: SpanBatch,
    pub(super) tree: TraceTree,
    /// How many of its spans were not stored yet.
    pub(super) waiting: u64,
    /// What loading it cost.
    pub(super) report: ScanReport,
    /// Of the batch and the tree.
    memory: Reservation,
}

impl LoadedTrace {
    fn new(
        (id, waiting): (TraceId, u64),
        (batch, mut memory): (SpanBatch, Reservation),
        report: ScanReport,
    ) -> Result<Self, StoreError> {
        // Making the tree takes about as much again for a moment.
        let tree_bytes = batch.len() * TREE_PER_SPAN;
        memory.grow(tree_bytes * 2)?;
        let tree = TraceTree::new(&batch);
        memory.shrink(tree_bytes);
        Ok(Self {
            id,
            waiting: waiting.min(batch.len() as u64),
            report,
            memory,
            revision: revision(&batch, waiting),
            tree,
            batch,
        })
    }

    /// Memory for an answer of so many bytes, to be kept while it is made.
    ///
    /// # Errors
    /// It is not to be had.
    pub(super) fn room_for(&self, bytes: usize) -> Result<Reservation, StoreError> {
        let mut room = self.memory.of_same_account();
        room.grow(bytes)?;
        Ok(room)
    }
}

impl OfTrace for LoadedTrace {
    fn id(&self) -> TraceId {
        self.id
    }

    fn revision(&self) -> &str {
        &self.revision
    }

    fn memory_bytes(&self) -> usize {
        self.batch.memory_bytes() + self.batch.len() * TREE_PER_SPAN
    }
}

/// The number of spans and a sum over them, so that their order is no matter; and how
/// many wait.
fn revision(batch: &SpanBatch, waiting: u64) -> String {
    let spans = batch.spans();
    let sum = (0..batch.len()).fold(0u64, |sum, row| {
        let id = u64::from_be_bytes(spans.span_id[row].0);
        let times = spans.start_ns[row] ^ (spans.duration_ns[row] as u64).rotate_left(32);
        // Multiplying by a large odd number spreads ids that count upwards.
        sum.wrapping_add((id ^ times).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    });
    let revision = format!("{:x}-{sum:016x}", batch.len());
    match waiting {
        0 => revision,
        _ => format!("{revision}-{waiting:x}"),
    }
}

/// Which columns of its spans a trace is loaded with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted {
    Whole,
    /// What a skeleton shows.
    Skeleton,
}

/// Reads the trace as it is stored now. `None` if it is not there.
///
/// # Errors
/// What the store says.
pub(super) fn read(
    store: &dyn TraceStore,
    id: TraceId,
    wanted: Wanted,
    cancelled: &AtomicBool,
) -> Result<Option<LoadedTrace>, StoreError> {
    let columns = match wanted {
        Wanted::Whole => None,
        Wanted::Skeleton => Some(TraceSummary::columns().and(ScanColumns {
            scopes: true,
            events: true,
            links: true,
            ..ScanColumns::default()
        })),
    };
    let found = store.traces(&[id], columns.as_ref(), cancelled)?;
    let report = found.report;
    let waiting = store.waiting_spans(id);
    let held = found.only(id)?;
    held.map(|held| LoadedTrace::new((id, waiting), held, report))
        .transpose()
}
