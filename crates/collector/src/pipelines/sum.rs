//! The sum over a whole graph: every span that came into it is somewhere, once for each
//! way that it goes.
//!
//! ```text
//! received + restored + copied = stored + forwarded + counted + discarded
//!                              + dropped + rejected + in flight
//! ```
//!
//! Where a pipeline ends in two exporters a span is there twice from then on: one is
//! `received`, the other `copied`. What tail sampling hands on and keeps until it is
//! acknowledged is there twice for so long, and for good where the answer is an error.
//! **What went out is read before what came in**, so that at every moment no more is out
//! than in, and what remains is in flight.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::edges::{Copies, EdgeAccount, LeadsTo, Refusals};
use crate::exporters::ExporterAccount;
use crate::processors::ProcessorAccount;

/// The sum at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sum {
    /// Spans that receivers handed to pipelines.
    pub received: u64,
    /// Spans that an earlier process left on the disk.
    pub restored: u64,
    /// Spans that are there once more, as they go several ways.
    pub copied: u64,
    /// Spans that the store of this process has.
    pub stored: u64,
    /// Spans that a peer has, or a file.
    pub forwarded: u64,
    /// Spans that a connector has made numbers of.
    pub counted: u64,
    /// Spans that went nowhere, or into the log, as the file says.
    pub discarded: u64,
    /// Spans that end in a processor because the file says so, by reason.
    pub dropped: BTreeMap<&'static str, u64>,
    /// Spans that were refused, or could not be handed on. Who sent them was told,
    /// unless they were on the disk.
    pub rejected: u64,
    /// Spans that are on their way, or wait.
    pub in_flight: u64,
}

/// What the sum is made of.
#[derive(Debug, Default, Clone)]
pub(super) struct Summed {
    /// What accounts came to that nothing changes any more.
    pub(super) settled: Counted,
    pub(super) edges: Vec<Arc<EdgeAccount>>,
    pub(super) exporters: Vec<Arc<ExporterAccount>>,
    pub(super) processors: Vec<Arc<ProcessorAccount>>,
    pub(super) copies: Arc<Copies>,
    pub(super) refusals: Arc<Refusals>,
}

/// What some accounts come to.
#[derive(Debug, Default, Clone)]
pub(super) struct Counted {
    sum: Sum,
    /// Copies that are none any more: what was handed on is no longer kept.
    no_longer_kept: u64,
}

impl Summed {
    /// Reads it all.
    pub(super) fn read(self) -> Sum {
        let mut counted = self.settled;
        counted.sum.rejected += self.refusals.get();
        self.edges.iter().for_each(|edge| counted.left(edge));
        for account in &self.processors {
            counted.no_longer_kept(account);
        }
        for account in &self.exporters {
            counted.sent(account);
        }
        for account in &self.processors {
            counted.ended(account);
        }
        // From here on what came in.
        let copied = self.copies.get().saturating_sub(counted.no_longer_kept);
        for account in &self.exporters {
            counted.sum.restored += account.snapshot().restored;
        }
        for account in &self.processors {
            counted.sum.restored += account.snapshot().restored;
        }
        self.edges.iter().for_each(|edge| counted.entered(edge));
        let mut sum = counted.sum;
        sum.copied = copied;
        let came = sum.received + sum.restored + sum.copied;
        let dropped: u64 = sum.dropped.values().sum();
        let ended = [
            sum.stored,
            sum.forwarded,
            sum.counted,
            sum.discarded,
            sum.rejected,
            dropped,
        ];
        sum.in_flight = came.saturating_sub(ended.iter().sum::<u64>());
        sum
    }
}

impl Counted {
    /// Adds an edge that nobody hands anything over any more.
    pub(super) fn settle_edge(&mut self, edge: &EdgeAccount) {
        self.left(edge);
        self.entered(edge);
    }

    /// Adds the account of an exporter that is gone.
    pub(super) fn settle_exporter(&mut self, account: &ExporterAccount) {
        self.sent(account);
        self.sum.restored += account.snapshot().restored;
    }

    /// Adds the account of a processor that is gone.
    pub(super) fn settle_processor(&mut self, account: &ProcessorAccount) {
        self.no_longer_kept(account);
        self.ended(account);
        self.sum.restored += account.snapshot().restored;
    }

    fn left(&mut self, edge: &EdgeAccount) {
        let ends = match edge.leads_to {
            LeadsTo::Component => return,
            LeadsTo::Store => &mut self.sum.stored,
            LeadsTo::Counting => &mut self.sum.counted,
            LeadsTo::Nothing => &mut self.sum.discarded,
        };
        *ends += edge.taken();
        self.sum.rejected += edge.refused();
    }

    fn entered(&mut self, edge: &EdgeAccount) {
        if edge.is_entry {
            self.sum.received += edge.handed();
        }
    }

    fn sent(&mut self, account: &ExporterAccount) {
        let account = account.snapshot();
        self.sum.forwarded += account.sent;
        self.sum.rejected += account.rejected.values().sum::<u64>();
    }

    fn no_longer_kept(&mut self, account: &ProcessorAccount) {
        if account.is_keeping() {
            self.no_longer_kept += account.snapshot().passed;
        }
    }

    fn ended(&mut self, account: &ProcessorAccount) {
        let account = account.snapshot();
        self.sum.rejected += account.rejected;
        for (reason, spans) in account.dropped {
            *self.sum.dropped.entry(reason).or_default() += spans;
        }
    }
}
