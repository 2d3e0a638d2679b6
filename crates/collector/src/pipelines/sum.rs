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

use super::edges::{Copies, EdgeAccount, LeadsTo};
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
pub(super) struct Summed<'a> {
    pub(super) edges: &'a [Arc<EdgeAccount>],
    pub(super) exporters: &'a [Arc<ExporterAccount>],
    pub(super) processors: &'a [Arc<ProcessorAccount>],
    /// Those of the processors that keep what they hand on until it is acknowledged.
    pub(super) keeping: &'a [Arc<ProcessorAccount>],
    pub(super) copies: &'a Copies,
}

impl Summed<'_> {
    /// Reads it all.
    pub(super) fn read(&self) -> Sum {
        let mut sum = Sum::default();
        for edge in self.edges {
            let ends = match edge.leads_to {
                LeadsTo::Component => continue,
                LeadsTo::Store => &mut sum.stored,
                LeadsTo::Counting => &mut sum.counted,
                LeadsTo::Nothing => &mut sum.discarded,
            };
            *ends += edge.taken();
            sum.rejected += edge.refused();
        }
        let kept = self.keeping.iter().map(|account| account.snapshot().passed);
        let no_longer_kept: u64 = kept.sum();
        for account in self.exporters {
            let account = account.snapshot();
            sum.forwarded += account.sent;
            sum.rejected += account.rejected.values().sum::<u64>();
        }
        for account in self.processors {
            let account = account.snapshot();
            sum.rejected += account.rejected;
            for (reason, spans) in account.dropped {
                *sum.dropped.entry(reason).or_default() += spans;
            }
        }
        // From here on what came in.
        sum.copied = self.copies.get().saturating_sub(no_longer_kept);
        let exporters = self.exporters.iter();
        sum.restored = exporters.map(|account| account.snapshot().restored).sum();
        let processors = self.processors.iter();
        sum.restored += processors
            .map(|account| account.snapshot().restored)
            .sum::<u64>();
        let entries = self.edges.iter().filter(|edge| edge.is_entry);
        sum.received = entries.map(|edge| edge.handed()).sum();
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
