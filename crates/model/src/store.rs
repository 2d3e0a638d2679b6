//! The contracts at which crates meet: [`Consumer`] takes spans in,
//! [`TraceStore`] keeps them and answers.
//!
//! The comments are the specification; the conformance suite in `testkit`
//! runs it against every implementation.

use crate::batch::{Level, SpanBatch, columns::ValueType};
use crate::budget::{OverBudget, QueryMemory, Reservation};
use crate::filter::{Condition, Field, Intrinsic, Place, SpanFilter};
use crate::ids::TraceId;
use crate::rows::RowSet;
use crate::span_kind::SpanKind;
use crate::tree::structure_columns;
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

/// Bytes of memory that one trace may need, as [`SpanBatch::memory_bytes`]
/// counts: some two million spans of everyday size.
pub const MAX_TRACE_BYTES: usize = 1 << 30;

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
    /// The batch can never be stored as it is; names what is too large, and
    /// the limit.
    #[error("the spans cannot be stored: {0}")]
    Refused(String),
    /// The store is shutting down.
    #[error("the store is shutting down")]
    ShuttingDown,
    /// The caller went away or ran out of time.
    #[error("the query was cancelled")]
    Cancelled,
    /// A trace has more spans than can be held at once.
    #[error(
        "trace {0} needs more than {limit} MiB of memory; search for its spans instead",
        limit = MAX_TRACE_BYTES >> 20
    )]
    TooLarge(TraceId),
    /// The query needs more memory than it may have, at all or at present.
    #[error(transparent)]
    OverBudget(#[from] OverBudget),
    /// Stored data could not be read.
    #[error("stored data could not be read: {0}")]
    Damaged(String),
}

/// A time: from `start_ns` up to and without `end_ns`, ns since the epoch. An
/// end of `u64::MAX` is no end: the last of all ns belongs as well.
///
/// A span belongs to it that starts in it or runs into it from before
/// ([`TimeRange::includes`], ADR-016).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// First ns that belongs.
    pub start_ns: u64,
    /// First ns that no longer belongs; `u64::MAX` when there is none.
    pub end_ns: u64,
}

impl TimeRange {
    /// All of time.
    pub const ALL: Self = Self {
        start_ns: 0,
        end_ns: u64::MAX,
    };

    /// Does a span belong that starts and lasts so?
    #[must_use]
    pub fn includes(&self, start_ns: u64, duration_ns: i64) -> bool {
        let end_ns = start_ns.saturating_add(duration_ns.max(0) as u64);
        let has_no_end = self.end_ns == u64::MAX;
        let is_empty = self.start_ns >= self.end_ns && !has_no_end;
        let is_begun = start_ns < self.end_ns || has_no_end;
        !is_empty && is_begun && (start_ns >= self.start_ns || end_ns > self.start_ns)
    }

    /// Does a moment belong?
    #[must_use]
    pub fn contains(&self, moment_ns: u64) -> bool {
        self.overlaps(moment_ns, moment_ns)
    }

    /// Does anything from `first_ns` to `last_ns`, both included, belong?
    #[must_use]
    pub fn overlaps(&self, first_ns: u64, last_ns: u64) -> bool {
        (first_ns < self.end_ns || self.end_ns == u64::MAX) && last_ns >= self.start_ns
    }
}

/// Which columns of spans a reader looks at beyond trace id, span id, parent
/// id, start and duration, which are always there. Others MAY be empty or hold
/// less than the store knows: such a batch is *partial*.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScanColumns {
    /// Span names, kinds and status codes.
    pub names: bool,
    /// Status messages.
    pub status_messages: bool,
    /// `service.name` of the resource.
    pub services: bool,
    /// Names and versions of instrumentation scopes.
    pub scopes: bool,
    /// What [`crate::failure::failed_rows`] needs.
    pub failures: bool,
    /// Events with names and times, without attributes.
    pub events: bool,
    /// Links with the ids they point to, without attributes.
    pub links: bool,
    /// Attributes of these levels and keys, with the events and links that
    /// have them.
    pub attributes: Vec<(Level, Box<str>)>,
}

