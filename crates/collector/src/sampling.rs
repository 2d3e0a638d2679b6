//! Which share of their traces clients are to record: strategies in the form of
//! Jaeger's file, and the answer to each service that asks.
//!
//! Clients ask again and again, so a change reaches all of them within their
//! polling interval. Nothing here opens a file: who does gives the bytes.

mod answer;
mod file;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

pub(crate) use answer::{json, protobuf};
pub use file::StrategiesError;

/// The strategies of all services.
#[derive(Debug, Clone, PartialEq)]
pub struct Strategies {
    default: Strategy,
    services: HashMap<String, Strategy>,
}

/// What one service is answered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Strategy {
    rate: Rate,
    /// Share for operations that are not named below.
    default_probability: f64,
    /// Share by operation; without any only `rate` is answered.
    operations: Vec<(String, f64)>,
}

/// How traces are chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Rate {
    /// This share of them.
    Probability(f64),
    /// So many of them.
    PerSecond(i32),
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
            default_probability: match rate {
                Rate::Probability(share) => share,
                // Jaeger's own.
                Rate::PerSecond(_) => 0.001,
            },
            operations: Vec::new(),
        }
    }
}

impl Strategies {
    fn of_service(&self, service: &str) -> &Strategy {
        self.services.get(service).unwrap_or(&self.default)
    }
}

/// The strategies that hold at present; they may change at any time.
#[derive(Debug, Default)]
pub struct Sampling(RwLock<Arc<Strategies>>);

impl Sampling {
    /// From now on these hold.
    pub fn set(&self, strategies: Strategies) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(strategies);
    }

    fn current(&self) -> Arc<Strategies> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}
