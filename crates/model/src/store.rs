//! The contracts at which crates meet: [`Consumer`] takes spans in,
//! [`TraceStore`] keeps them and answers.
//!
//! The comments are the specification; the conformance suite in `testkit`
//! runs it against every implementation.

use crate::batch::{Level, SpanBatch, columns::ValueType};
use crate::filter::SpanFilter;
use crate::ids::TraceId;
use crate::rows::RowSet;
use crate::span_kind::SpanKind;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

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

/// Why a store refused, in a form that receivers and APIs turn into codes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// More is queued than the limit allows; the same request may succeed later.
    #[error("the store is busy: {0}")]
    Busy(String),
    /// The store cannot take or give data until somebody acts (disk full,
    /// failed sync, read-only file system); names the reason.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// The store is shutting down.
    #[error("the store is shutting down")]
    ShuttingDown,
    /// The caller went away or ran out of time.
    #[error("the query was cancelled")]
    Cancelled,
    /// Stored data could not be read.
    #[error("stored data could not be read: {0}")]
    Damaged(String),
}

/// Starts of spans: from `start_ns` up to and without `end_ns`, ns since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// First ns that belongs.
    pub start_ns: u64,
    /// First ns that no longer belongs.
    pub end_ns: u64,
}

impl TimeRange {
    /// All of time.
    pub const ALL: Self = Self {
        start_ns: 0,
        end_ns: u64::MAX,
    };

    /// Does a start belong?
    #[must_use]
    pub fn contains(&self, start_ns: u64) -> bool {
        (self.start_ns..self.end_ns).contains(&start_ns)
    }

    /// Does anything from `first_ns` to `last_ns`, both included, belong?
    #[must_use]
    pub fn overlaps(&self, first_ns: u64, last_ns: u64) -> bool {
        first_ns < self.end_ns && last_ns >= self.start_ns
    }
}

/// Which columns of a batch a scan's visitor reads beyond trace id, span id,
/// parent id, start and duration, which are always there. Others MAY be empty
/// or hold less than the store knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScanColumns {
    /// Span names, kinds and status codes.
    pub names: bool,
    /// `service.name` of the resource.
    pub services: bool,
    /// What [`crate::failure::failed_rows`] needs.
    pub failures: bool,
    /// Attributes of these levels and keys.
    pub attributes: Vec<(Level, Box<str>)>,
}

/// What a scan looks for.
#[derive(Debug, Clone)]
pub struct ScanRequest<'a> {
    /// Only spans that start in this range.
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
    /// No later chunk holds a span that starts at this time or after it, in ns
    /// (`u64::MAX` when nothing can be said): what is newer is final.
    pub settled_from_ns: u64,
}

/// How much a scan looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ScanReport {
    /// Blocks, live batches included as one, that were opened.
    pub searched_blocks: u64,
    /// Blocks that the time range did not rule out.
    pub total_blocks: u64,
    /// Bytes read from blocks, as stored.
    pub searched_bytes: u64,
    /// Spans whose filter columns were looked at.
    pub searched_spans: u64,
}

/// Called for every chunk of a scan; `Break` ends the scan without error.
pub type ScanVisitor<'v> = dyn FnMut(&ScanChunk<'_>, &ScanReport) -> ControlFlow<()> + 'v;

/// A service's operation with what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// `service.name`; empty for spans without one.
    pub service: String,
    /// Span name.
    pub name: String,
    /// Span kind.
    pub kind: SpanKind,
    /// Spans stored.
    pub spans: u64,
    /// Spans stored that failed.
    pub failed: u64,
}

/// An attribute key that occurs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttributeKey {
    /// Whose attribute.
    pub level: Level,
    /// The key.
    pub key: String,
    /// A type it occurs with.
    pub value_type: ValueType,
}

/// The state of a store, for people and metrics.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreStatus {
    /// Spans it holds, exact duplicates counted each time.
    pub spans: u64,
    /// Bytes on disk (or in memory for a store without one).
    pub bytes: u64,
    /// Bytes of memory that spans occupy.
    pub memory_bytes: u64,
    /// Sealed blocks.
    pub blocks: u64,
    /// Spans that retention has removed since the start of the process.
    pub removed_spans: u64,
    /// Earliest and latest span start it holds, ns.
    pub start_range_ns: Option<(u64, u64)>,
    /// Why it takes nothing at present, if so.
    pub unhealthy: Option<String>,
}

/// Keeps spans and answers questions. All methods may be called from many
/// threads at once. Methods that read may block on a disk.
pub trait TraceStore: Send + Sync + 'static {
    /// Stores a batch. MUST return without waiting for the disk. `ack` gets
    /// `Ok` only when every span of the batch survives a crash as far as the
    /// store promises durability, and is already visible to all reads that
    /// start after that; `Err` when none will ever be visible, except after a
    /// failed sync, when nobody can know. An empty batch is stored at once.
    /// When memory or queues are at their limit it MUST answer `Busy`.
    fn append(&self, batch: Arc<SpanBatch>, ack: Ack);

    /// The traces of these ids, in the order asked, each as one batch that
    /// holds all its spans in no order, without exact duplicates; `None` for a
    /// trace that is not there.
    ///
    /// # Errors
    /// [`StoreError::Cancelled`] or [`StoreError::Damaged`].
    fn traces(
        &self,
        ids: &[TraceId],
        cancelled: &AtomicBool,
    ) -> Result<Vec<Option<SpanBatch>>, StoreError>;

    /// Shows every stored span that matches to `visit`, newest parts first as
    /// far as the store can order them. A span that was stored twice MAY be
    /// shown twice; a matching span whose acknowledgement came before the call
    /// MUST be shown at least once. `visit` is called also for parts without a
    /// match, so that callers can report progress and stop.
    ///
    /// # Errors
    /// [`StoreError::Cancelled`] or [`StoreError::Damaged`].
    fn scan(
        &self,
        request: &ScanRequest<'_>,
        visit: &mut ScanVisitor<'_>,
    ) -> Result<ScanReport, StoreError>;

    /// Services and operations of spans in the range, in no order, each
    /// (service, name, kind) once. MAY count spans outside the range that lie
    /// in the same block.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    fn operations(&self, range: TimeRange) -> Result<Vec<Operation>, StoreError>;

    /// Attribute keys of spans in the range, sorted, each once. MAY hold keys
    /// from outside the range.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    fn attribute_keys(&self, range: TimeRange) -> Result<Vec<AttributeKey>, StoreError>;

    /// What it holds and how it is.
    fn status(&self) -> StoreStatus;

    /// Stops taking batches, finishes those it took, leaves everything so that
    /// the next start is quick. Idempotent. Reads keep working.
    fn shut_down(&self);
}
