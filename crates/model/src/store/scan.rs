//! What a scan is asked and what it shows, part by part.
//!
//! **What it shows is borrowed**: whoever wants to keep spans copies them.

use super::{ScanColumns, ScanReport, TimeRange};
use crate::batch::SpanBatch;
use crate::filter::SpanFilter;
use crate::rows::RowSet;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

/// What a scan looks for.
#[derive(Debug, Clone)]
pub struct ScanRequest<'a> {
    /// Only spans that belong to this range: those that start in it, and those
    /// that run into it from before, as far as the store knows when they end.
    pub range: TimeRange,
    /// Only spans that match. Holds no test that needs the whole trace.
    pub filter: &'a SpanFilter,
    /// Only spans of traces that fulfil this, **as far as the store can tell**: it holds
    /// tests that are the same for all spans of a trace ([`Intrinsic::is_of_trace`]) and
    /// no others. Of a trace that may lie in several places the store MUST show all that
    /// match `filter`; it MAY ignore it.
    ///
    /// [`Intrinsic::is_of_trace`]: crate::filter::Intrinsic::is_of_trace
    pub traces: Option<&'a SpanFilter>,
    /// What the visitor wants to see of them.
    pub columns: ScanColumns,
    /// Set by anybody who no longer wants the answer.
    pub cancelled: &'a AtomicBool,
}

/// Part of a scan's answer.
#[derive(Debug)]
pub struct ScanChunk<'a> {
    /// Some spans of the store with the columns that were asked for.
    pub batch: &'a SpanBatch,
    /// The rows of it that match filter and range; may be empty.
    pub rows: &'a RowSet,
    /// No later chunk holds a span that starts after this, in ns: what is newer
    /// is final. `None` when no later chunk holds any span.
    pub later_until_ns: Option<u64>,
    /// Where [`ScanColumns::parted_apart`] was asked for: rows that match and belong to
    /// traces with spans elsewhere, or perhaps. These have ids; they are among the
    /// `rows` of this or another chunk. `None` says that all `rows` are.
    pub parted: Option<&'a RowSet>,
    /// How many traces the rows are of that are not parted, where
    /// [`ScanColumns::whole_traces`] was asked for.
    pub whole_traces: u64,
    /// What each row stands for, where [`ScanColumns::sums`] was asked for and given;
    /// `None` where rows are spans.
    pub weights: Option<&'a [Weight]>,
}

/// What a row stands for that is a sum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weight {
    /// Spans; none of a row that is an example of others and has ids.
    pub spans: u64,
    /// For how many they count ([`crate::trace_state::adjusted_count`]).
    pub adjusted: f64,
}

impl<'a> ScanChunk<'a> {
    /// Spans, each of which may be parted.
    #[must_use]
    pub fn of_spans(batch: &'a SpanBatch, rows: &'a RowSet, later_until_ns: Option<u64>) -> Self {
        Self {
            batch,
            rows,
            later_until_ns,
            parted: None,
            whole_traces: 0,
            weights: None,
        }
    }

    /// The rows that may be parted.
    #[must_use]
    pub fn parted_rows(&self) -> &'a RowSet {
        self.parted.unwrap_or(self.rows)
    }

    /// How many spans the rows are.
    #[must_use]
    pub fn spans(&self) -> u64 {
        match self.weights {
            Some(weights) => self.rows.iter().map(|row| weights[row].spans).sum(),
            None => self.rows.count() as u64,
        }
    }
}

/// Called for every chunk of a scan; `Break` ends the scan without error.
pub type ScanVisitor<'v> = dyn FnMut(&ScanChunk<'_>, &ScanReport) -> ControlFlow<()> + 'v;

/// The same of one thread of [`super::TraceStore::scan_unordered`].
pub type UnorderedVisitor<'v> =
    dyn FnMut(&ScanChunk<'_>, &ScanReport) -> ControlFlow<()> + Send + 'v;