impl ScanColumns {
    /// What the evaluation of a filter looks at. Tests that need the whole
    /// trace look at names, services and parents.
    #[must_use]
    pub fn of_filter(filter: &SpanFilter) -> Self {
        let mut columns = Self::default();
        filter.for_each_test(&mut |field, condition| match field {
            Field::Intrinsic(field) => columns.add_intrinsic(*field),
            Field::Attribute(place, keys) => {
                // Those that lack the key matter as well.
                let is_absence = matches!(condition, Condition::Absent);
                columns.events |= is_absence && *place == Place::Event;
                columns.links |= is_absence && *place == Place::Link;
                for level in place.levels() {
                    keys.iter().for_each(|key| columns.add(*level, key));
                }
            }
        });
        columns
    }

    /// Both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.add_all(other);
        self
    }

    fn add_all(&mut self, other: Self) {
        self.names |= other.names;
        self.status_messages |= other.status_messages;
        self.services |= other.services;
        self.scopes |= other.scopes;
        self.failures |= other.failures;
        self.events |= other.events;
        self.links |= other.links;
        for (level, key) in &other.attributes {
            self.add(*level, key);
        }
    }

    fn add(&mut self, level: Level, key: &str) {
        let wanted = (level, key.into());
        if !self.attributes.contains(&wanted) {
            self.attributes.push(wanted);
        }
    }

    fn add_intrinsic(&mut self, field: Intrinsic) {
        match field {
            Intrinsic::TraceId
            | Intrinsic::SpanId
            | Intrinsic::ParentSpanId
            | Intrinsic::Duration
            | Intrinsic::TraceDuration => {}
            Intrinsic::Name | Intrinsic::Kind | Intrinsic::Status => self.names = true,
            Intrinsic::ChildCount | Intrinsic::RootName => self.add_all(structure_columns()),
            Intrinsic::RootService => {
                self.add_all(structure_columns());
                self.services = true;
            }
            Intrinsic::StatusMessage => self.status_messages = true,
            Intrinsic::Failed => self.failures = true,
            Intrinsic::EventName | Intrinsic::EventTimeSinceStart => self.events = true,
            Intrinsic::LinkTraceId | Intrinsic::LinkSpanId => self.links = true,
            Intrinsic::ScopeName | Intrinsic::ScopeVersion => self.scopes = true,
        }
    }
}

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
    /// Blocks that were left out, whole or in part, because they cannot be
    /// read; [`StoreStatus::damaged`] names them. A log that lost spans counts
    /// as one.
    pub unread_blocks: u64,
    /// Did the log lose spans that it had acknowledged?
    pub lacks_log: bool,
    /// Spans in the parts that were left out, whether they match or not.
    pub unread_spans: u64,
}

impl ScanReport {
    /// What an answer made from this lacks, as a sentence for people.
    #[must_use]
    pub fn lacking(&self) -> Option<String> {
        let blocks = self.unread_blocks.saturating_sub(self.lacks_log.into());
        let blocks = match blocks {
            0 => None,
            1 => Some("1 block".to_owned()),
            blocks => Some(format!("{blocks} blocks")),
        };
        let subject = match (blocks, self.lacks_log) {
            (None, false) => return None,
            (Some(blocks), false) => blocks,
            (None, true) => "the write-ahead log".to_owned(),
            (Some(blocks), true) => format!("the write-ahead log and {blocks}"),
        };
        let spans = match self.unread_spans {
            // What was lost of the log cannot always be counted.
            0 => "spans".to_owned(),
            spans => format!("up to {spans} spans"),
        };
        Some(format!(
            "{subject} could not be read in full, {spans} are missing; \
             /api/status names what is damaged"
        ))
    }

