//! Counts root spans on their way to the store, and changes nothing of them.

use std::sync::Arc;

use tracewell_model::clock::Clock;
use tracewell_model::{Ack, Consumer, SpanBatch};

use crate::sampling::Sampling;

/// A root span that ended longer ago than this was not sent by who began it
/// now: it is imported, or had waited for a server that was away.
const LATE_NS: u64 = 10 * 60 * 1_000_000_000;

/// A stage before another.
#[derive(Debug)]
pub struct CountedRoots<C: ?Sized> {
    sampling: Arc<Sampling>,
    clock: Arc<dyn Clock>,
    next: Arc<C>,
}

impl<C: Consumer + ?Sized> CountedRoots<C> {
    /// What is counted here decides what clients are told.
    pub fn new(sampling: Arc<Sampling>, clock: Arc<dyn Clock>, next: Arc<C>) -> Self {
        Self {
            sampling,
            clock,
            next,
        }
    }
}

impl<C: Consumer + ?Sized> Consumer for CountedRoots<C> {
    fn consume(&self, batch: Arc<SpanBatch>, ack: Ack) {
        let since_ns = self.clock.now_ns().saturating_sub(LATE_NS);
        self.sampling.count_roots(&batch, since_ns);
        self.next.consume(batch, ack);
    }
}
