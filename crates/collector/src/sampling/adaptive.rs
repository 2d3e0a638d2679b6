//! Adaptive sampling: so many traces a second of each operation, whatever its
//! traffic.
//!
//! Root spans are counted as they arrive, each for as many as it stands for
//! (`chance`). From that follows how many traces an operation begins, and which
//! share of them makes the target. **An estimate moves the share, never the
//! share itself:** clients that still use an older one, or have one of their
//! own, do not make it swing. The idea of a target per operation, the first
//! share and the floors are those of Jaeger's adaptive sampling.

mod chance;
mod operation;
mod roots;

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tracewell_model::batch::view::BatchView;
use tracewell_model::tree::parent_ids;

use super::Strategies;
use chance::Chance;
use operation::Operation;

pub use operation::Reason;
pub use roots::CountedRoots;

/// Operations of one service that have a share of their own; what comes beyond
/// keeps the first one.
const MAX_OF_SERVICE: usize = 2_000;
/// Operations of all services likewise.
const MAX_OPERATIONS: usize = 50_000;
/// Names of services and operations likewise.
const MAX_NAME_BYTES: usize = 1_024;

/// Without a trace for this long an operation is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// Service, name and chance of the root spans whose operation has a target and
/// that did not end before `since_ns`.
pub(super) fn roots<'b>(
    strategies: &Strategies,
    view: &'b BatchView<'b>,
    since_ns: u64,
) -> Vec<(&'b str, &'b str, Chance)> {
    let parents = parent_ids(view.batch());
    let is_root = |row: &usize| parents[*row].is_zero();
    let roots = (0..view.batch().len())
        .filter(is_root)
        .map(|row| view.span(row));
    let counted = roots.filter(|span| {
        let strategy = strategies.of_service(span.service());
        span.end_ns() >= since_ns && strategy.target_of(span.name()).is_some()
    });
    counted
        .map(|span| (span.service(), span.name(), Chance::of(span)))
        .collect()
}

/// What was counted, and the shares that follow.
#[derive(Debug, Default)]
pub(super) struct Adaptive {
    services: HashMap<String, HashMap<String, Operation>>,
    /// Operations of all of them.
    operations: usize,
}

/// The share of one operation, for people.
#[derive(Debug, Clone, PartialEq)]
pub struct AdaptedOperation {
    /// Of which service.
    pub service: String,
    /// Its name.
    pub operation: String,
    /// Traces a second that are wanted.
    pub target_per_second: f64,
    /// The share of its traces that clients are to record.
    pub probability: f64,
    /// Traces a second that it begins, as far as is known.
    pub offered_per_second: f64,
    /// Root spans a second that arrived in the last interval.
    pub recorded_per_second: f64,
    /// Why the share is what it is.
    pub reason: Reason,
}

/// What outlives a restart, of one operation.
#[derive(Debug, Serialize, Deserialize)]
struct Saved<'a> {
    service: Cow<'a, str>,
    operation: Cow<'a, str>,
    probability: f64,
    offered_per_second: Vec<f64>,
}

impl Adaptive {
    pub(super) fn count(&mut self, service: &str, operation: &str, chance: Chance) {
        if let Some(known) = self.operation(service, operation) {
            known.count(chance);
        }
    }

    /// The operation, new if there is room for it.
    fn operation(&mut self, service: &str, operation: &str) -> Option<&mut Operation> {
        let of_service = self.services.get(service);
        let is_known = of_service.is_some_and(|known| known.contains_key(operation));
        if !is_known {
            let has_room = self.operations < MAX_OPERATIONS
                && of_service.map_or(0, HashMap::len) < MAX_OF_SERVICE
                && service.len().max(operation.len()) <= MAX_NAME_BYTES;
            if !has_room {
                return None;
            }
            self.operations += 1;
            let of_service = self.services.entry(service.to_owned()).or_default();
            of_service.insert(operation.to_owned(), Operation::default());
        }
        self.services.get_mut(service)?.get_mut(operation)
    }

    /// Shares for the next interval, from what came in the last one.
    pub(super) fn adjust(&mut self, strategies: &Strategies, interval: Duration) {
        self.services.retain(|service, operations| {
            let strategy = strategies.of_service(service);
            operations.retain(|name, operation| {
                let Some(target) = strategy.target_of(name) else {
                    return false;
                };
                operation.adjust(target, interval);
                operation.idle() < FORGOTTEN_AFTER
            });
            !operations.is_empty()
        });
        self.operations = self.services.values().map(HashMap::len).sum();
    }

    /// The shares of a service's operations, by name.
    pub(super) fn of_service(&self, service: &str) -> Vec<(String, f64)> {
        let operations = self.services.get(service).into_iter().flatten();
        let mut shares: Vec<_> = operations
            .map(|(name, operation)| (name.clone(), operation.probability()))
            .collect();
        shares.sort_by(|a, b| a.0.cmp(&b.0));
        shares
    }

    /// How many there are, and the `most` that begin most traces, those first.
    pub(super) fn told(
        &self,
        strategies: &Strategies,
        most: usize,
    ) -> (usize, Vec<AdaptedOperation>) {
        let operations = self.services.iter().flat_map(|(service, operations)| {
            let strategy = strategies.of_service(service);
            operations.iter().filter_map(move |(name, operation)| {
                let target_per_second = strategy.target_of(name)?;
                Some((
                    operation.offered_per_second(),
                    service,
                    name,
                    operation,
                    target_per_second,
                ))
            })
        });
        let mut all: Vec<_> = operations.collect();
        all.sort_by(|a, b| {
            b.0.total_cmp(&a.0)
                .then_with(|| (a.1, a.2).cmp(&(b.1, b.2)))
        });
        let told = all.iter().take(most);
        let told = told.map(
            |(offered, service, name, operation, target)| AdaptedOperation {
                service: (*service).clone(),
                operation: (*name).clone(),
                target_per_second: *target,
                probability: operation.probability(),
                offered_per_second: *offered,
                recorded_per_second: operation.recorded_per_second(),
                reason: operation.reason(),
            },
        );
        (all.len(), told.collect())
    }

    /// What [`Adaptive::restore`] takes, as JSON.
    pub(super) fn state(&self) -> Vec<u8> {
        let operations = self.services.iter().flat_map(|(service, operations)| {
            operations.iter().map(move |(name, operation)| Saved {
                service: service.into(),
                operation: name.into(),
                probability: operation.probability(),
                offered_per_second: operation.history().collect(),
            })
        });
        let saved: Vec<Saved<'_>> = operations.collect();
        serde_json::to_vec(&saved).expect("a list of texts and numbers has a form")
    }

    /// Goes on where another process was. What is counted already stays.
    ///
    /// # Errors
    /// The bytes are no such state; nothing is changed.
    pub(super) fn restore(&mut self, state: &[u8]) -> Result<(), serde_json::Error> {
        let saved: Vec<Saved<'_>> = serde_json::from_slice(state)?;
        for one in saved {
            if let Some(operation) = self.operation(&one.service, &one.operation) {
                operation.restore(one.probability, &one.offered_per_second);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
