//! The traces that people look at just now, assembled.
//!
//! A page asks for the skeleton once and then for details of a few rows at a
//! time; assembling the trace for each would cost more than everything else.
//! Entries never grow stale in a harmful way: rows belong to a revision, and a
//! revision never changes. Whoever asks for a trace that is being assembled
//! waits his turn, so that readers do not hold parts of it several times. What
//! is remembered counts as memory of queries and goes when a query of the UI
//! wants it. **The cache never holds more than [`MAX_BYTES`]**; a trace larger than that is assembled anew each time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use tracewell_model::store::ScanReport;
use tracewell_model::{Reservation, SpanBatch, StoreError, TraceId, TraceStore};
use tracewell_query::TraceTree;

/// Bytes of all entries: three traces of 100,000 spans.
const MAX_BYTES: usize = 64 << 20;

/// Entries; more people than this rarely read at the same time, and losing an
/// entry costs some milliseconds.
const MAX_TRACES: usize = 8;

/// How often somebody who waits for a trace looks whether he still should.
const LOOK_UP_EVERY: Duration = Duration::from_millis(50);

/// Order, depth, subtree, parent, children.
const TREE_PER_SPAN: usize = 4 + 2 + 4 + 8 + 4;

/// A trace with its shape.
#[derive(Debug)]
pub(super) struct LoadedTrace {
    pub(super) id: TraceId,
    /// Changes when spans are added; the same whatever order spans came in.
    pub(super) revision: String,
    pub(super) batch: SpanBatch,
    pub(super) tree: TraceTree,
    /// What loading it cost.
    pub(super) report: ScanReport,
    /// Of the batch and the tree.
    memory: Reservation,
}

impl LoadedTrace {
    fn new(
        id: TraceId,
        (batch, mut memory): (SpanBatch, Reservation),
        report: ScanReport,
    ) -> Result<Self, StoreError> {
        // Making the tree takes about as much again for a moment.
        memory.grow(batch.len() * TREE_PER_SPAN * 2)?;
        Ok(Self {
            id,
            report,
            memory,
            revision: revision(&batch),
            tree: TraceTree::new(&batch),
            batch,
        })
    }

    /// Memory for an answer of so many bytes, to be kept while it is made.
    ///
    /// # Errors
    /// It is not to be had.
    pub(super) fn room_for(&self, bytes: usize) -> Result<Reservation, StoreError> {
        let mut room = self.memory.of_same_account();
        room.grow(bytes)?;
        Ok(room)
    }

    fn memory_bytes(&self) -> usize {
        self.batch.memory_bytes() + self.batch.len() * TREE_PER_SPAN
    }
}

/// The number of spans and a sum over them, so that their order is no matter.
fn revision(batch: &SpanBatch) -> String {
    let spans = batch.spans();
    let sum = (0..batch.len()).fold(0u64, |sum, row| {
        let id = u64::from_be_bytes(spans.span_id[row].0);
        let times = spans.start_ns[row] ^ (spans.duration_ns[row] as u64).rotate_left(32);
        // Multiplying by a large odd number spreads ids that count upwards.
        sum.wrapping_add((id ^ times).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    });
    format!("{:x}-{sum:016x}", batch.len())
}

/// Reads the trace as it is stored now.
fn read(
    store: &dyn TraceStore,
    id: TraceId,
    cancelled: &AtomicBool,
) -> Result<Option<LoadedTrace>, StoreError> {
    let found = store.traces(&[id], None, cancelled)?;
    let report = found.report;
    let held = found.only(id)?;
    held.map(|held| LoadedTrace::new(id, held, report))
        .transpose()
}

/// A trace that is being assembled, until dropped.
struct Loading<'a> {
    cache: &'a TraceCache,
    id: TraceId,
}

impl Drop for Loading<'_> {
    fn drop(&mut self) {
        let loading = &self.cache.loading;
        let mut loading = loading.lock().unwrap_or_else(PoisonError::into_inner);
        loading.retain(|id| *id != self.id);
        self.cache.loaded.notify_all();
    }
}

/// Recently loaded traces.
#[derive(Debug, Default)]
pub(super) struct TraceCache {
    /// The one used last comes last.
    entries: Mutex<Vec<Arc<LoadedTrace>>>,
    /// The traces that are being assembled.
    loading: Mutex<Vec<TraceId>>,
    loaded: Condvar,
}

impl TraceCache {
    /// Reads the trace as it is stored now, and remembers it. `None` if it is
    /// not there.
    ///
    /// # Errors
    /// What the store says.
    pub(super) fn load(
        &self,
        store: &dyn TraceStore,
        id: TraceId,
        cancelled: &AtomicBool,
    ) -> Result<Option<Arc<LoadedTrace>>, StoreError> {
        let _loading = self.begin(id, cancelled)?;
        let loaded = match read(store, id, cancelled) {
            Err(StoreError::OverBudget(over)) if over.may_pass() && self.forget_all() => {
                read(store, id, cancelled)
            }
            other => other,
        };
        let Some(trace) = loaded?.map(Arc::new) else {
            return Ok(None);
        };
        self.remember(Arc::clone(&trace));
        Ok(Some(trace))
    }

    /// The trace in this revision (`None`: whichever was used last) if it is
    /// remembered, else as it is stored now.
    ///
    /// # Errors
    /// What the store says.
    pub(super) fn get(
        &self,
        store: &dyn TraceStore,
        id: TraceId,
        revision: Option<&str>,
        cancelled: &AtomicBool,
    ) -> Result<Option<Arc<LoadedTrace>>, StoreError> {
        match self.recall(id, revision) {
            Some(trace) => Ok(Some(trace)),
            None => self.load(store, id, cancelled),
        }
    }

    /// Waits until nobody else assembles the trace.
    fn begin(&self, id: TraceId, cancelled: &AtomicBool) -> Result<Loading<'_>, StoreError> {
        let mut loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        while loading.contains(&id) {
            if cancelled.load(Ordering::Acquire) {
                return Err(StoreError::Cancelled);
            }
            let woken = self.loaded.wait_timeout(loading, LOOK_UP_EVERY);
            (loading, _) = woken.unwrap_or_else(PoisonError::into_inner);
        }
        loading.push(id);
        Ok(Loading { cache: self, id })
    }

    /// Gives up what is remembered; was there anything?
    fn forget_all(&self) -> bool {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        !std::mem::take(&mut *entries).is_empty()
    }

    fn recall(&self, id: TraceId, revision: Option<&str>) -> Option<Arc<LoadedTrace>> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let is_wanted = |trace: &Arc<LoadedTrace>| {
            trace.id == id && revision.is_none_or(|revision| trace.revision == revision)
        };
        let index = entries.iter().rposition(is_wanted)?;
        let trace = entries.remove(index);
        entries.push(Arc::clone(&trace));
        Some(trace)
    }

    fn remember(&self, trace: Arc<LoadedTrace>) {
        if trace.memory_bytes() > MAX_BYTES {
            return;
        }
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|known| known.id != trace.id || known.revision != trace.revision);
        entries.push(trace);
        let mut bytes: usize = entries.iter().map(|trace| trace.memory_bytes()).sum();
        while bytes > MAX_BYTES || entries.len() > MAX_TRACES {
            bytes -= entries.remove(0).memory_bytes();
        }
    }
}
