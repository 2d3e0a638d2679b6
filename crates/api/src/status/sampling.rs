//! The part of the status that says what clients are told to record.

use serde::Serialize;
use tracewell_collector::AdaptedOperation;

/// Operations that are named; `count` is of all.
pub(super) const MAX_NAMED: usize = 100;

/// What adaptive sampling has worked out.
#[derive(Serialize)]
pub(super) struct AdaptiveSampling {
    count: usize,
    /// What begins most traces first.
    operations: Vec<Adapted>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Adapted {
    service: String,
    operation: String,
    target_per_second: f64,
    probability: f64,
    offered_per_second: f64,
    recorded_per_second: f64,
    reason: &'static str,
}

pub(super) fn adaptive((count, named): (usize, Vec<AdaptedOperation>)) -> AdaptiveSampling {
    AdaptiveSampling {
        count,
        operations: named.into_iter().map(one).collect(),
    }
}

fn one(operation: AdaptedOperation) -> Adapted {
    Adapted {
        service: operation.service,
        operation: operation.operation,
        target_per_second: operation.target_per_second,
        probability: operation.probability,
        offered_per_second: operation.offered_per_second,
        recorded_per_second: operation.recorded_per_second,
        reason: operation.reason.text(),
    }
}
