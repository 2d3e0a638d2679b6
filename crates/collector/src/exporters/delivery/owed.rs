//! What is still owed to a peer of one batch: every span of it is counted once, as
//! sent, as rejected, or as another peer's. **It never counts a span twice.**

use std::sync::Arc;

use crate::exporters::account::ExporterAccount;

/// Spans that the peer has not yet, as the account sees them.
pub(in crate::exporters) struct Owed {
    account: Arc<ExporterAccount>,
    spans: u64,
}

impl Owed {
    pub(in crate::exporters) fn new(account: &Arc<ExporterAccount>, spans: u64) -> Self {
        Self {
            account: Arc::clone(account),
            spans,
        }
    }

    pub(super) fn sent(&mut self, spans: u64) {
        self.spans -= spans;
        self.account.sent(spans);
    }

    pub(super) fn rejected(&mut self, reason: &'static str, spans: u64) {
        self.spans -= spans;
        if spans > 0 {
            self.account.rejected(reason, spans);
        }
    }

    /// So many of them are owed to that peer instead.
    pub(super) fn hand_over(&mut self, account: &Arc<ExporterAccount>, spans: u64) -> Self {
        self.spans -= spans;
        account.arrived(spans);
        self.account.moved(spans);
        Self::new(account, spans)
    }

    /// Nothing will become of the rest.
    pub(in crate::exporters) fn reject_rest(&mut self, reason: &'static str) {
        self.rejected(reason, self.spans);
    }
}
