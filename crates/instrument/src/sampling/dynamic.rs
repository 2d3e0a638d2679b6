//! Rates that follow the traffic.
//!
//! It exists so that a busy operation does not bury a rare one: each is kept so
//! many times a second, whatever its traffic, and the threshold written to the
//! tracestate lets a backend scale counts up. It must never keep by a rate that
//! it does not write down.
//!
//! The traffic of an operation is an average that forgets: what was measured in
//! the window that ends is weighed by the part of ten seconds that it lasted. A
//! window ends after a second, or when it kept twice its due, so that a burst
//! raises the threshold while it comes.

use super::operations::{Operation, Operations};
use super::threshold::Threshold;
use super::{Monotonic, Sampler, SamplingClock, SamplingDecision, SamplingQuestion, ot};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const WINDOW_NS: u64 = 1_000_000_000;
const FORGET_SECONDS: f64 = 10.0;
/// Traffic is counted in these parts of a span: for a service, a span counts as
/// much as its operation would keep of it.
const PARTS: f64 = 65_536.0;

/// How much is to be kept. Rates are spans a second that the sampler is asked
/// about: traces, when inside [`ParentBased`](super::ParentBased).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct DynamicTargets {
    /// Of each operation (service and span name).
    pub per_operation: f64,
    /// Of each service in all; `None` is no limit.
    pub per_service: Option<f64>,
    /// Of operations with these span names, in place of `per_operation`.
    pub operations: HashMap<String, f64>,
    /// What is kept of any operation at least, from 0 to 1.
    pub min_probability: f64,
}

impl Default for DynamicTargets {
    /// Each operation once a second, each service at most 20 times, and nothing
    /// below one in a hundred thousand.
    fn default() -> DynamicTargets {
        DynamicTargets {
            per_operation: 1.0,
            per_service: Some(20.0),
            operations: HashMap::new(),
            min_probability: 1e-5,
        }
    }
}

impl DynamicTargets {
    /// So many of each operation.
    #[must_use]
    pub fn per_operation(mut self, rate: f64) -> DynamicTargets {
        self.per_operation = rate;
        self
    }

    /// So many of each service in all; `None` for no limit.
    #[must_use]
    pub fn per_service(mut self, rate: impl Into<Option<f64>>) -> DynamicTargets {
        self.per_service = rate.into();
        self
    }

    /// So many of operations with this span name.
    #[must_use]
    pub fn operation(mut self, name: impl Into<String>, rate: f64) -> DynamicTargets {
        self.operations.insert(name.into(), rate);
        self
    }

    /// At least this part of any operation.
    #[must_use]
    pub fn min_probability(mut self, probability: f64) -> DynamicTargets {
        self.min_probability = probability;
        self
    }
}

/// Keeps each operation so many times a second, whatever its traffic.
///
/// It knows 1024 operations; further ones share a rate. One that was not seen
/// for ten minutes is forgotten.
#[derive(Debug)]
pub struct Dynamic {
    targets: DynamicTargets,
    operations: Operations<Traffic>,
    services: Operations<Traffic>,
    clock: Arc<dyn SamplingClock>,
}

impl Dynamic {
    /// With these targets.
    #[must_use]
    pub fn new(targets: DynamicTargets) -> Dynamic {
        Dynamic::with_clock(targets, Arc::new(Monotonic::default()))
    }

    /// The same by another clock.
    #[must_use]
    pub fn with_clock(targets: DynamicTargets, clock: Arc<dyn SamplingClock>) -> Dynamic {
        Dynamic {
            targets,
            operations: Operations::new(),
            services: Operations::new(),
            clock,
        }
    }

    fn probability(&self, question: &SamplingQuestion<'_>) -> f64 {
        let now_ns = self.clock.now_ns();
        let named = self.targets.operations.get(question.name);
        let target = *named.unwrap_or(&self.targets.per_operation);
        let operation = self.operations.get(question.service, question.name, now_ns);
        let mut probability = operation.count(1.0, target, now_ns);
        if let Some(target) = self.targets.per_service {
            let service = self.services.get(question.service, "", now_ns);
            probability *= service.count(probability, target, now_ns);
        }
        probability.max(self.targets.min_probability)
    }
}

impl Sampler for Dynamic {
    fn decide(&self, question: &SamplingQuestion<'_>) -> SamplingDecision {
        ot::keep_above(
            Threshold::from_probability(self.probability(question)),
            question,
        )
    }
}

/// The traffic of an operation or a service.
#[derive(Debug, Default)]
struct Traffic {
    window_start_ns: AtomicU64,
    /// In this window, in [`PARTS`].
    seen_parts: AtomicU64,
    /// A second, as `f64`.
    rate_bits: AtomicU64,
}

impl Operation for Traffic {
    fn reset(&self, now_ns: u64) {
        self.window_start_ns.store(now_ns, Ordering::Relaxed);
        self.seen_parts.store(0, Ordering::Relaxed);
        self.rate_bits.store(0, Ordering::Relaxed);
    }
}

impl Traffic {
    /// Counts a span, or the part of one, and says what part of it to keep.
    fn count(&self, weight: f64, target: f64, now_ns: u64) -> f64 {
        let parts = (weight * PARTS) as u64;
        let seen = self.seen_parts.fetch_add(parts, Ordering::Relaxed) + parts;
        let seen = seen as f64 / PARTS;
        let start_ns = self.window_start_ns.load(Ordering::Relaxed);
        let rate = f64::from_bits(self.rate_bits.load(Ordering::Relaxed));
        let passed_ns = now_ns.saturating_sub(start_ns);
        let is_over =
            passed_ns >= WINDOW_NS || seen * part_of(target, rate) > 2.0 * target.max(1.0);
        if !is_over || !self.takes_over(start_ns, now_ns) {
            return part_of(target, rate);
        }
        let seen = self.seen_parts.swap(0, Ordering::Relaxed) as f64 / PARTS;
        let seconds = (passed_ns as f64 / 1e9).max(1e-6);
        let forgotten = (-seconds / FORGET_SECONDS).exp();
        let rate = rate * forgotten + seen / seconds * (1.0 - forgotten);
        self.rate_bits.store(rate.to_bits(), Ordering::Relaxed);
        part_of(target, rate)
    }

    /// Whether this thread is the one that ends the window.
    fn takes_over(&self, start_ns: u64, now_ns: u64) -> bool {
        self.window_start_ns
            .compare_exchange(start_ns, now_ns, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    }
}

fn part_of(target: f64, rate: f64) -> f64 {
    if rate > target { target / rate } else { 1.0 }
}
