//! Two services that exchange many calls, from whichever spans: what is lost
//! is the way there and back.

use std::collections::HashSet;

use super::Hashed;
use crate::calls::callee;
use crate::finding::{Finding, Kind};
use crate::trace::Trace;

/// Calls from which on a service is chatty.
const MANY: usize = 20;

/// Percent of the path that the ways take.
const LEAST_PERCENT: u64 = 5;

/// `many`: calls that are explained already.
pub(super) fn find(trace: &Trace<'_>, many: &[Finding]) -> Vec<Finding> {
    let known: HashSet<u32> = many
        .iter()
        .flat_map(|one| one.spans.iter().copied())
        .collect();
    let mut pairs: Hashed<_, Vec<u32>> = Hashed::default();
    for place in trace.places() {
        let is_known = known.contains(&place)
            || trace
                .parent(place)
                .is_some_and(|parent| known.contains(&parent));
        if is_known || trace.calls.at(place).is_none() {
            continue;
        }
        if let Some(server) = callee(trace, place) {
            let pair = (
                trace.service[place as usize],
                trace.service[server as usize],
            );
            if pair.0 != pair.1 {
                pairs.entry(pair).or_default().push(place);
            }
        }
    }
    let found = pairs.into_iter().filter_map(|((caller, called), places)| {
        let own = places
            .iter()
            .map(|place| trace.measured.critical_ns[*place as usize]);
        let cost_ns = own.map(|ns| u64::try_from(ns).unwrap_or(0)).sum();
        let is_worth = places.len() >= MANY && trace.is_share(cost_ns, LEAST_PERCENT);
        is_worth.then(|| {
            let says = format!(
                "{caller} called {called} {} times; the ways there and back are {} % of the time.",
                places.len(),
                trace.percent(cost_ns)
            );
            Finding::new(Kind::ChattyServices, places, cost_ns, says)
        })
    });
    found.collect()
}
