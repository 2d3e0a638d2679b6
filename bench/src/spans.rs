//! Spans that we send ourselves: those that are looked for, and small requests
//! that ask how long an acknowledgement takes.

use std::hash::{BuildHasher, RandomState};

use serde_json::{Value, json};
use tracewell_model::clock::{Clock, SystemClock};

/// The content type of [`request`].
pub(crate) const CONTENT_TYPE: &str = "application/json";
/// Where OTLP over HTTP is received.
pub(crate) const PATH: &str = "/v1/traces";
/// The service of all spans that we send.
pub(crate) const SERVICE: &str = "bench";

/// One trace of `count` spans in OTLP JSON, ending now, each with this
/// attribute.
pub(crate) fn request(count: usize, key: &str, value: &str) -> Vec<u8> {
    let random = RandomState::new();
    let now_ns = SystemClock.now_ns();
    // Ids of zeros are not valid.
    let trace_id = format!(
        "{:016x}{:016x}",
        random.hash_one(1) | 1,
        random.hash_one(2) | 1
    );
    let span_id = |index: usize| format!("{:016x}", random.hash_one((index, 'i')) | 1);
    let spans: Vec<Value> = (0..count)
        .map(|index| {
            let parent = index
                .checked_sub(1)
                .map_or_else(String::new, |_| span_id(0));
            json!({
                "traceId": trace_id,
                "spanId": span_id(index),
                "parentSpanId": parent,
                "name": "look-for-me",
                "kind": 2,
                "startTimeUnixNano": (now_ns - 2_000_000).to_string(),
                "endTimeUnixNano": now_ns.to_string(),
                "attributes": [{"key": key, "value": {"stringValue": value}}],
            })
        })
        .collect();
    let service = json!({"key": "service.name", "value": {"stringValue": SERVICE}});
    let request = json!({"resourceSpans": [{
        "resource": {"attributes": [service]},
        "scopeSpans": [{"scope": {"name": "tracewell-bench"}, "spans": spans}],
    }]});
    request.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_decoder_takes_them_whole() {
        let body = request(3, "a", "b");
        let decoded = tracewell_wire::otlp::json::decode(&body).unwrap();
        assert_eq!(decoded.batch.len(), 3);
        assert_eq!(decoded.rejected.total(), 0);
    }
}
