//! Which share of their traces clients are to record: strategies in the form of
//! Jaeger's file, and the answer to each service that asks.
//!
//! Clients ask again and again, so a change reaches all of them within their
//! polling interval. Nothing here opens a file or reads a clock: who does gives
//! the bytes, and says when time has passed.

mod adaptive;
mod answer;
mod file;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use tracewell_model::SpanBatch;
use tracewell_model::batch::Level;
use tracewell_model::batch::view::BatchView;

use adaptive::Adaptive;
pub use adaptive::{AdaptedOperation, CountedRoots, Reason};
pub(crate) use answer::{json, protobuf};
pub use file::StrategiesError;

/// The share of an operation of which nothing is known yet, as in Jaeger.
const FIRST_PROBABILITY: f64 = 0.001;

/// What a client records of each operation at least, however small the share:
/// one trace a minute, as in Jaeger.
const FLOOR_PER_SECOND: f64 = 1.0 / 60.0;

/// The strategies of all services.
#[derive(Debug, Clone, PartialEq)]
pub struct Strategies {
    default: Strategy,
    services: HashMap<String, Strategy>,
}

/// What holds for one service.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Strategy {
    rate: Rate,
    /// Operations that are named.
    operations: Vec<(String, Share)>,
}

/// How traces are chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Rate {
    /// This share of them.
    Probability(f64),
    /// So many of them.
    PerSecond(i32),
    /// The share of each operation that makes so many a second.
    Target(f64),
}

/// How traces of one operation are chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Share {
    Fixed(f64),
    /// The share that makes so many a second.
    Target(f64),
}

impl Default for Strategies {
    /// Everything is recorded, as in Jaeger's all-in-one.
    fn default() -> Self {
        Self {
            default: Strategy::of(Rate::Probability(1.0)),
            services: HashMap::new(),
        }
    }
}

impl Strategy {
    fn of(rate: Rate) -> Self {
        Self {
            rate,
            operations: Vec::new(),
        }
    }

    /// Share for operations that are not named.
    fn default_probability(&self) -> f64 {
        match self.rate {
            Rate::Probability(share) => share,
            // Jaeger's own.
            Rate::PerSecond(_) | Rate::Target(_) => FIRST_PROBABILITY,
        }
    }

    /// Traces a second that are wanted of an operation, where that decides.
    fn target_of(&self, operation: &str) -> Option<f64> {
        let named = self.operations.iter().find(|(name, _)| name == operation);
        match (named, self.rate) {
            (Some((_, Share::Target(target))), _) => Some(*target),
            (None, Rate::Target(target)) => Some(target),
            _ => None,
        }
    }

    fn has_targets(&self) -> bool {
        let is_target = |share: &Share| matches!(share, Share::Target(_));
        matches!(self.rate, Rate::Target(_))
            || self.operations.iter().any(|(_, share)| is_target(share))
    }
}

impl Strategies {
    fn of_service(&self, service: &str) -> &Strategy {
        self.services.get(service).unwrap_or(&self.default)
    }

    /// Does any of them depend on what arrives?
    #[must_use]
    pub fn are_adaptive(&self) -> bool {
        self.default.has_targets() || self.services.values().any(Strategy::has_targets)
    }
}

/// The strategies that hold at present; they may change at any time.
#[derive(Debug, Default)]
pub struct Sampling {
    /// Shared by all tenants.
    strategies: Arc<RwLock<Arc<Strategies>>>,
    adaptive: Mutex<Adaptive>,
}

impl Sampling {
    /// The same strategies, now and later, for a tenant whose traces are counted
    /// apart.
    #[must_use]
    pub fn for_tenant(&self) -> Self {
        Self {
            strategies: Arc::clone(&self.strategies),
            adaptive: Mutex::default(),
        }
    }

    /// From now on these hold.
    pub fn set(&self, strategies: Strategies) {
        let current = self.strategies.write();
        *current.unwrap_or_else(PoisonError::into_inner) = Arc::new(strategies);
    }

    /// Do answers depend on what arrives?
    #[must_use]
    pub fn is_adaptive(&self) -> bool {
        self.current().are_adaptive()
    }

    /// Works out the shares of operations that have a target, from the root
    /// spans that came since the last call, `interval` ago.
    pub fn adjust(&self, interval: Duration) {
        self.adaptive().adjust(&self.current(), interval);
    }

    /// How many operations have a share of their own, and the `most` of them
    /// that begin most traces, those first.
    #[must_use]
    pub fn adapted(&self, most: usize) -> (usize, Vec<AdaptedOperation>) {
        self.adaptive().told(&self.current(), most)
    }

    /// What [`Sampling::restore`] takes: the shares and what they are from.
    #[must_use]
    pub fn state(&self) -> Vec<u8> {
        self.adaptive().state()
    }

    /// Goes on from a state that another process left.
    ///
    /// # Errors
    /// The bytes are no such state; nothing is changed.
    pub fn restore(&self, state: &[u8]) -> Result<(), serde_json::Error> {
        self.adaptive().restore(state)
    }

    /// Those that ended before `since_ns` are not counted.
    fn count_roots(&self, batch: &SpanBatch, since_ns: u64) {
        let strategies = self.current();
        if !strategies.are_adaptive() {
            return;
        }
        let view = BatchView::new_levels(batch, &[Level::Span]);
        let roots = adaptive::roots(&strategies, &view, since_ns);
        // All decoding threads come here: nothing is read under the lock.
        let mut adaptive = self.adaptive();
        for (service, name, chance) in roots {
            adaptive.count(service, name, chance);
        }
    }

    fn current(&self) -> Arc<Strategies> {
        Arc::clone(
            &self
                .strategies
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    fn adaptive(&self) -> MutexGuard<'_, Adaptive> {
        self.adaptive.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
