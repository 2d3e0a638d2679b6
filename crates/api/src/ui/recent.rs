//! What was used last, within a number and a number of bytes.
//!
//! Entries never grow stale in a harmful way: they belong to a revision of a
//! trace, and a revision never changes. **It never holds more than its
//! limits**; what alone is larger is not kept.

use std::sync::{Arc, Mutex, PoisonError};

use tracewell_model::TraceId;

/// Something made from one revision of a trace.
pub(super) trait OfTrace {
    fn id(&self) -> TraceId;
    fn revision(&self) -> &str;
    fn memory_bytes(&self) -> usize;
}

/// What it may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) traces: usize,
    pub(crate) bytes: usize,
}

/// The entries.
#[derive(Debug)]
pub(super) struct Recent<T> {
    limits: Limits,
    /// The one used last comes last.
    entries: Mutex<Vec<Arc<T>>>,
}

impl<T: OfTrace> Recent<T> {
    pub(super) const fn new(limits: Limits) -> Self {
        Self {
            limits,
            entries: Mutex::new(Vec::new()),
        }
    }

    /// The entry of this trace in this revision (`None`: whichever was used
    /// last).
    pub(super) fn recall(&self, id: TraceId, revision: Option<&str>) -> Option<Arc<T>> {
        let mut entries = self.entries();
        let is_wanted = |entry: &Arc<T>| {
            entry.id() == id && revision.is_none_or(|revision| entry.revision() == revision)
        };
        let index = entries.iter().rposition(is_wanted)?;
        let entry = entries.remove(index);
        entries.push(Arc::clone(&entry));
        Some(entry)
    }

    /// Keeps the entry as the one used last; those used least recently go.
    pub(super) fn remember(&self, entry: Arc<T>) {
        if entry.memory_bytes() > self.limits.bytes {
            return;
        }
        let mut entries = self.entries();
        entries.retain(|known| known.id() != entry.id() || known.revision() != entry.revision());
        entries.push(entry);
        let mut bytes: usize = entries.iter().map(|entry| entry.memory_bytes()).sum();
        while bytes > self.limits.bytes || entries.len() > self.limits.traces {
            bytes -= entries.remove(0).memory_bytes();
        }
    }

    /// Gives up what is kept.
    pub(super) fn forget_all(&self) {
        self.entries().clear();
    }

    /// How much it holds at present.
    pub(super) fn held(&self) -> Limits {
        let entries = self.entries();
        Limits {
            traces: entries.len(),
            bytes: entries.iter().map(|entry| entry.memory_bytes()).sum(),
        }
    }

    /// How much it may hold.
    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, Vec<Arc<T>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
