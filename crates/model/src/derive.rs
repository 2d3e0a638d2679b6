//! What follows from the spans of one trace together: its tree, self times and
//! the critical path.
//!
//! Compaction stores these figures beside the spans, so that questions about
//! structure become scans. Who is whose parent is said in [`crate::tree`].
//! Nothing recurses, nothing is quadratic, and a [`Deriver`] that is used again
//! allocates nothing. **Never looks at names or attributes.**

mod measured;
mod times;

pub use measured::Measured;

use crate::tree::{NONE, Parents, TraceSpans};

/// When the spans of one trace ran; slices of the length of the trace, rows
/// ascending by start.
#[derive(Debug, Clone, Copy)]
pub struct TraceTimes<'a> {
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
    /// The first span that has no parent and names none. Where none has come,
    /// the path goes through the first span without a parent here.
    pub root: Option<u32>,
    /// Latest end minus earliest start, ns.
    pub duration_ns: i64,
}

/// A time that belongs to one span of the critical path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathPart {
    /// The span.
    pub row: u32,
    /// Its start, ns since the Unix epoch.
    pub from_ns: u64,
    /// Its end, later than the start.
    pub to_ns: u64,
}

/// Derives one trace after another with the same memory.
#[derive(Debug, Default)]
pub struct Deriver {
    derived: Derived,
    parents: Parents,
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
    pub fn derive(&mut self, trace: TraceSpans<'_>, times: TraceTimes<'_>) -> &Derived {
        self.parents.find(trace);
        self.arrange();
        let (parents, upwards) = (self.parents.rows(), self.parents.upwards());
        let top = parents.iter().position(|parent| *parent == NONE);
        self.derived.root = self.parents.root();
        self.times.measure(times, parents, upwards);
        let path_from = self.derived.root.or(top.map(|row| row as u32));
        self.times.write_to(parents, path_from, &mut self.derived);
        &self.derived
    }

    fn arrange(&mut self) {
        let (parents, upwards) = (self.parents.rows(), self.parents.upwards());
        let derived = &mut self.derived;
        derived.parent_row.clear();
        let known = |parent: &u32| (*parent != NONE).then_some(*parent);
        derived.parent_row.extend(parents.iter().map(known));
        derived.subtree_spans.clear();
        derived.subtree_spans.resize(parents.len(), 1);
        derived.depth.clear();
        derived.depth.resize(parents.len(), 0);
        for row in upwards.iter().map(|row| *row as usize) {
            let parent = parents[row];
            if parent != NONE {
                derived.subtree_spans[parent as usize] += derived.subtree_spans[row];
            }
        }
        for row in upwards.iter().rev().map(|row| *row as usize) {
            let parent = parents[row];
            if parent != NONE {
                derived.depth[row] = derived.depth[parent as usize] + 1;
            }
        }
    }
}
