//! `debug`: spans as text in the log of this process, for people who look on.
//!
//! It shows and keeps nothing, so it acknowledges at once. **It never makes a
//! client wait**: what comes while much is still being written is counted and
//! not shown.

mod config;
mod text;

pub use config::{DebugConfig, Verbosity};

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tracewell_model::store::Ack;
use tracewell_model::{Consumer, SpanBatch};

/// Batches that may wait for the log.
const WAITING_MAX: usize = 64;

/// See the module's text.
pub(crate) struct Debug {
    name: String,
    verbosity: Verbosity,
    places: Arc<Semaphore>,
    not_shown: Arc<AtomicU64>,
    runtime: Handle,
}

impl Debug {
    pub(crate) fn new(name: String, config: &DebugConfig, runtime: Handle) -> Self {
        Self {
            name,
            verbosity: config.verbosity,
            places: Arc::new(Semaphore::new(WAITING_MAX)),
            not_shown: Arc::default(),
            runtime,
        }
    }
}

impl Consumer for Debug {
    fn consume(&self, batch: Arc<SpanBatch>, ack: Ack) {
        match Arc::clone(&self.places).try_acquire_owned() {
            Err(_full) => {
                let spans = batch.len() as u64;
                self.not_shown.fetch_add(spans, Ordering::Relaxed);
            }
            Ok(place) => {
                let (name, verbosity) = (self.name.clone(), self.verbosity);
                let not_shown = Arc::clone(&self.not_shown);
                self.runtime.spawn_blocking(move || {
                    let missed = not_shown.swap(0, Ordering::Relaxed);
                    if missed > 0 {
                        tracing::warn!("{name}: {missed} spans came too fast to be shown");
                    }
                    tracing::info!("{name}: {}", text::of(&batch, verbosity));
                    drop(place);
                });
            }
        }
        ack(Ok(()));
    }
}
