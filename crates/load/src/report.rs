//! What a run came to, in figures.
//!
//! Its JSON is what scripts and the benchmark read. **How it is shown is not
//! decided here.**

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::histogram::Histogram;
use super::totals::Totals;

/// The result of a run: the JSON shape that scripts see.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// What became of the spans that were due.
    pub spans: SpanCounts,
    /// Traces that began in an acknowledged request.
    pub traces: u64,
    /// Requests sent, attempts included.
    pub requests: u64,
    /// Attempts after the first.
    pub retries: u64,
    /// Bytes of request bodies as sent (over gRPC: before compression).
    pub request_bytes: u64,
    /// How long it took.
    pub seconds: f64,
    /// Spans a second; null when sent without pause.
    pub target_rate: Option<u64>,
    /// Acknowledged spans a second.
    pub achieved_rate: f64,
    /// How long acknowledgements took.
    pub latency_ms: Latency,
    /// Why spans were lost or sent again.
    pub reasons: Vec<Reason>,
}

/// Spans by what became of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SpanCounts {
    /// The server said it has them.
    pub acknowledged: u64,
    /// The server said it will never take them.
    pub rejected: u64,
    /// Tried for as long as allowed, without a final answer.
    pub failed: u64,
    /// Due, but the connections were still busy with earlier ones.
    pub unsent: u64,
}

/// Milliseconds from when a request was due to its acknowledgement.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Latency {
    /// Half took no longer.
    pub p50: f64,
    /// Nine in ten took no longer.
    pub p90: f64,
    /// All but one in a hundred took no longer.
    pub p99: f64,
    /// The slowest.
    pub max: f64,
}

/// Why some spans were not taken at once.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reason {
    /// As the server or the network says it: text of a stranger.
    pub reason: String,
    /// Spans that were lost for it; 0 when a retry helped.
    pub spans: u64,
}

impl Report {
    /// Puts the figures together.
    pub(super) fn new(
        totals: &Totals,
        latencies: &Histogram,
        elapsed: Duration,
        target_rate: u64,
    ) -> Self {
        let acknowledged = totals.acknowledged.get();
        let ms = |latency: Duration| latency.as_secs_f64() * 1e3;
        let reasons = totals.reasons().into_iter();
        Self {
            spans: SpanCounts {
                acknowledged,
                rejected: totals.rejected.get(),
                failed: totals.failed.get(),
                unsent: totals.unsent.get(),
            },
            traces: totals.traces.get(),
            requests: totals.requests.get(),
            retries: totals.retries.get(),
            request_bytes: totals.bytes.get(),
            seconds: elapsed.as_secs_f64(),
            target_rate: (target_rate > 0).then_some(target_rate),
            achieved_rate: acknowledged as f64 / elapsed.as_secs_f64().max(1e-9),
            latency_ms: Latency {
                p50: ms(latencies.quantile(0.5)),
                p90: ms(latencies.quantile(0.9)),
                p99: ms(latencies.quantile(0.99)),
                max: ms(latencies.max()),
            },
            reasons: reasons
                .map(|(reason, spans)| Reason { reason, spans })
                .collect(),
        }
    }

    /// Spans that the server does not have.
    pub fn lost(&self) -> u64 {
        self.spans.rejected + self.spans.failed + self.spans.unsent
    }
}