    /// Takes over what another read of the same blocks left out: the larger
    /// number, because both met the same damage.
    pub fn lacks_also(&mut self, other: &Self) {
        self.unread_blocks = self.unread_blocks.max(other.unread_blocks);
        self.lacks_log |= other.lacks_log;
        self.unread_spans = self.unread_spans.max(other.unread_spans);
    }

    /// Adds what another read looked at, as if both were one.
    pub fn add(&mut self, other: &Self) {
        self.searched_blocks += other.searched_blocks;
        self.total_blocks += other.total_blocks;
        self.searched_bytes += other.searched_bytes;
        self.searched_spans += other.searched_spans;
        self.unread_blocks += other.unread_blocks;
        self.lacks_log |= other.lacks_log;
        self.unread_spans += other.unread_spans;
    }
}

/// A list of what occurs, and what it may lack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// What occurs in everything that can be read.
    pub entries: Vec<T>,
    /// What was left out. How much was looked at is not counted.
    pub report: ScanReport,
    /// More occurs than is listed: as many as were asked for, or more than is
    /// remembered. Spans of what is not listed are found all the same.
    pub has_more: bool,
}

impl<T> Listed<T> {
    /// A list that lacks nothing.
    #[must_use]
    pub fn whole(entries: Vec<T>) -> Self {
        Self {
            entries,
            report: ScanReport::default(),
            has_more: false,
        }
    }

    /// Why there may be more, in a sentence.
    #[must_use]
    pub fn lacking(&self) -> Option<String> {
        let more = self
            .has_more
            .then(|| "there are more than these".to_owned());
        let reasons: Vec<String> = self.report.lacking().into_iter().chain(more).collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }

    /// Another list made from this one, which lacks the same.
    pub fn map<U>(self, change: impl FnOnce(Vec<T>) -> Vec<U>) -> Listed<U> {
        Listed {
            entries: change(self.entries),
            report: self.report,
            has_more: self.has_more,
        }
    }
}

/// Traces that were asked for, and what it cost.
#[derive(Debug, Default, PartialEq)]
pub struct FoundTraces {
    /// In the order asked; `None` for a trace that is not there.
    pub traces: Vec<Option<SpanBatch>>,
    /// How much was looked at. Blocks that were ruled out without reading them
    /// count in `total_blocks` only.
    pub report: ScanReport,
    /// The memory of the traces: to be kept as long as they are.
    pub memory: Reservation,
}

impl FoundTraces {
    /// The trace, where only one was asked for, and the memory it holds.
    #[must_use]
    pub fn into_only(mut self) -> Option<(SpanBatch, Reservation)> {
        let batch = self.traces.pop().flatten()?;
        Some((batch, self.memory))
    }

    /// The trace `id`, which alone was asked for, and the memory it holds.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when it was not found and may lie in what could
    /// not be read: nobody can say that it is not stored.
    pub fn only(self, id: TraceId) -> Result<Option<(SpanBatch, Reservation)>, StoreError> {
        let lacking = self.report.lacking();
        match (
            self.into_only().filter(|(batch, _)| !batch.is_empty()),
            lacking,
        ) {
            (None, Some(lacking)) => Err(StoreError::Damaged(format!(
                "trace {id} was not found, but it may lie in what is damaged: {lacking}"
            ))),
            (found, _) => Ok(found),
        }
    }
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

/// A service with what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceCount {
    /// `service.name`; empty for spans without one.
    pub name: String,
    /// Spans stored.
    pub spans: u64,
    /// Spans stored that failed.
    pub failed: u64,
}

/// Which operations are asked for.
#[derive(Debug, Clone, Copy)]
pub struct OperationQuery<'a> {
    /// When.
    pub range: TimeRange,
    /// Those of this service; empty for spans without one, `None` for all.
    pub service: Option<&'a str>,
    /// Those of this kind; `None` for all.
    pub kind: Option<SpanKind>,
    /// Those whose name begins so, whatever the case.
    pub prefix: &'a str,
    /// Operations wanted, at most.
    pub limit: usize,
}

