//! A trace that somebody has open: what names each row, and nothing more.
//!
//! With the outlines of its spans the store finds the few that a page shows,
//! whatever the size of the trace; **no name and no attribute is kept here**.

use std::collections::HashMap;

use tracewell_model::batch::identity::Outline;
use tracewell_model::{Reservation, RowSet, SpanBatch, SpanId, StoreError, TraceId, TraceTree};

use super::loaded::LoadedTrace;
use super::recent::OfTrace;

/// The rows of a revision of a trace, in the order of its skeleton.
#[derive(Debug)]
pub(super) struct OpenedTrace {
    id: TraceId,
    revision: String,
    outlines: Vec<Outline>,
    /// How many spans with the outline of a row the trace has before it; of
    /// rows that have none nothing. Not their rows: a server stands below the
    /// client whose id and times it shares, wherever the store has it.
    namesakes_before: HashMap<u32, u32>,
    orphans: RowSet,
    cut: RowSet,
    repeated_ids: RowSet,
    _memory: Reservation,
}

/// What is odd about a row.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Oddity {
    /// Its parent never arrived.
    pub(super) is_orphan: bool,
    /// It is among its own parents.
    pub(super) is_cut: bool,
    /// Another span has its id.
    pub(super) has_repeated_id: bool,
}

impl OpenedTrace {
    /// # Errors
    /// There is no memory for it.
    pub(super) fn new(trace: &LoadedTrace) -> Result<Self, StoreError> {
        let (batch, tree) = (&trace.batch, &trace.tree);
        let namesakes_before = namesakes_before(batch, tree);
        let bytes = bytes_of(batch.len(), namesakes_before.len());
        let memory = trace.room_for(bytes)?;
        let row = |place: usize| tree.order[place] as usize;
        let places = |rows: &RowSet| RowSet::from_fn(batch.len(), |at| rows.contains(row(at)));
        Ok(Self {
            id: trace.id,
            revision: trace.revision.clone(),
            outlines: (0..batch.len()).map(|at| batch.outline(row(at))).collect(),
            namesakes_before,
            orphans: places(&tree.orphans),
            cut: places(&tree.cut),
            repeated_ids: places(&tree.repeated_ids),
            _memory: memory,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.outlines.len()
    }

    pub(super) fn outline(&self, row: u32) -> Outline {
        self.outlines[row as usize]
    }

    pub(super) fn oddity(&self, row: u32) -> Oddity {
        Oddity {
            is_orphan: self.orphans.contains(row as usize),
            is_cut: self.cut.contains(row as usize),
            has_repeated_id: self.repeated_ids.contains(row as usize),
        }
    }

    /// How many spans with its outline the store has before that of this row:
    /// these are told apart by their order.
    pub(super) fn namesakes_before(&self, row: u32) -> usize {
        self.namesakes_before
            .get(&row)
            .map_or(0, |count| *count as usize)
    }

    /// Rows of the spans with one of these ids, ascending.
    pub(super) fn rows_of(&self, ids: &[SpanId]) -> Vec<u32> {
        let rows = (0u32..).zip(&self.outlines);
        let rows = rows.filter(|(_, outline)| ids.contains(&outline.span_id));
        rows.map(|(row, _)| row).collect()
    }
}

impl OfTrace for OpenedTrace {
    fn id(&self) -> TraceId {
        self.id
    }

    fn revision(&self) -> &str {
        &self.revision
    }

    fn memory_bytes(&self) -> usize {
        bytes_of(self.outlines.len(), self.namesakes_before.len())
    }
}

fn namesakes_before(batch: &SpanBatch, tree: &TraceTree) -> HashMap<u32, u32> {
    let mut before = HashMap::new();
    if !batch.may_repeat_spans() {
        return before;
    }
    let mut place_of = vec![0; batch.len()];
    for (place, row) in (0..).zip(&tree.order) {
        place_of[*row as usize] = place;
    }
    let mut seen: HashMap<Outline, u32> = HashMap::new();
    for (row, place) in place_of.into_iter().enumerate() {
        let count = seen.entry(batch.outline(row)).or_default();
        if *count > 0 {
            before.insert(place, *count);
        }
        *count += 1;
    }
    before
}

fn bytes_of(rows: usize, namesakes: usize) -> usize {
    // An entry of a table takes about twice its size.
    rows * size_of::<Outline>() + namesakes * 4 * size_of::<u32>()
}
