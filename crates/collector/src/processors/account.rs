//! What became of every span that a processor was given.
//!
//! received = passed on + dropped, by reason + rejected + in flight, at any moment:
//! what is in flight is what remains of the others, which are read in an order that
//! never shows more out than in.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracewell_model::waiting::Waiting;

use super::tail_sampling::DecisionCounts;
use crate::pipelines::ComponentId;

/// One processor's account at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessorSnapshot {
    /// The pipeline it stands in, as the file calls it.
    pub pipeline: String,
    /// Its name in the file.
    pub processor: String,
    /// Spans that it was given, those among them that were found on the disk.
    pub received: u64,
    /// Spans that an earlier process was given, and that were found on the disk.
    pub restored: u64,
    /// Spans that it handed on, with those that it found again at the start.
    pub passed: u64,
    /// Spans that end here because the file says so, by reason: `filtered`,
    /// `sampled_out`.
    pub dropped: BTreeMap<&'static str, u64>,
    /// Spans that it could not take; whoever sent them keeps them.
    pub rejected: u64,
    /// Spans that wait in it.
    pub in_flight: u64,
    /// Conditions and statements that failed on a span, which was left as it was.
    pub errors: u64,
    /// What was decided of traces, of a processor that decides.
    pub decisions: Option<DecisionCounts>,
}

/// A running account.
#[derive(Debug)]
pub struct ProcessorAccount {
    pipeline: String,
    processor: String,
    received: AtomicU64,
    restored: AtomicU64,
    passed: AtomicU64,
    dropped: Mutex<BTreeMap<&'static str, u64>>,
    rejected: AtomicU64,
    errors: AtomicU64,
    /// It keeps what it hands on until that is acknowledged.
    is_keeping: AtomicBool,
    decisions: Mutex<Decisions>,
    waiting: Mutex<Option<Shown>>,
}

/// Spans that wait in it.
struct Shown(Arc<dyn Waiting>);

impl std::fmt::Debug for Shown {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Shown")
    }
}

#[derive(Debug, Default)]
struct Decisions {
    /// By processors that were here before, as the file had them then.
    earlier: Option<DecisionCounts>,
    now: Option<DecisionCounts>,
}

impl Decisions {
    fn shown(&self) -> Option<DecisionCounts> {
        let mut all = self.now.clone()?;
        let policies = all.policies.len();
        self.earlier.iter().for_each(|earlier| all.add(earlier));
        // Of those that are there now.
        all.policies.truncate(policies);
        Some(all)
    }
}

impl ProcessorAccount {
    pub(crate) fn new(pipeline: String, processor: String) -> Arc<Self> {
        Arc::new(Self {
            pipeline,
            processor,
            received: AtomicU64::new(0),
            restored: AtomicU64::new(0),
            passed: AtomicU64::new(0),
            dropped: Mutex::default(),
            rejected: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            is_keeping: AtomicBool::new(false),
            decisions: Mutex::default(),
            waiting: Mutex::default(),
        })
    }

    pub(crate) fn is_of(&self, pipeline: &str, processor: &ComponentId) -> bool {
        self.pipeline == pipeline && self.processor == processor.to_string()
    }

    /// How it is called in the log.
    pub(crate) fn name(&self) -> String {
        format!("{} in {}", self.processor, self.pipeline)
    }

    /// The state now.
    #[must_use]
    pub fn snapshot(&self) -> ProcessorSnapshot {
        let dropped = self.dropped.lock().unwrap_or_else(PoisonError::into_inner);
        let dropped = dropped.clone();
        let passed = self.passed.load(Ordering::Acquire);
        let rejected = self.rejected.load(Ordering::Acquire);
        // Last: what is out was in before.
        let received = self.received.load(Ordering::Acquire);
        let out = passed + rejected + dropped.values().sum::<u64>();
        ProcessorSnapshot {
            pipeline: self.pipeline.clone(),
            processor: self.processor.clone(),
            received,
            restored: self.restored.load(Ordering::Relaxed),
            passed,
            dropped,
            rejected,
            in_flight: received.saturating_sub(out),
            errors: self.errors.load(Ordering::Relaxed),
            decisions: self.decisions().shown(),
        }
    }

    pub(crate) fn arrived(&self, spans: u64) {
        self.received.fetch_add(spans, Ordering::Release);
    }

    /// It keeps what it hands on until that is acknowledged: until then it is there
    /// twice.
    pub(crate) fn keeps(&self) {
        self.is_keeping.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_keeping(&self) -> bool {
        self.is_keeping.load(Ordering::Relaxed)
    }

    /// Has it nothing left?
    pub(crate) fn is_empty(&self) -> bool {
        self.snapshot().in_flight == 0
    }

    /// So many wait in it, as it is opened. Those count as received unless they did
    /// before in this process; of those, what is not found any more is not handed on.
    pub(crate) fn restored(&self, spans: u64) {
        let left = self.snapshot().in_flight;
        let found = spans.saturating_sub(left);
        self.restored.fetch_add(found, Ordering::Relaxed);
        self.arrived(found);
        let lost = left.saturating_sub(spans);
        if lost > 0 {
            tracing::warn!(
                "{}: {lost} spans that waited on the disk are not where it looks now; they are \
                 decided when the file has their storage again",
                self.name()
            );
            self.rejected(lost);
        }
        let mut decisions = self.decisions();
        if let Some(mut counts) = decisions.now.take() {
            decisions.earlier.iter().for_each(|other| counts.add(other));
            decisions.earlier = Some(counts);
        }
    }

    pub(crate) fn passed(&self, spans: u64) {
        self.passed.fetch_add(spans, Ordering::Release);
    }

    pub(crate) fn dropped(&self, reason: &'static str, spans: u64) {
        if spans > 0 {
            let mut dropped = self.dropped.lock().unwrap_or_else(PoisonError::into_inner);
            *dropped.entry(reason).or_default() += spans;
        }
    }

    pub(crate) fn rejected(&self, spans: u64) {
        self.rejected.fetch_add(spans, Ordering::Release);
    }

    fn decisions(&self) -> MutexGuard<'_, Decisions> {
        self.decisions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// All that was decided so far, by the processor as it is now.
    pub(crate) fn decided(&self, counts: &DecisionCounts) {
        self.decisions().now = Some(counts.clone());
    }

    /// What waits in it can be looked at here from now on, or no longer.
    pub(crate) fn shows(&self, waiting: Option<Arc<dyn Waiting>>) {
        let mut shown = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        *shown = waiting.map(Shown);
    }

    /// Where what waits in it can be looked at, if anything ever waits there.
    pub(crate) fn waiting(&self) -> Option<Arc<dyn Waiting>> {
        let shown = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        shown.as_ref().map(|shown| Arc::clone(&shown.0))
    }

    /// Something failed on so many spans. Answers whether it is the first, which is
    /// worth a line in the log.
    pub(crate) fn failed(&self, spans: u64) -> bool {
        spans > 0 && self.errors.fetch_add(spans, Ordering::Relaxed) == 0
    }
}
