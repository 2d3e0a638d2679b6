//! Why a store takes nothing or gives nothing.
//!
//! Receivers and APIs turn it into the codes of their protocols. **A kind that
//! clients should answer differently is a variant of its own**, never a text.

use crate::budget::OverBudget;
use crate::ids::TraceId;

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
