//! Counts that all connections share, and why things went wrong.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Different reasons that are kept; a server that invents more gets a rest row.
const MAX_REASONS: usize = 16;
/// Reasons come from the server, which may be talkative.
const MAX_REASON_CHARS: usize = 200;

/// A count that connections raise and the report reads.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    /// Adds to the count.
    pub(super) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// The count so far.
    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Everything that is counted; spans unless named otherwise.
#[derive(Debug, Default)]
pub(super) struct Totals {
    /// The server said it has them.
    pub(super) acknowledged: Counter,
    /// The server said it will never take them.
    pub(super) rejected: Counter,
    /// Tried for as long as allowed, without a final answer.
    pub(super) failed: Counter,
    /// Due, but the connections were still busy with earlier ones.
    pub(super) unsent: Counter,
    /// Traces that began in an acknowledged request.
    pub(super) traces: Counter,
    /// Requests sent, attempts included.
    pub(super) requests: Counter,
    /// Attempts after the first.
    pub(super) retries: Counter,
    /// Bytes of request bodies, attempts included.
    pub(super) bytes: Counter,
    reasons: Mutex<BTreeMap<String, u64>>,
}

/// How a run goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoFar {
    /// Spans that the server said it has.
    pub acknowledged: u64,
    /// Spans that it does not have although they were due.
    pub lost: u64,
    /// Attempts after the first.
    pub retries: u64,
}

impl Totals {
    /// What is to be told while it lasts.
    pub(super) fn so_far(&self) -> SoFar {
        SoFar {
            acknowledged: self.acknowledged.get(),
            lost: self.rejected.get() + self.failed.get() + self.unsent.get(),
            retries: self.retries.get(),
        }
    }

    /// Notes why spans were not taken.
    pub(super) fn reason(&self, mut reason: String, spans: u64) {
        if let Some((cut, _)) = reason.char_indices().nth(MAX_REASON_CHARS) {
            reason.truncate(cut);
        }
        // A panic while holding the lock leaves a map that is still whole.
        let mut reasons = self
            .reasons
            .lock()
            .unwrap_or_else(|broken| broken.into_inner());
        if reasons.len() >= MAX_REASONS && !reasons.contains_key(&reason) {
            reason = "other reasons".to_owned();
        }
        *reasons.entry(reason).or_default() += spans;
    }

    /// Notes why a request had to be sent again.
    pub(super) fn noted(&self, reason: String) {
        self.reason(reason, 0);
    }

    /// Each reason with the spans that were lost for it; 0 when a retry helped.
    pub(super) fn reasons(&self) -> Vec<(String, u64)> {
        let reasons = self
            .reasons
            .lock()
            .unwrap_or_else(|broken| broken.into_inner());
        reasons
            .iter()
            .map(|(reason, spans)| (reason.clone(), *spans))
            .collect()
    }
}
