//! Counts root spans on their way to the store, and changes nothing of them.

use std::sync::Arc;

use tracewell_model::{Ack, Consumer, SpanBatch};

use crate::sampling::Sampling;

/// A stage before another.
#[derive(Debug)]
pub struct CountedRoots<C: ?Sized> {
    sampling: Arc<Sampling>,
    next: Arc<C>,
}

impl<C: Consumer + ?Sized> CountedRoots<C> {
    /// What is counted here decides what clients are told.
    pub fn new(sampling: Arc<Sampling>, next: Arc<C>) -> Self {
        Self { sampling, next }
    }
}

impl<C: Consumer + ?Sized> Consumer for CountedRoots<C> {
    fn consume(&self, batch: Arc<SpanBatch>, ack: Ack) {
        self.sampling.count_roots(&batch);
        self.next.consume(batch, ack);
    }
}
