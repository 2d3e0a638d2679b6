//! Spans that are not in the file yet, and who waits for them.

use std::sync::Arc;

use tracewell_model::StoreError;
use tracewell_model::store::Ack;

use crate::exporters::account::ExporterAccount;

/// See the module's text. Where it is dropped before its end (a panic, the end of
/// the process) they are lost, and told so.
pub(super) struct Held {
    account: Arc<ExporterAccount>,
    spans: u64,
    ack: Option<Ack>,
}

impl Held {
    pub(super) fn new(account: &Arc<ExporterAccount>, spans: u64, ack: Ack) -> Self {
        account.arrived(spans);
        Self {
            account: Arc::clone(account),
            spans,
            ack: Some(ack),
        }
    }

    pub(super) fn written(mut self) {
        self.account.sent(self.spans);
        self.tell(Ok(()));
    }

    pub(super) fn rejected(mut self, reason: &'static str, error: StoreError) {
        self.account.rejected(reason, self.spans);
        self.tell(Err(error));
    }

    fn tell(&mut self, result: Result<(), StoreError>) {
        if let Some(ack) = self.ack.take() {
            ack(result);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.ack.is_some() {
            self.account.rejected("lost", self.spans);
            self.tell(Err(StoreError::ShuttingDown));
        }
    }
}
