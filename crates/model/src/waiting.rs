//! The contract for spans that were taken and wait for a decision, so that people can
//! look at them meanwhile.
//!
//! They lie in batches, on the disk or elsewhere. Whoever keeps them says which
//! batches there are and reads one when it is asked; **what is looked at, in which
//! order and with how much memory is the reader's business**, and so is what the same
//! spans look like once they are stored.

use std::sync::Arc;

use crate::batch::SpanBatch;
use crate::ids::TraceId;
use crate::rows::RowSet;
use crate::spool::SpoolPlace;
use crate::store::{StoreError, TimeRange};

/// A batch of which some spans may wait, and what is known of it without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitingBatch {
    /// What whoever keeps it calls it.
    pub number: u32,
    /// Where it lies.
    pub place: SpoolPlace,
    /// All its spans, those among them that do not wait.
    pub spans: u32,
    /// Its times, those of spans that do not wait among them.
    pub times: BatchTimes,
}

/// When the spans of a batch run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BatchTimes {
    /// The earliest start, ns.
    pub first_start_ns: u64,
    /// The latest start, ns.
    pub last_start_ns: u64,
    /// The latest end, ns.
    pub last_end_ns: u64,
}

impl BatchTimes {
    /// Those of a batch.
    #[must_use]
    pub fn of(batch: &SpanBatch) -> Self {
        let spans = batch.spans();
        let (first_start_ns, last_start_ns) = batch.start_range_ns().unwrap_or_default();
        let times = spans.start_ns.iter().zip(&spans.duration_ns);
        let ends = times.map(|(start_ns, lasted_ns)| {
            let lasted_ns = u64::try_from(*lasted_ns).unwrap_or(0);
            start_ns.saturating_add(lasted_ns)
        });
        Self {
            first_start_ns,
            last_start_ns,
            last_end_ns: ends.max().unwrap_or_default(),
        }
    }

    /// May a span belong to the range?
    #[must_use]
    pub fn reach(&self, range: TimeRange) -> bool {
        range.overlaps(self.first_start_ns, self.last_end_ns)
    }
}

/// Keeps spans that wait. All methods may be called from many threads at once.
pub trait Waiting: Send + Sync + 'static {
    /// The batches that may have spans in the range that wait; nothing is read. What
    /// was acknowledged before the call MUST be among them as long as it waits.
    fn batches(&self, range: TimeRange) -> Vec<WaitingBatch>;

    /// The batches that may have spans of these traces that wait, each once, in the
    /// order in which they came; nothing is read. As [`Waiting::batches`] otherwise.
    fn batches_of(&self, traces: &[TraceId]) -> Vec<WaitingBatch>;

    /// A batch, and the rows of it that wait now; `None` when none does any more.
    /// **A span waits until whoever gets it next has acknowledged it**, or it is
    /// dropped for ever: who looks here first, and then there, misses none. May wait
    /// for the disk.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when it is not what was written;
    /// [`StoreError::Unavailable`] when the disk does not say at present.
    fn read(&self, batch: &WaitingBatch) -> Result<Option<(Arc<SpanBatch>, RowSet)>, StoreError>;

    /// Earliest and latest start of what waits, ns, as far as it is known. MUST NOT wait.
    fn start_range_ns(&self) -> Option<(u64, u64)>;

    /// How many spans of a trace wait. MUST NOT wait.
    fn spans_of(&self, trace: TraceId) -> u64;
}

/// Whoever keeps spans that wait now: asked for each read, because that changes while
/// the process runs.
pub type WhoWaits = Box<dyn Fn() -> Vec<Arc<dyn Waiting>> + Send + Sync>;
