//! Rates that a server decides: Jaeger's remote sampling.
//!
//! It exists so that rates change without a restart, for every service that
//! asks `GET /sampling?service=…` (port 5778 of Jaeger and of Tracewell). It
//! must never forget the last good answer because the server is away.

mod fetch;
mod strategy;

pub use fetch::{Endpoint, EndpointError, FetchError};
pub use strategy::StrategyError;

use super::bucket::{Bucket, Pace};
use super::operations::{Operation, Operations};
use super::{Monotonic, Ratio, Sampler, SamplingClock, SamplingDecision, SamplingQuestion, ot};
use std::fmt;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use strategy::{PerOperation, Strategy};

/// Samples as a server says. Clones share the strategy.
#[derive(Clone)]
pub struct JaegerRemote(Arc<Shared>);

struct Shared {
    strategy: RwLock<Arc<Strategy>>,
    /// For a strategy that limits the rate of the whole service.
    bucket: Bucket,
    operations: Operations<LowerBound>,
    clock: Arc<dyn SamplingClock>,
    /// Ends the thread that asks the server when the last sampler is dropped.
    asks: Mutex<Option<Sender<()>>>,
    last_error: Mutex<Option<String>>,
}

#[derive(Debug, Default)]
struct LowerBound(Bucket);

impl Operation for LowerBound {
    fn reset(&self, _now_ns: u64) {
        self.0.refill();
    }
}

impl JaegerRemote {
    /// Asks nobody: [`apply`](Self::apply) hands it answers. Until the first,
    /// it keeps the part `initial_probability`.
    #[must_use]
    pub fn new(initial_probability: f64) -> JaegerRemote {
        JaegerRemote::with_clock(initial_probability, Arc::new(Monotonic::default()))
    }

    /// The same by another clock.
    #[must_use]
    pub fn with_clock(initial_probability: f64, clock: Arc<dyn SamplingClock>) -> JaegerRemote {
        let initial = Strategy::Probabilistic(Ratio::new(initial_probability));
        JaegerRemote(Arc::new(Shared {
            strategy: RwLock::new(Arc::new(initial)),
            bucket: Bucket::default(),
            operations: Operations::new(),
            clock,
            asks: Mutex::new(None),
            last_error: Mutex::new(None),
        }))
    }

    /// Asks `endpoint` for `service`, now and then every `interval`, on a
    /// thread of its own that ends with the last clone of the sampler.
    pub fn polling(
        endpoint: Endpoint,
        service: &str,
        interval: Duration,
        initial_probability: f64,
    ) -> std::io::Result<JaegerRemote> {
        let sampler = JaegerRemote::new(initial_probability);
        let (sender, dropped) = mpsc::channel();
        *lock(&sampler.0.asks) = Some(sender);
        let (shared, service) = (Arc::downgrade(&sampler.0), service.to_owned());
        std::thread::Builder::new()
            .name("tracewell-sampling".to_owned())
            .spawn(move || {
                loop {
                    let answer = fetch::get(&endpoint, &service);
                    let Some(shared) = shared.upgrade() else {
                        return;
                    };
                    let sampler = JaegerRemote(shared);
                    let outcome = match answer {
                        Ok(body) => sampler.apply(&body).map_err(|error| error.to_string()),
                        Err(error) => Err(error.to_string()),
                    };
                    *lock(&sampler.0.last_error) = outcome.err();
                    drop(sampler);
                    if dropped.recv_timeout(interval) != Err(mpsc::RecvTimeoutError::Timeout) {
                        return;
                    }
                }
            })?;
        Ok(sampler)
    }

    /// Takes the server's answer (JSON, as Jaeger writes it). After an error the
    /// strategy stays as it was.
    pub fn apply(&self, json: &[u8]) -> Result<(), StrategyError> {
        let strategy = Arc::new(strategy::parse(json)?);
        *self
            .0
            .strategy
            .write()
            .unwrap_or_else(PoisonError::into_inner) = strategy;
        Ok(())
    }

    /// Why the last attempt to ask the server failed, if it did.
    #[must_use]
    pub fn last_error(&self) -> Option<String> {
        lock(&self.0.last_error).clone()
    }

    fn decide_for_operation(
        &self,
        strategies: &PerOperation,
        question: &SamplingQuestion<'_>,
    ) -> SamplingDecision {
        let ratio = strategies
            .ratios
            .get(question.name)
            .unwrap_or(&strategies.default);
        let decision = ratio.decide(question);
        let Some(lower_bound) = strategies.lower_bound else {
            return decision;
        };
        // What probability keeps uses up the lower bound as well.
        let now_ns = self.0.clock.now_ns();
        let bound = self
            .0
            .operations
            .get(question.service, question.name, now_ns);
        let is_due = bound.0.take(lower_bound, now_ns);
        if is_due && !decision.is_sampled {
            kept_without_probability(question)
        } else {
            decision
        }
    }
}

impl Sampler for JaegerRemote {
    fn decide(&self, question: &SamplingQuestion<'_>) -> SamplingDecision {
        let strategy = Arc::clone(
            &self
                .0
                .strategy
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        );
        match &*strategy {
            Strategy::Probabilistic(ratio) => ratio.decide(question),
            Strategy::RateLimiting(pace) => {
                let is_taken = |pace: Pace| self.0.bucket.take(pace, self.0.clock.now_ns());
                if pace.is_some_and(is_taken) {
                    kept_without_probability(question)
                } else {
                    SamplingDecision::new(false, question.trace_state())
                }
            }
            Strategy::PerOperation(strategies) => self.decide_for_operation(strategies, question),
        }
    }
}

impl fmt::Debug for JaegerRemote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let strategy = self
            .0
            .strategy
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("JaegerRemote")
            .field("strategy", &strategy)
            .finish_non_exhaustive()
    }
}

fn kept_without_probability(question: &SamplingQuestion<'_>) -> SamplingDecision {
    SamplingDecision::new(true, ot::with_threshold(question, None))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
