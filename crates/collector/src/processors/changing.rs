//! Processors that neither wait nor join: a batch comes in, and goes on changed,
//! with fewer spans, or not at all.
//!
//! They run on the thread that brings the batch, which is one for such work. A
//! batch that nobody changes is handed on as it is; one that is shared with another
//! pipeline is copied before it is changed. **Spans that end here are acknowledged:
//! whoever sent them must not send them again.**

use std::sync::Arc;

use tracewell_model::store::Ack;
use tracewell_model::{Consumer, RowSet, SpanBatch, StoreError};

use super::account::ProcessorAccount;

/// What a processor does to a batch.
pub(crate) trait Change: Send + Sync + 'static {
    /// The batch as it goes on.
    ///
    /// # Errors
    /// Nothing of it goes on, and its sender is told so.
    fn change(
        &self,
        batch: Arc<SpanBatch>,
        account: &ProcessorAccount,
    ) -> Result<Arc<SpanBatch>, StoreError>;

    /// Under which reason spans count that do not go on.
    fn reason(&self) -> &'static str {
        "filtered"
    }
}

/// A [`Change`] before the next stage.
pub(crate) struct Changing {
    change: Box<dyn Change>,
    account: Arc<ProcessorAccount>,
    next: Arc<dyn Consumer>,
}

impl Changing {
    pub(crate) fn new(
        change: Box<dyn Change>,
        account: Arc<ProcessorAccount>,
        next: Arc<dyn Consumer>,
    ) -> Arc<Self> {
        Arc::new(Self {
            change,
            account,
            next,
        })
    }
}

impl Consumer for Changing {
    fn consume(&self, batch: Arc<SpanBatch>, ack: Ack) {
        let spans = batch.len() as u64;
        self.account.arrived(spans);
        match self.change.change(batch, &self.account) {
            Ok(changed) => {
                let left = changed.len() as u64;
                self.account
                    .dropped(self.change.reason(), spans - left.min(spans));
                self.account.passed(left);
                if changed.is_empty() {
                    return ack(Ok(()));
                }
                self.next.consume(changed, ack);
            }
            Err(error) => {
                self.account.rejected(spans);
                ack(Err(error));
            }
        }
    }
}

/// The batch with these spans only.
pub(crate) fn only(batch: Arc<SpanBatch>, rows: &RowSet) -> Arc<SpanBatch> {
    if rows.count() == batch.len() {
        return batch;
    }
    match Arc::try_unwrap(batch) {
        Ok(mut own) if rows.count() * 4 >= own.len() => {
            own.retain_spans(rows);
            Arc::new(own)
        }
        Ok(own) => Arc::new(own.select(rows)),
        Err(shared) => Arc::new(shared.select(rows)),
    }
}
