//! Why one trace took as long as it did: where its critical path lies, and
//! findings, each with the spans it means and the time it costs.
//!
//! Spans in, sentences out: it **does no I/O, looks at one trace alone and
//! never changes what was sent**. A finding that is wrong costs more trust than
//! ten right ones earn, so every definition stays silent in doubt;
//! `docs/findings.md` has them with their limits.

mod calls;
mod find;
mod finding;
mod shares;
mod spelling;
mod trace;

pub use finding::{Finding, Kind};
pub use shares::OperationShare;

use trace::Trace;
use tracewell_model::derive::PathPart;
use tracewell_model::{SpanBatch, TraceTree};

/// What there is to say of a trace. Spans are named by their places in its
/// [`TraceTree`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Explanation {
    /// The critical path in the order of time, without gaps.
    pub path: Vec<PathPart>,
    /// The span that the path fills: the root, or the first that has no parent
    /// here.
    pub path_from: Option<u32>,
    /// Length of the path, ns.
    pub path_ns: u64,
    /// Time in which no child ran, ns, by place.
    pub self_ns: Vec<i64>,
    /// Operations on the path, the one with most of it first.
    pub operations: Vec<OperationShare>,
    /// Errors first, then what costs most.
    pub findings: Vec<Finding>,
    /// Findings that are not listed, because there are too many.
    pub left_out: usize,
}

impl Explanation {
    /// Explains the spans of a trace, which are whole, by its tree.
    ///
    /// # Panics
    /// If the tree is not that of the batch.
    #[must_use]
    pub fn new(batch: &SpanBatch, tree: &TraceTree) -> Self {
        let trace = Trace::new(batch, tree);
        let (findings, left_out) = finding::listed(find::all(&trace));
        Self {
            operations: shares::of(&trace),
            findings,
            left_out,
            path_from: trace.measured.path_from,
            path_ns: trace.path_ns,
            self_ns: trace.measured.self_ns,
            path: trace.measured.path,
        }
    }

    /// Bytes that explaining a trace of so many spans takes for a while.
    #[must_use]
    pub fn memory_bytes(spans: usize) -> usize {
        spans * trace::BYTES_PER_SPAN
    }
}
