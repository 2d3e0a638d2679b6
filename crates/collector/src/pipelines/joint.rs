//! Where one component hands to the next: what stands behind can be changed while
//! spans go through.
//!
//! | | what becomes of a batch |
//! |---|---|
//! | it leads somewhere | handed on there, on the thread that brought it |
//! | it is closed, because what stands behind is being opened | held until then |
//! | it is closed and [`HELD_MAX`] are held | busy, at once |
//!
//! Who changes it is told when nobody is underway any more to what stood there
//! before. **No lock is held while a batch is handed on.**

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};

use tracewell_model::store::Ack;
use tracewell_model::{Consumer, SpanBatch, StoreError};

use super::edges::Refusals;

/// Batches that may be held; their bytes are bounded where they came in.
const HELD_MAX: usize = 1_000;

/// See the module's text.
pub(crate) struct Joint {
    /// `None` while it is closed.
    next: RwLock<Option<Arc<Next>>>,
    held: Mutex<Vec<(Arc<SpanBatch>, Ack)>>,
    /// Of what was held, or came while much was.
    refusals: Arc<Refusals>,
}

/// What stands behind, and by who holds it, how many are underway to it.
struct Next(Arc<dyn Consumer>);

/// Those that are underway to what stood behind a joint before.
#[derive(Default)]
pub(crate) struct Underway(Weak<Next>);

impl Joint {
    /// One that is never closed.
    pub(crate) fn to(next: Arc<dyn Consumer>) -> Arc<Self> {
        Arc::new(Self {
            next: RwLock::new(Some(Arc::new(Next(next)))),
            held: Mutex::default(),
            refusals: Arc::default(),
        })
    }

    /// One that leads nowhere yet.
    pub(crate) fn closed(refusals: &Arc<Refusals>) -> Arc<Self> {
        Arc::new(Self {
            next: RwLock::default(),
            held: Mutex::default(),
            refusals: Arc::clone(refusals),
        })
    }

    /// From now on it leads there. What was held goes there first.
    pub(crate) fn lead_to(&self, next: Arc<dyn Consumer>) -> Underway {
        let before = self.replace(Some(Arc::new(Next(Arc::clone(&next)))));
        let held = std::mem::take(&mut *self.held());
        for (batch, ack) in held {
            next.consume(batch, ack);
        }
        before
    }

    /// Holds what comes from now on.
    pub(crate) fn close(&self) -> Underway {
        self.replace(None)
    }

    fn replace(&self, next: Option<Arc<Next>>) -> Underway {
        let mut place = self.next.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *place, next);
        Underway(before.as_ref().map(Arc::downgrade).unwrap_or_default())
    }

    fn held(&self) -> MutexGuard<'_, Vec<(Arc<SpanBatch>, Ack)>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<Arc<Next>> {
        let next = self.next.read().unwrap_or_else(PoisonError::into_inner);
        next.clone()
    }

    fn hold(&self, batch: Arc<SpanBatch>, ack: Ack) {
        let place = self.next.read().unwrap_or_else(PoisonError::into_inner);
        // It may have been opened meanwhile; as long as this is read it is not.
        if let Some(next) = place.clone() {
            drop(place);
            return next.0.consume(batch, ack);
        }
        let mut held = self.held();
        if held.len() < HELD_MAX {
            return held.push((batch, ack));
        }
        drop((held, place));
        self.refusals.add(batch.len() as u64);
        let why = "a component is being opened, and much waits for it already".to_owned();
        ack(Err(StoreError::Busy(why)));
    }
}

impl Underway {
    /// Is nobody?
    pub(crate) fn is_nobody(&self) -> bool {
        self.0.strong_count() == 0
    }
}

impl Consumer for Joint {
    fn consume(&self, batch: Arc<SpanBatch>, ack: Ack) {
        match self.next() {
            Some(next) => next.0.consume(batch, ack),
            None => self.hold(batch, ack),
        }
    }
}

impl Drop for Joint {
    fn drop(&mut self) {
        for (batch, ack) in std::mem::take(&mut *self.held()) {
            self.refusals.add(batch.len() as u64);
            ack(Err(StoreError::ShuttingDown));
        }
    }
}
