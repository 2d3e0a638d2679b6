//! What became of every value that an exporter of metrics was given.
//!
//! collected = sent + superseded + rejected + in flight, at any moment: all of it is
//! written under one lock.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use super::desk::Desk;

/// One exporter's account of metrics at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushSnapshot {
    /// Its name in the file.
    pub exporter: String,
    /// Where it sends.
    pub endpoint: String,
    /// Values of series that it was given, one for each and round.
    pub collected: u64,
    /// Those that the peer has.
    pub sent: u64,
    /// Those that did not get there before a newer value of the same series took their
    /// place. Nothing is lost by it.
    pub superseded: u64,
    /// Those that the peer has not, by reason.
    pub rejected: BTreeMap<&'static str, u64>,
    /// Those that wait, or are on their way.
    pub in_flight: u64,
    /// Messages that failed and were or will be sent again.
    pub retries: u64,
    /// What the peer said last when it took nothing.
    pub last_error: Option<String>,
}

/// A running account.
#[derive(Debug)]
pub struct PushAccount(Weak<Desk>);

impl PushAccount {
    pub(super) fn of(desk: &Arc<Desk>) -> Self {
        Self(Arc::downgrade(desk))
    }

    /// The state now; `None` once it has ended.
    #[must_use]
    pub fn snapshot(&self) -> Option<PushSnapshot> {
        Some(self.0.upgrade()?.snapshot())
    }
}

/// What is counted.
#[derive(Debug)]
pub(super) struct Tally {
    exporter: String,
    endpoint: String,
    pub(super) collected: u64,
    pub(super) sent: u64,
    pub(super) superseded: u64,
    rejected: BTreeMap<&'static str, u64>,
    pub(super) retries: u64,
    pub(super) last_error: Option<String>,
}

impl Tally {
    pub(super) fn new(exporter: String, endpoint: String) -> Self {
        Self {
            exporter,
            endpoint,
            collected: 0,
            sent: 0,
            superseded: 0,
            rejected: BTreeMap::new(),
            retries: 0,
            last_error: None,
        }
    }

    pub(super) fn reject(&mut self, reason: &'static str, points: u64) {
        if points > 0 {
            *self.rejected.entry(reason).or_default() += points;
        }
    }

    pub(super) fn snapshot(&self) -> PushSnapshot {
        let out = self.sent + self.superseded + self.rejected.values().sum::<u64>();
        PushSnapshot {
            exporter: self.exporter.clone(),
            endpoint: self.endpoint.clone(),
            collected: self.collected,
            sent: self.sent,
            superseded: self.superseded,
            rejected: self.rejected.clone(),
            // What is out came in.
            in_flight: self.collected - out,
            retries: self.retries,
            last_error: self.last_error.clone(),
        }
    }
}
