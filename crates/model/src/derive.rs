//! What follows from the spans of one trace together: its tree, self times and
//! the critical path.
//!
//! Compaction stores these figures beside the spans, so that questions about
//! structure become scans. Real traces are imperfect, and every input has an
//! answer: a span whose parent is not here stands on top; of spans that share
//! an id the first is the one that children hang on; a cycle is cut at its
//! first span. Nothing recurses, nothing is quadratic, and a [`Deriver`] that
//! is used again allocates nothing. **Never looks at names or attributes.**

mod ids;
mod times;

use crate::ids::SpanId;
use ids::RowOfId;

/// No row: what a [`u32`] list of rows says for "none".
const NONE: u32 = u32::MAX;

/// The spans of one trace; all slices of one length, below `u32::MAX`. Rows
/// ascend by start: in another order the figures are less exact, no worse.
#[derive(Debug, Clone, Copy)]
pub struct TraceSpans<'a> {
    /// Span ids.
    pub span_id: &'a [SpanId],
    /// Parent span ids; zeros for none.
    pub parent_span_id: &'a [SpanId],
    /// Start, ns since the Unix epoch.
    pub start_ns: &'a [u64],
    /// Duration, ns; a negative one counts as none.
    pub duration_ns: &'a [i64],
}

/// What is known of one trace; the lists have an entry per row.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Derived {
    /// The row of the parent, where it is here.
    pub parent_row: Vec<Option<u32>>,
    /// Steps up to a span without a parent here, which has 0.
    pub depth: Vec<u32>,
    /// Spans in the subtree, the span itself included.
    pub subtree_spans: Vec<u32>,
    /// Time in which no child ran, ns: the duration without the union of the
    /// children's times, as far as these lie within the span.
    pub self_ns: Vec<i64>,
    /// Share of the critical path, ns; 0 off the path. From the end of the
    /// root backwards, each moment belongs to the span that the root waited
    /// for: the child that ended last before it takes over, and gives back at
    /// its own start. Children count as far as they lie within their parent.
    /// The shares add up to the root's duration.
    pub critical_ns: Vec<i64>,
    /// The first span without a parent id. Where none has come, the path goes
    /// through the first span without a parent here.
    pub root: Option<u32>,
    /// Latest end minus earliest start, ns.
    pub duration_ns: i64,
}

/// Derives one trace after another with the same memory.
#[derive(Debug, Default)]
pub struct Deriver {
    derived: Derived,
    row_of_id: RowOfId,
    /// Parents, with [`NONE`].
    parents: Vec<u32>,
    /// Children that do not stand in `upwards` yet.
    pending: Vec<u32>,
    /// All rows, every child before its parent.
    upwards: Vec<u32>,
    times: times::Times,
}

impl Deriver {
    /// Ready for traces of any size.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What the last call of [`Deriver::derive`] answered.
    #[must_use]
    pub fn derived(&self) -> &Derived {
        &self.derived
    }

    /// Derives a trace. Costs a hash and a sort per span.
    pub fn derive(&mut self, trace: TraceSpans<'_>) -> &Derived {
        self.find_parents(trace);
        self.order();
        self.arrange();
        let root = trace.parent_span_id.iter().position(SpanId::is_zero);
        self.derived.root = root.map(|row| row as u32);
        let is_top = |row: &u32| self.parents[*row as usize] == NONE;
        let top = (0..self.parents.len() as u32).find(is_top);
        self.times.measure(trace, &self.parents, &self.upwards);
        let path_from = self.derived.root.or(top);
        self.times
            .write_to(&self.parents, path_from, &mut self.derived);
        &self.derived
    }

    fn find_parents(&mut self, trace: TraceSpans<'_>) {
        self.row_of_id.fill(trace.span_id);
        self.parents.clear();
        let rows = (0u32..).zip(trace.parent_span_id);
        self.parents.extend(rows.map(|(row, parent)| {
            if parent.is_zero() {
                return NONE;
            }
            let found = self.row_of_id.get(trace.span_id, *parent);
            found.filter(|parent| *parent != row).unwrap_or(NONE)
        }));
    }

    /// Puts children before parents: rows without pending children first, then
    /// whoever lost the last one. What is left then lies on cycles.
    fn order(&mut self) {
        let rows = self.parents.len();
        self.pending.clear();
        self.pending.resize(rows, 0);
        for parent in self.parents.iter().filter(|parent| **parent != NONE) {
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
            let parent = self.parents[*row as usize];
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
        for row in 0..self.parents.len() {
            // Whoever still waits for a child lies on a cycle, and the first of
            // each cycle comes first here.
            if self.pending[row] == 0 {
                continue;
            }
            let parent = std::mem::replace(&mut self.parents[row], NONE);
            self.pending[parent as usize] -= 1;
            let from = self.upwards.len();
            self.upwards.push(parent);
            self.climb(from);
        }
    }

    fn arrange(&mut self) {
        let rows = self.parents.len();
        let derived = &mut self.derived;
        derived.parent_row.clear();
        let known = |parent: &u32| (*parent != NONE).then_some(*parent);
        derived.parent_row.extend(self.parents.iter().map(known));
        derived.subtree_spans.clear();
        derived.subtree_spans.resize(rows, 1);
        derived.depth.clear();
        derived.depth.resize(rows, 0);
        for row in self.upwards.iter().map(|row| *row as usize) {
            let parent = self.parents[row];
            if parent != NONE {
                derived.subtree_spans[parent as usize] += derived.subtree_spans[row];
            }
        }
        for row in self.upwards.iter().rev().map(|row| *row as usize) {
            let parent = self.parents[row];
            if parent != NONE {
                derived.depth[row] = derived.depth[parent as usize] + 1;
            }
        }
    }
}
