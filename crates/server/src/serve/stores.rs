//! Opens the store that the configuration names, and puts it behind receivers.

use super::limits::MemoryShares;
use crate::config::{Config, Durability, Storage};
use std::path::Path;
use std::sync::Arc;
use tracewell_model::clock::SystemClock;
use tracewell_model::{Ack, Consumer, SpanBatch, TraceStore};
use tracewell_store::embedded::{EmbeddedStore, Retention, StoreOptions};
use tracewell_store::files::DiskFiles;
use tracewell_store::memory::MemoryStore;
use tracewell_store::wal::{self, WalOptions};

/// Of the log of one tenant of many, who may send very little.
const TENANT_SEGMENT_BYTES: u32 = 8 << 20;

/// Says so when spans lie in a data directory that belong to no tenant.
pub(super) fn warn_of_others(data_dir: &Path) {
    if data_dir.join("wal").exists() {
        tracing::warn!(
            "what was stored in {dir} before there were tenants belongs to none of them and is \
             not shown; to give it to one, stop the server and move everything in {dir} but \
             {dir}/tenants to {dir}/tenants/NAME",
            dir = data_dir.display()
        );
    }
}

/// Opens the store.
///
/// # Errors
/// What the store says, with the directory.
pub(super) fn open(config: &Config, shares: &MemoryShares) -> anyhow::Result<Arc<dyn TraceStore>> {
    if config.storage == Storage::Memory {
        let store = MemoryStore::new(shares.memory_store_bytes)
            .with_query_memory(shares.queries.clone())
            .beside(&shares.neighbours);
        return Ok(Arc::new(store));
    }
    let open = match config.is_read_only {
        true => EmbeddedStore::open_read_only,
        false => EmbeddedStore::open,
    };
    let (files, clock) = (Arc::new(DiskFiles), Arc::new(SystemClock));
    let (store, report) = open(files, &config.data_dir, options(config, shares), clock)?;
    if report.wal.spans > 0 || report.blocks > 0 {
        tracing::info!(
            blocks = report.blocks,
            spans_from_log = report.wal.spans,
            torn_tail_bytes = report.wal.torn_tail_bytes,
            removed_files = report.removed_files,
            "opened {}",
            config.data_dir.display()
        );
    }
    Ok(Arc::new(store))
}

fn options(config: &Config, shares: &MemoryShares) -> StoreOptions {
    let durability = match config.durability {
        Durability::Fsync => wal::Durability::Fsync,
        Durability::Os => wal::Durability::Os,
        Durability::None => wal::Durability::None,
    };
    let usual = WalOptions::default();
    let wal = match config.tenants.is_on {
        false => usual,
        true => WalOptions {
            segment_bytes: TENANT_SEGMENT_BYTES,
            spare_segments: 1,
            ..usual
        },
    };
    StoreOptions {
        wal: WalOptions { durability, ..wal },
        neighbours: shares.neighbours.clone(),
        seal_bytes: shares.seal_bytes,
        live_bytes: shares.live_bytes,
        compaction: shares.compaction,
        query_memory: shares.queries.clone(),
        retention: Retention {
            age: config.retention.age,
            bytes: config.retention.bytes,
            free_space: config.retention.free_space,
        },
        ..StoreOptions::default()
    }
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
