//! `batch`: joins small batches into larger ones.
//!
//! Clients wait until what they sent has gone on with the others: at most for
//! the timeout, and nothing is lost with the process that was acknowledged.

mod config;
#[cfg(test)]
mod tests;

pub use config::BatchConfig;

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tracewell_model::batch::concat::BatchJoiner;
use tracewell_model::store::Ack;
use tracewell_model::{Consumer, RowSet, SpanBatch};

use crate::pipelines::graph::Surroundings;
use crate::shared_ack::shared;

/// See the module's text.
pub struct Batch {
    config: BatchConfig,
    next: Arc<dyn Consumer>,
    runtime: Handle,
    waiting: Mutex<Waiting>,
    /// Itself, for the timer.
    this: std::sync::Weak<Batch>,
}

#[derive(Default)]
struct Waiting {
    batches: Vec<Arc<SpanBatch>>,
    acks: Vec<Ack>,
    spans: usize,
    /// Which of all that were ever gathered this is: a timer that comes late
    /// must not end the next one.
    number: u64,
}

impl Batch {
    /// Before `next`; what it has goes on when it ends.
    pub(super) fn build(
        config: BatchConfig,
        next: Arc<dyn Consumer>,
        surroundings: &Surroundings<'_>,
    ) -> Arc<dyn Consumer> {
        let this = Self::new(config, next, surroundings.runtime.clone());
        let ending = Arc::clone(&this);
        surroundings.endings.add(async move {
            // What follows may take its time over the spans.
            let sent = tokio::task::spawn_blocking(move || ending.end_all());
            if let Err(error) = sent.await {
                tracing::error!("batch did not end: {error}");
            }
        });
        this
    }

    /// Before `next`; its timer runs on `runtime`.
    #[must_use]
    pub fn new(config: BatchConfig, next: Arc<dyn Consumer>, runtime: Handle) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            config,
            next,
            runtime,
            waiting: Mutex::default(),
            this: this.clone(),
        })
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends on what was gathered, when it is still the one of this number.
    fn end(&self, number: u64) {
        let mut waiting = self.waiting();
        if waiting.number != number || waiting.batches.is_empty() {
            return;
        }
        let gathered = waiting.take();
        drop(waiting);
        self.send(gathered);
    }

    /// Sends on whatever was gathered.
    fn end_all(&self) {
        let number = self.waiting().number;
        self.end(number);
    }

    fn send(&self, gathered: Waiting) {
        let joined = self.joined(&gathered.batches);
        let ack: Ack = Box::new(move |result| {
            for ack in gathered.acks {
                ack(result.clone());
            }
        });
        let acks = shared(joined.len(), ack);
        for (batch, ack) in joined.into_iter().zip(acks) {
            self.next.consume(batch, ack);
        }
    }

    /// As few batches as may be.
    fn joined(&self, batches: &[Arc<SpanBatch>]) -> Vec<Arc<SpanBatch>> {
        let max = self.config.send_batch_max_size;
        if let [only] = batches
            && (max == 0 || only.len() <= max)
        {
            return vec![Arc::clone(only)];
        }
        let max = if max == 0 { usize::MAX } else { max };
        let mut done = Vec::new();
        let mut joiner = BatchJoiner::in_passing();
        for batch in batches {
            let mut from = 0;
            while from < batch.len() {
                let room = max - joiner.len();
                let to = batch.len().min(from.saturating_add(room));
                let rows = RowSet::from_fn(batch.len(), |row| (from..to).contains(&row));
                let is_full = joiner.append_rows(batch, &rows).is_err();
                if !is_full {
                    from = to;
                }
                if is_full && joiner.is_empty() {
                    // It does not even fit alone: it came as one batch, and goes as one.
                    done.push(Arc::clone(batch));
                    break;
                }
                if is_full || joiner.len() >= max {
                    let full = mem::replace(&mut joiner, BatchJoiner::in_passing());
                    done.push(Arc::new(full.finish()));
                }
            }
        }
        if !joiner.is_empty() {
            done.push(Arc::new(joiner.finish()));
        }
        done
    }
}

impl Waiting {
    fn take(&mut self) -> Self {
        let number = self.number;
        self.number += 1;
        Self {
            batches: mem::take(&mut self.batches),
            acks: mem::take(&mut self.acks),
            spans: mem::take(&mut self.spans),
            number,
        }
    }
}

impl Consumer for Batch {
    fn consume(&self, batch: Arc<SpanBatch>, ack: Ack) {
        let mut waiting = self.waiting();
        let is_first = waiting.batches.is_empty();
        waiting.spans += batch.len();
        waiting.batches.push(batch);
        waiting.acks.push(ack);
        let is_due = waiting.spans >= self.config.send_batch_size || self.config.timeout.is_zero();
        if is_due {
            let gathered = waiting.take();
            drop(waiting);
            self.send(gathered);
        } else if is_first {
            let (number, timeout) = (waiting.number, self.config.timeout);
            // What waits goes on, whatever becomes of the others that hold it.
            let Some(this) = self.this.upgrade() else {
                return;
            };
            self.runtime.spawn(async move {
                tokio::time::sleep(timeout).await;
                // What follows may take its time over the spans.
                tokio::task::spawn_blocking(move || this.end(number));
            });
        }
    }
}

impl std::fmt::Debug for Batch {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = formatter.debug_struct("Batch");
        debug.field("config", &self.config).finish_non_exhaustive()
    }
}
