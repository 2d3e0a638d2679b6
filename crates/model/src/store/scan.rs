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
}

/// Called for every chunk of a scan; `Break` ends the scan without error.
pub type ScanVisitor<'v> = dyn FnMut(&ScanChunk<'_>, &ScanReport) -> ControlFlow<()> + 'v;

/// The same of one thread of [`super::TraceStore::scan_unordered`].
pub type UnorderedVisitor<'v> =
    dyn FnMut(&ScanChunk<'_>, &ScanReport) -> ControlFlow<()> + Send + 'v;
