//! Who is whose parent (ADR-012, which has the cases).
//!
//! Real traces are imperfect, and every input has an answer: a span whose
//! parent is not here stands on top; a server that shares its id with a client
//! hangs below it; of other spans that share an id the first is the one that
//! children hang on; a cycle is cut at its first span. Nothing recurses,
//! nothing is quadratic, and [`Parents`] that are used again allocate nothing.
//! **There is no second way to find a parent.**

use super::NONE;
use super::row_of_id::RowOfId;
use crate::ids::SpanId;
use crate::span_kind::SpanKind;
use std::collections::HashMap;

/// What the spans of one trace say of each other; all slices of one length,
/// below `u32::MAX`. Rows ascend by start: "the first" is that of rows.
#[derive(Debug, Clone, Copy)]
pub struct TraceSpans<'a> {
    /// Span ids.
    pub span_id: &'a [SpanId],
    /// Parent span ids as [`super::parent_ids`] has them; zeros for none.
    pub parent_span_id: &'a [SpanId],
    /// Kinds.
    pub kind: &'a [SpanKind],
}

/// The rows of an id that a client and a server share: the first of each.
#[derive(Debug, Clone, Copy)]
struct Shared {
    client: u32,
    server: u32,
}

/// Finds the parents of one trace after another with the same memory.
#[derive(Debug, Default)]
pub struct Parents {
    row_of_id: RowOfId,
    /// Ids that a client and a server have, and while they are looked for,
    /// also those that only one of them has.
    shared: HashMap<SpanId, Shared, foldhash::fast::RandomState>,
    /// By row, with [`NONE`].
    rows: Vec<u32>,
    /// Children that do not stand in `upwards` yet.
    pending: Vec<u32>,
    upwards: Vec<u32>,
    root: Option<u32>,
}

impl Parents {
    /// Finds the parents of a trace. Costs a hash per span.
    pub fn find(&mut self, trace: TraceSpans<'_>) {
        let is_repeated = self.row_of_id.fill(trace.span_id);
        self.shared.clear();
        if is_repeated {
            self.find_shared(trace);
        }
        self.rows.clear();
        for row in 0..trace.span_id.len() {
            let parent = self.parent_of(trace, row);
            self.rows.push(parent);
        }
        self.order();
        let is_root = |row: &usize| self.rows[*row] == NONE && trace.parent_span_id[*row].is_zero();
        self.root = (0..self.rows.len()).find(is_root).map(|row| row as u32);
    }

    /// The row of each row's parent, or [`NONE`].
    pub(crate) fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// The row of a row's parent, if it is here.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn parent(&self, row: usize) -> Option<usize> {
        let parent = self.rows[row];
        (parent != NONE).then_some(parent as usize)
    }

    /// The row on which children of this id hang. After [`Parents::find`] of
    /// the same trace.
    #[must_use]
    pub fn row_of(&self, trace: TraceSpans<'_>, id: SpanId) -> Option<usize> {
        let row = match self.shared.get(&id) {
            Some(shared) => Some(shared.server),
            None => self.row_of_id.get(trace.span_id, id),
        };
        row.map(|row| row as usize)
    }

    /// All rows, every child before its parent.
    pub(crate) fn upwards(&self) -> &[u32] {
        &self.upwards
    }

    /// The first span that has no parent and names none.
    pub(crate) fn root(&self) -> Option<u32> {
        self.root
    }

    /// Has an earlier row the id of this one, without being the other side of
    /// one call? After [`Parents::find`] of the same trace.
    pub(crate) fn is_repeated(&self, trace: TraceSpans<'_>, row: usize) -> bool {
        let (id, row) = (trace.span_id[row], row as u32);
        match self.shared.get(&id) {
            Some(shared) => row != shared.client && row != shared.server,
            None => self.row_of_id.get(trace.span_id, id) != Some(row),
        }
    }

    /// Does a row stand on top because it is among its own parents? Not one
    /// that names nobody: that is a root. After [`Parents::find`] of the same
    /// trace.
    pub(crate) fn is_cut(&self, trace: TraceSpans<'_>, row: usize) -> bool {
        let (id, parent) = (trace.span_id[row], trace.parent_span_id[row]);
        let is_top = self.rows[row] == NONE && !parent.is_zero();
        is_top && (parent == id || self.parent_of(trace, row) != NONE)
    }

    fn find_shared(&mut self, trace: TraceSpans<'_>) {
        for (row, (id, kind)) in (0u32..).zip(trace.span_id.iter().zip(trace.kind)) {
            let (is_client, is_server) = (*kind == SpanKind::Client, *kind == SpanKind::Server);
            if is_client || is_server {
                let shared = self.shared.entry(*id).or_insert(Shared {
                    client: NONE,
                    server: NONE,
                });
                let first = if is_client {
                    &mut shared.client
                } else {
                    &mut shared.server
                };
                *first = row.min(*first);
            }
        }
        self.shared
            .retain(|_, shared| shared.client != NONE && shared.server != NONE);
    }

    fn parent_of(&self, trace: TraceSpans<'_>, row: usize) -> u32 {
        let (id, parent) = (trace.span_id[row], trace.parent_span_id[row]);
        if trace.kind[row] == SpanKind::Server
            && let Some(shared) = self.shared.get(&id)
        {
            return shared.client;
        }
        if parent.is_zero() || parent == id {
            return NONE;
        }
        self.row_of(trace, parent).map_or(NONE, |row| row as u32)
    }

    /// Puts children before parents: rows without pending children first, then
    /// whoever lost the last one. What is left then lies on cycles.
    fn order(&mut self) {
        let rows = self.rows.len();
        self.pending.clear();
        self.pending.resize(rows, 0);
        for parent in self.rows.iter().filter(|parent| **parent != NONE) {
            self.pending[*parent as usize] += 1;
        }
        self.upwards.clear();
        let leaves = (0..rows as u32).filter(|row| self.pending[*row as usize] == 0);
        self.upwards.extend(leaves);
        self.climb(0);
        if self.upwards.len() < rows {
            self.cut_cycles();
        }
    }

    fn climb(&mut self, from: usize) {
        let mut next = from;
        while let Some(row) = self.upwards.get(next) {
            let parent = self.rows[*row as usize];
            if parent != NONE {
                self.pending[parent as usize] -= 1;
                if self.pending[parent as usize] == 0 {
                    self.upwards.push(parent);
                }
            }
            next += 1;
        }
    }

    fn cut_cycles(&mut self) {
        for row in 0..self.rows.len() {
            // Whoever still waits for a child lies on a cycle, and the first of
            // each cycle comes first here.
            if self.pending[row] == 0 {
                continue;
            }
            let parent = std::mem::replace(&mut self.rows[row], NONE);
            self.pending[parent as usize] -= 1;
            let from = self.upwards.len();
            self.upwards.push(parent);
            self.climb(from);
        }
    }
}
