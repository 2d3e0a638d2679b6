//! The contracts at which crates meet: [`Consumer`] takes spans in,
//! [`TraceStore`] keeps them and answers.
//!
//! The comments are the specification; the conformance suite in `testkit`
//! runs it against every implementation. What goes in and comes out has a file
//! for each idea.

mod columns;
mod error;
mod found;
mod listed;
mod report;
mod scan;
mod status;
mod time_range;

use crate::batch::SpanBatch;
use crate::batch::identity::Outline;
use crate::budget::QueryMemory;
use crate::ids::TraceId;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

pub use columns::{ScanColumns, Sums};
pub use error::{MAX_TRACE_BYTES, StoreError};
pub use found::FoundTraces;
pub use listed::{AttributeKey, Listed, Operation, OperationQuery, ServiceCount, begins_with};
pub use report::ScanReport;
pub use scan::{ScanChunk, ScanRequest, ScanVisitor, UnorderedVisitor, Weight};
pub use status::{CompactionStatus, DamagedBlock, DiskStatus, RunningMerge, StoreStatus};
pub use time_range::TimeRange;

/// Called exactly once with the fate of a batch, from any thread. It must not
/// block: the thread may be the one that syncs the log.
pub type Ack = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Something that takes batches: the next stage of a pipeline.
pub trait Consumer: Send + Sync + 'static {
    /// Takes a batch. MUST return promptly, without waiting for a disk or a
    /// network, and MUST call `ack` exactly once, then or later: `Ok` only
    /// when the spans are safe as far as this consumer promises, `Err` when
    /// none of them is. The receiver answers its client by what `ack` says.
    fn consume(&self, batch: Arc<SpanBatch>, ack: Ack);
}

/// Keeps spans and answers questions. All methods may be called from many
/// threads at once. Methods that read may block on a disk.
pub trait TraceStore: Send + Sync + 'static {
    /// Stores a batch. MUST return without waiting for the disk. `ack` gets
    /// `Ok` only when every span of the batch survives a crash as far as the
    /// store promises durability, and is already visible to all reads that
    /// start after that; `Err` when none will ever be visible, except after a
    /// write or a sync of the log that failed, when nobody can know. An empty batch is stored at once.
    /// When memory or queues are at their limit it MUST answer `Busy`.
    fn append(&self, batch: Arc<SpanBatch>, ack: Ack);

    /// The traces of these ids, in the order asked, each as one batch that
    /// holds all its spans without exact duplicates. They stand in no order, but
    /// spans of equal outlines MUST stand in the one that
    /// [`SpanBatch::into_distinct`] gives them, whatever columns are asked for
    /// and wherever they lie by now; `None` for a trace that is not there. `columns`: `None` for everything; otherwise
    /// the batches MAY be partial, but hold at least these columns of the same
    /// spans as with `None` (where only the missing columns could tell whether
    /// two spans are one, the store looks at them). What cannot be read is left
    /// out, and no more than that; the report counts it.
    ///
    /// # Errors
    /// [`StoreError::Cancelled`] or [`StoreError::Damaged`] when nothing can be read;
    /// [`StoreError::TooLarge`] when a trace has more than [`MAX_TRACE_BYTES`];
    /// [`StoreError::OverBudget`] when the traces together do not fit
    /// [`TraceStore::query_memory`], found before they are assembled.
    fn traces(
        &self,
        ids: &[TraceId],
        columns: Option<&ScanColumns>,
        cancelled: &AtomicBool,
    ) -> Result<FoundTraces, StoreError>;

    /// The spans of one trace that have one of these outlines, with all they
    /// have, as the one entry of the answer: a batch without exact duplicates,
    /// ordered as in [`TraceStore::traces`]; `None` when there are none. It SHOULD cost what these spans
    /// cost and not what the trace does. What cannot be read is left out, and
    /// the report counts it.
    ///
    /// # Errors
    /// As [`TraceStore::traces`].
    fn spans(
        &self,
        trace: TraceId,
        wanted: &[Outline],
        cancelled: &AtomicBool,
    ) -> Result<FoundTraces, StoreError> {
        let found = self.traces(&[trace], None, cancelled)?;
        Ok(found.only_spans(wanted))
    }

    /// Shows every stored span that matches to `visit`, newest parts first as
    /// far as the store can order them. A span that was stored twice MAY be
    /// shown twice; a matching span whose acknowledgement came before the call
    /// MUST be shown at least once. `visit` is called also for parts without a
    /// match, so that callers can report progress and stop. What cannot be read
    /// is left out, and no more than that; the report counts it.
    ///
    /// # Errors
    /// [`StoreError::Cancelled`] or [`StoreError::Damaged`].
    fn scan(
        &self,
        request: &ScanRequest<'_>,
        visit: &mut ScanVisitor<'_>,
    ) -> Result<ScanReport, StoreError>;

    /// As [`TraceStore::scan`], but in no order, so that several parts may be
    /// looked at at once: for whoever adds up. Each visitor sees some of the
    /// chunks, all together see each of them, and a `Break` of one ends the scan
    /// for all; a visitor is called by one thread at a time. At least one visitor is
    /// given; the store MAY leave others idle. `later_until_ns` says nothing. Here, and here
    /// alone, a store MAY show parted spans apart and sums, where that is asked for.
    ///
    /// # Errors
    /// As [`TraceStore::scan`].
    fn scan_unordered(
        &self,
        request: &ScanRequest<'_>,
        visitors: &mut [&mut UnorderedVisitor<'_>],
    ) -> Result<ScanReport, StoreError> {
        let Some(first) = visitors.first_mut() else {
            return Ok(ScanReport::default());
        };
        self.scan(request, &mut |chunk, report| first(chunk, report))
    }

    /// Services of spans in the range, sorted, each once. MUST cost what
    /// services cost, however many operations they have. MAY count spans
    /// outside the range that lie in the same block. What cannot be read is
    /// left out; the report counts it.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    fn services(&self, range: TimeRange) -> Result<Listed<ServiceCount>, StoreError>;

    /// The operations asked for, by service, name and kind, each once: the
    /// first `limit` of those that the store remembers. It MAY leave out rare ones
    /// where there are very many, and then says that there are more; with a
    /// prefix it SHOULD look further. MAY count
    /// spans outside the range that lie in the same block. What cannot be read
    /// is left out; the report counts it.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    fn operations(&self, query: &OperationQuery<'_>) -> Result<Listed<Operation>, StoreError>;

    /// Attribute keys of spans in the range, sorted, each once. MAY hold keys
    /// from outside the range. What cannot be read is left out; the report
    /// counts it.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    fn attribute_keys(&self, range: TimeRange) -> Result<Listed<AttributeKey>, StoreError>;

    /// How many spans of a trace, of those that answers show, are not stored yet:
    /// they wait for a decision ([`crate::waiting`]) and may go.
    fn waiting_spans(&self, trace: TraceId) -> u64 {
        let _none_waits_in_a_store = trace;
        0
    }

    /// The account that reads are charged to; readers charge what they make of
    /// the answers to the same.
    fn query_memory(&self) -> QueryMemory {
        QueryMemory::default()
    }

    /// What it holds and how it is.
    fn status(&self) -> StoreStatus;

    /// Stops taking batches, finishes those it took, leaves everything so that
    /// the next start is quick. Idempotent. Reads keep working.
    fn shut_down(&self);
}
