//! Opens the store that the configuration names, and puts it behind receivers.

use super::limits::MemoryShares;
use crate::config::{Config, Storage};
use std::sync::Arc;
use tracewell_model::{Ack, Consumer, SpanBatch, TraceStore};
use tracewell_store::memory::MemoryStore;

/// Opens the store.
///
/// # Errors
/// What the store says, with the directory.
pub(super) fn open(config: &Config, shares: &MemoryShares) -> anyhow::Result<Arc<dyn TraceStore>> {
    Ok(match config.storage {
        Storage::Memory | Storage::Embedded => {
            Arc::new(MemoryStore::new(shares.memory_store_bytes))
        }
    })
}

/// The end of the pipeline: what arrives is stored.
pub(super) fn consumer(store: &Arc<dyn TraceStore>) -> Arc<dyn Consumer> {
    struct StoreExporter(Arc<dyn TraceStore>);
    impl Consumer for StoreExporter {
        fn consume(&self, batch: Arc<SpanBatch>, ack: Ack) {
            self.0.append(batch, ack);
        }
    }
    Arc::new(StoreExporter(Arc::clone(store)))
}
