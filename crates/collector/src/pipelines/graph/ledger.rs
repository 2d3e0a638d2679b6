//! What became of spans in components that are no longer in the file: the sum over the
//! graph still has them.
//!
//! An account is kept as long as somebody holds it who may still count, and as long as
//! spans of it lie on the disk, which a later file may find again under its name. After
//! that only its numbers are kept. **No account is both here and among those that
//! run.**

use std::sync::Arc;

use crate::exporters::ExporterAccount;
use crate::pipelines::edges::EdgeAccount;
use crate::pipelines::sum::Counted;
use crate::processors::ProcessorAccount;

/// See the module's text.
#[derive(Debug, Default, Clone)]
pub(super) struct Ledger {
    pub(super) exporters: Vec<Arc<ExporterAccount>>,
    pub(super) processors: Vec<Arc<ProcessorAccount>>,
    pub(super) edges: Vec<Arc<EdgeAccount>>,
    pub(super) settled: Counted,
}

impl Ledger {
    /// Closes accounts that nothing changes any more.
    pub(super) fn settle(&mut self) {
        let settled = &mut self.settled;
        self.edges.retain(|account| {
            let is_held = Arc::strong_count(account) > 1;
            if !is_held {
                settled.settle_edge(account);
            }
            is_held
        });
        self.exporters.retain(|account| {
            let may_change = Arc::strong_count(account) > 1 || account.snapshot().in_flight > 0;
            if !may_change {
                settled.settle_exporter(account);
            }
            may_change
        });
        self.processors.retain(|account| {
            let may_change = Arc::strong_count(account) > 1 || !account.is_empty();
            if !may_change {
                settled.settle_processor(account);
            }
            may_change
        });
    }
}
