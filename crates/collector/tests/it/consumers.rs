//! Consumers that stand in for a store.

use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;
use tracewell_model::{Ack, Consumer, SpanBatch, StoreError};

/// Keeps everything and says so at once.
#[derive(Default)]
pub(crate) struct Recorder {
    batches: Mutex<Vec<Arc<SpanBatch>>>,
}

impl Recorder {
    /// Names of all spans, in the order of arrival.
    pub(crate) fn names(&self) -> Vec<String> {
        let batches = self.batches.lock().unwrap();
        let names = batches.iter().flat_map(|batch| {
            let column = &batch.spans().name;
            (0..batch.len()).map(|row| column.get(row).to_owned())
        });
        names.collect()
    }

    pub(crate) fn spans(&self) -> usize {
        let batches = self.batches.lock().unwrap();
        batches.iter().map(|batch| batch.len()).sum()
    }
}

impl Consumer for Recorder {
    fn consume(&self, batch: Arc<SpanBatch>, ack: Ack) {
        self.batches.lock().unwrap().push(batch);
        ack(Ok(()));
    }
}

/// Refuses everything for one reason.
pub(crate) struct Refusing(pub(crate) StoreError);

impl Consumer for Refusing {
    fn consume(&self, _: Arc<SpanBatch>, ack: Ack) {
        ack(Err(self.0.clone()));
    }
}

/// Breaks the contract: drops batches and never answers.
pub(crate) struct Losing;

impl Consumer for Losing {
    fn consume(&self, _: Arc<SpanBatch>, ack: Ack) {
        drop(ack);
    }
}

/// Lets the test answer.
pub(crate) struct Holding(mpsc::UnboundedSender<Ack>);

impl Holding {
    pub(crate) fn new() -> (Arc<Self>, mpsc::UnboundedReceiver<Ack>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Arc::new(Self(sender)), receiver)
    }
}

impl Consumer for Holding {
    fn consume(&self, _: Arc<SpanBatch>, ack: Ack) {
        assert!(self.0.send(ack).is_ok(), "the test no longer takes acks");
    }
}
