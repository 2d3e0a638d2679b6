//! The budgets of the architecture, and how a measured value stands to them.

use serde::Serialize;

use crate::facts::shown;

/// One limit of a budget.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    /// Must be met.
    pub(crate) first: f64,
    /// Where we want to be.
    pub(crate) goal: f64,
}

/// One budget.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    /// For one value, or for p50 and p99.
    pub(crate) limits: &'static [Limit],
}

const fn limit(first: f64, goal: f64) -> Limit {
    Limit { first, goal }
}

const fn budget(name: &'static str, unit: &'static str, limits: &'static [Limit]) -> Budget {
    Budget { name, unit, limits }
}

pub(crate) const DECODE: Budget = budget(
    "OTLP protobuf to SpanBatch, with all checks",
    "ns/span",
    &[limit(600.0, 350.0)],
);
pub(crate) const INGEST_HTTP: Budget = budget(
    "OTLP/HTTP uncompressed, 1,000-span requests: received, durable, searchable",
    "µs CPU/span",
    &[limit(1.5, 0.8)],
);
pub(crate) const INGEST_GRPC: Budget = budget(
    "the same over gRPC with gzip",
    "µs CPU/span",
    &[limit(2.5, 1.4)],
);
/// Sent one after another, as is what they are set beside: OTLP in requests of as
/// many spans.
pub(crate) const INGEST_OLDER: Budget = budget(
    "the same spans in older protocols / OTLP over HTTP (Jaeger Thrift, compact datagrams; \
     Zipkin v2 JSON, v1 Thrift)",
    "x",
    &[limit(2.0, 2.0); 4],
);
/// Measured where a real Collector is named.
pub(crate) const PIPELINES: Budget = budget(
    "CPU on the way through / a real Collector with the same file (pass-through; batch, \
     attributes, filter; transform of five statements; tail sampling of four policies)",
    "x",
    &[limit(0.2, 0.2); 4],
);
pub(crate) const LIFE: Budget = budget(
    "a span's whole life: received over HTTP, sealed and compacted once",
    "µs CPU/span",
    &[limit(5.0, 2.5)],
);
pub(crate) const BYTES: Budget = budget(
    "on disk after compaction, Jaeger shape with random values",
    "bytes/span",
    &[limit(45.0, 28.0)],
);
pub(crate) const BYTES_TRACEGEN: Budget = budget(
    "on disk after compaction, Jaeger shape as its tracegen sends it",
    "bytes/span",
    &[limit(45.0, 28.0)],
);
pub(crate) const MEMORY: Budget = budget(
    "resident memory at 100k spans/s for 10 minutes, defaults (peak)",
    "MiB",
    &[limit(500.0, 300.0)],
);
/// "At once" means: the first question after the acknowledgement finds it. What
/// is measured is when the question was asked that found it.
pub(crate) const VISIBLE: Budget = budget(
    "visible to search after acknowledgement (slowest; 0 is at once)",
    "ms",
    &[limit(1_000.0, 0.0)],
);
pub(crate) const BY_ID: Budget = budget(
    "trace by id, 10M spans stored, warm, p50 / p99",
    "ms",
    &[limit(10.0, 3.0), limit(50.0, 10.0)],
);
pub(crate) const SEARCH_OPERATION: Budget = budget(
    "search service + operation, newest 20 of 10M spans (p50)",
    "ms",
    &[limit(50.0, 10.0)],
);
pub(crate) const FIGURES: Budget = budget(
    "figures over all spans, p50 (rate by service; two quantiles by service and name; \
     histogram of durations; compare; count)",
    "ms",
    &[
        limit(50.0, 25.0),
        limit(300.0, 100.0),
        limit(300.0, 100.0),
        limit(1_000.0, 500.0),
        limit(100.0, 25.0),
    ],
);
pub(crate) const WHOLE_TRACES: Budget = budget(
    "search in whole traces without a match, p50 (a condition on the trace; a relation)",
    "ms",
    &[limit(200.0, 50.0), limit(50.0, 10.0)],
);
pub(crate) const SEARCH_ATTRIBUTE: Budget = budget(
    "search any attribute = value, 10M spans, no set-up (p50 of the slowest kind)",
    "ms",
    &[limit(200.0, 20.0)],
);
pub(crate) const START_AFTER_KILL: Budget = budget(
    "start after kill -9 with a full WAL",
    "s",
    &[limit(5.0, 1.0)],
);
pub(crate) const COLD_START: Budget = budget(
    "cold start to first span stored, empty directory (p50)",
    "ms",
    &[limit(300.0, 100.0)],
);
/// What sealing may do to those who send. There is no goal beyond the budget.
pub(crate) const STALLS: Budget = budget(
    "p99 acknowledgement during sealing and compaction / quiet",
    "x",
    &[limit(2.0, 2.0)],
);

/// In the order in which the table is printed.
pub(crate) const ALL: &[Budget] = &[
    DECODE,
    INGEST_HTTP,
    INGEST_GRPC,
    INGEST_OLDER,
    PIPELINES,
    LIFE,
    BYTES,
    BYTES_TRACEGEN,
    MEMORY,
    VISIBLE,
    BY_ID,
    SEARCH_OPERATION,
    SEARCH_ATTRIBUTE,
    FIGURES,
    WHOLE_TRACES,
    START_AFTER_KILL,
    COLD_START,
    STALLS,
];

/// A budget with what was measured.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    pub(crate) budget: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) first: Vec<f64>,
    pub(crate) goal: Vec<f64>,
    /// Empty when it was not measured.
    pub(crate) measured: Vec<f64>,
    pub(crate) first_met: Option<bool>,
    pub(crate) goal_reached: Option<bool>,
    /// How, and with how much.
    pub(crate) how: String,
}

impl Row {
    /// A budget that nothing was measured for.
    pub(crate) fn unmeasured(budget: &Budget, why: &str) -> Self {
        let values = |pick: fn(&Limit) -> f64| budget.limits.iter().map(pick).collect();
        Self {
            budget: budget.name,
            unit: budget.unit,
            first: values(|limit| limit.first),
            goal: values(|limit| limit.goal),
            measured: Vec::new(),
            first_met: None,
            goal_reached: None,
            how: why.to_owned(),
        }
    }

    /// A budget and one value for each of its limits.
    pub(crate) fn measured(budget: &Budget, measured: &[f64], how: String) -> Self {
        let within = |limits: &[f64]| {
            let mut pairs = measured.iter().zip(limits);
            Some(pairs.all(|(value, limit)| value <= limit))
        };
        let row = Self::unmeasured(budget, &how);
        Self {
            measured: measured.to_vec(),
            first_met: within(&row.first),
            goal_reached: within(&row.goal),
            ..row
        }
    }

    /// Values with slashes between them.
    pub(crate) fn list(values: &[f64]) -> String {
        let shown: Vec<String> = values.iter().map(|value| shown(*value)).collect();
        shown.join(" / ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_met_when_every_value_is_within_its_limit() {
        let verdict = |values: &[f64]| {
            let row = Row::measured(&BY_ID, values, String::new());
            (row.first_met, row.goal_reached)
        };
        assert_eq!(verdict(&[3.0, 10.0]), (Some(true), Some(true)));
        assert_eq!(verdict(&[3.1, 10.0]), (Some(true), Some(false)));
        assert_eq!(verdict(&[1.0, 51.0]), (Some(false), Some(false)));
        assert_eq!(Row::unmeasured(&BY_ID, "").first_met, None);
    }
}