impl OperationQuery<'_> {
    /// Every operation in the range.
    #[must_use]
    pub fn all(range: TimeRange) -> Self {
        Self {
            range,
            service: None,
            kind: None,
            prefix: "",
            limit: usize::MAX,
        }
    }

    /// Is an operation of this name and kind asked for, if its service is?
    #[must_use]
    pub fn wants(&self, name: &str, kind: SpanKind) -> bool {
        self.kind.is_none_or(|wanted| wanted == kind) && begins_with(name, self.prefix)
    }

    /// Are operations of this service asked for?
    #[must_use]
    pub fn wants_service(&self, service: &str) -> bool {
        self.service.is_none_or(|wanted| wanted == service)
    }
}

/// Does the text begin so, whatever the case?
#[must_use]
pub fn begins_with(text: &str, prefix: &str) -> bool {
    let lower = |text: &str| {
        text.chars()
            .flat_map(char::to_lowercase)
            .collect::<String>()
    };
    match text.get(..prefix.len()) {
        _ if prefix.is_empty() => true,
        Some(head) if head.eq_ignore_ascii_case(prefix) => true,
        _ if prefix.is_ascii() && text.is_ascii() => false,
        _ => lower(text).starts_with(&lower(prefix)),
    }
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
    /// Spans it holds; exact duplicates count until they are removed.
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
    /// Blocks that cannot be read in full, for as long as that is so. It takes
    /// spans and answers all the same.
    pub damaged: Vec<DamagedBlock>,
    /// Reads since the start of the process that left something out because of
    /// them.
    pub incomplete_reads: u64,
    /// What else a person should know and may have to decide, though it works:
    /// what the start found lost, deletion that waits.
    pub attention: Vec<String>,
    /// The merging of blocks, where the store has any.
    pub compaction: CompactionStatus,
}

/// A block that cannot be read in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedBlock {
    /// Its name.
    pub name: String,
    /// Spans in the parts that answers leave out, as far as they were asked
    /// for; 0 where only the index is damaged and nothing is lost.
    pub spans: u64,
    /// What is wrong, with the file.
    pub reason: String,
    /// False when the disk refused and may not the next time.
    pub is_lasting: bool,
}

impl StoreStatus {
    /// Why people should look after it although it works, in a sentence.
    #[must_use]
    pub fn degraded(&self) -> Option<String> {
        let damaged = self.damaged.first().map(|first| {
            let spans: u64 = self.damaged.iter().map(|block| block.spans).sum();
            let subject = match self.damaged.len() {
                1 => "1 block is".to_owned(),
                blocks => format!("{blocks} blocks are"),
            };
            format!(
                "{subject} damaged, {spans} spans cannot be read; block {}: {}",
                first.name, first.reason
            )
        });
        let reasons = damaged.into_iter().chain(self.attention.iter().cloned());
        let reasons: Vec<String> = reasons.collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }
}

/// What the merging of blocks has done since the start of the process, and
/// what it has before it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CompactionStatus {
    /// Merges that ended well.
    pub merges: u64,
    /// Spans that these merges wrote.
    pub spans: u64,
    /// Bytes that these merges wrote.
    pub bytes: u64,
    /// Exact duplicates that these merges left out.
    pub duplicates: u64,
    /// Blocks that wait to be merged.
    pub backlog_blocks: u64,
    /// Bytes of these blocks.
    pub backlog_bytes: u64,
    /// The merge that runs now.
    pub running: Option<RunningMerge>,
    /// Why merging fails at present, or which blocks it leaves out.
    pub trouble: Option<String>,
}

/// How far a merge is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunningMerge {
    /// Spans it read.
    pub spans: u64,
    /// Spans it has written.
    pub written: u64,
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
    /// holds all its spans in no order, without exact duplicates; `None` for a
    /// trace that is not there. `columns`: `None` for everything; otherwise
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
