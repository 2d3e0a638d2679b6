//! The traces that people look at just now.
//!
//! A page asks for the skeleton once and then for details of a few rows at a
//! time. For those the outlines of its spans are kept (`opened`); the whole
//! trace only where somebody searches in it, because assembling it for each
//! letter would cost more than everything else. Whoever asks for a trace that is
//! being assembled waits his turn, so that readers do not hold parts of it
//! several times. **What is kept counts as memory of queries and goes when one
//! wants it.**

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use tracewell_model::budget::Kept;
use tracewell_model::{StoreError, TraceId, TraceStore};

use super::loaded::{LoadedTrace, Wanted, read};
use super::opened::OpenedTrace;
use super::recent::{Limits, Recent};

/// Whole traces: three of 100,000 spans.
const WHOLE: Limits = Limits {
    traces: 8,
    bytes: 64 << 20,
};

/// Outlines of opened ones: two of a million spans. More people than this
/// rarely read at the same time, and losing an entry costs a skeleton's time.
const OPENED: Limits = Limits {
    traces: 32,
    bytes: 64 << 20,
};

/// How often somebody who waits for a trace looks whether he still should.
const LOOK_UP_EVERY: Duration = Duration::from_millis(50);

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

/// Recently opened and loaded traces.
#[derive(Debug)]
pub(crate) struct TraceCache {
    opened: Recent<OpenedTrace>,
    whole: Recent<LoadedTrace>,
    /// The traces that are being assembled.
    loading: Mutex<Vec<TraceId>>,
    loaded: Condvar,
}

impl Default for TraceCache {
    fn default() -> Self {
        Self {
            opened: Recent::new(OPENED),
            whole: Recent::new(WHOLE),
            loading: Mutex::default(),
            loaded: Condvar::new(),
        }
    }
}

impl TraceCache {
    /// Reads the whole trace as it is stored now, and remembers it. `None` if it
    /// is not there.
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
        let trace = read(store, id, Wanted::Whole, cancelled)?.map(Arc::new);
        if let Some(trace) = &trace {
            self.whole.remember(Arc::clone(trace));
        }
        Ok(trace)
    }

    /// The whole trace in this revision (`None`: whichever was used last) if it
    /// is remembered, else as it is stored now.
    ///
    /// # Errors
    /// What the store says.
    pub(super) fn whole(
        &self,
        store: &dyn TraceStore,
        id: TraceId,
        revision: Option<&str>,
        cancelled: &AtomicBool,
    ) -> Result<Option<Arc<LoadedTrace>>, StoreError> {
        match self.whole.recall(id, revision) {
            Some(trace) => Ok(Some(trace)),
            None => self.load(store, id, cancelled),
        }
    }

    /// Reads what a skeleton shows of the trace, as it is stored now.
    ///
    /// # Errors
    /// What the store says.
    pub(super) fn skeleton(
        &self,
        store: &dyn TraceStore,
        id: TraceId,
        cancelled: &AtomicBool,
    ) -> Result<Option<Arc<LoadedTrace>>, StoreError> {
        let _loading = self.begin(id, cancelled)?;
        let trace = read(store, id, Wanted::Skeleton, cancelled)?;
        Ok(trace.map(Arc::new))
    }

    /// The rows of the trace in this revision (`None`: whichever was used last)
    /// if they are remembered, else as it is stored now.
    ///
    /// # Errors
    /// What the store says.
    pub(super) fn opened(
        &self,
        store: &dyn TraceStore,
        id: TraceId,
        revision: Option<&str>,
        cancelled: &AtomicBool,
    ) -> Result<Option<Arc<OpenedTrace>>, StoreError> {
        if let Some(opened) = self.opened.recall(id, revision) {
            return Ok(Some(opened));
        }
        let trace = self.skeleton(store, id, cancelled)?;
        trace.map(|trace| self.open(&trace)).transpose()
    }

    /// Remembers the rows of a trace.
    ///
    /// # Errors
    /// There is no memory for them.
    pub(super) fn open(&self, trace: &LoadedTrace) -> Result<Arc<OpenedTrace>, StoreError> {
        let opened = Arc::new(OpenedTrace::new(trace)?);
        self.opened.remember(Arc::clone(&opened));
        Ok(opened)
    }

    /// What it holds and may hold of opened traces, and of whole ones.
    pub(crate) fn held(&self) -> [(Limits, Limits); 2] {
        [
            (self.opened.held(), self.opened.limits()),
            (self.whole.held(), self.whole.limits()),
        ]
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
}

impl Kept for TraceCache {
    fn forget(&self) {
        self.whole.forget_all();
        self.opened.forget_all();
    }
}
