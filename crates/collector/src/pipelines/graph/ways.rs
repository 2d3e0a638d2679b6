//! What stands between components and is none: where spans go several ways, nowhere, or
//! cannot go on. **It keeps nothing.**

use std::sync::Arc;

use tracewell_model::store::Ack;
use tracewell_model::{Consumer, SpanBatch, StoreError};

use crate::pipelines::edges::{Copies, Refusals};
use crate::shared_ack::shared;

/// Hands to all of them; one alone is asked without a detour.
pub(crate) fn fan_out(
    mut consumers: Vec<Arc<dyn Consumer>>,
    copies: &Arc<Copies>,
) -> Arc<dyn Consumer> {
    match consumers.len() {
        1 => consumers.remove(0),
        _ => Arc::new(FanOut {
            consumers,
            copies: Arc::clone(copies),
        }),
    }
}

/// Acknowledges when all have acknowledged. Where one fails the sender hears of
/// it and sends again, to all of them.
struct FanOut {
    consumers: Vec<Arc<dyn Consumer>>,
    copies: Arc<Copies>,
}

impl Consumer for FanOut {
    fn consume(&self, batch: Arc<SpanBatch>, ack: Ack) {
        let copies = self.consumers.len().saturating_sub(1);
        self.copies.add((batch.len() * copies) as u64);
        let acks = shared(self.consumers.len(), ack);
        for (consumer, ack) in self.consumers.iter().zip(acks) {
            consumer.consume(Arc::clone(&batch), ack);
        }
    }
}

/// Takes everything and keeps nothing, as it was told.
pub(crate) struct Nop;

impl Consumer for Nop {
    fn consume(&self, _batch: Arc<SpanBatch>, ack: Ack) {
        ack(Ok(()));
    }
}

/// Takes nothing, and says why.
pub(super) struct Broken {
    pub(super) why: String,
    pub(super) refusals: Arc<Refusals>,
}

impl Consumer for Broken {
    fn consume(&self, batch: Arc<SpanBatch>, ack: Ack) {
        self.refusals.add(batch.len() as u64);
        ack(Err(StoreError::Unavailable(self.why.clone())));
    }
}
