//! Counting: shape of the answer, range, bad parameters.

use serde_json::json;
use tracewell_model::StatusCode;
use tracewell_testkit::TestSpan;

use super::refused;
use crate::tests::{NOW_NS, Server, encoded};

const SECOND_NS: u64 = 1_000_000_000;

#[tokio::test]
async fn spans_and_traces_are_counted_and_the_cost_is_told() {
    let start_ns = NOW_NS - 10 * SECOND_NS;
    let span = |trace, id| TestSpan::new(trace, id, "shop", "GET /", start_ns + id);
    let server = Server::new(&[
        span(1, 1).status(StatusCode::Error),
        span(1, 2).child_of(1).status(StatusCode::Error),
        // Sent twice.
        span(2, 1).status(StatusCode::Error),
        span(2, 1).status(StatusCode::Error),
        span(3, 1),
        TestSpan::new(4, 1, "shop", "too old", NOW_NS - 3_700 * SECOND_NS)
            .status(StatusCode::Error),
    ]);
    for (query, spans, traces) in [
        ("{ error }", 3, 2),
        ("{ error && span:childCount > 0 }", 1, 1),
        ("{ name = \"none\" }", 0, 0),
    ] {
        let path = format!("/api/ui/count?q={}", encoded(query));
        let answer = server.get(&path).await.json();
        assert_eq!(
            (&answer["spans"], &answer["traces"]),
            (&json!(spans), &json!(traces)),
            "{query}: {answer}"
        );
        assert_eq!(
            (&answer["exact"], &answer["partial"]),
            (&json!(true), &json!(null))
        );
        assert!(answer["searchedSpans"].as_u64().unwrap() >= 5, "{answer}");
        assert!(answer["searchedBytes"].is_u64() && answer["elapsedMs"].is_u64());
    }
    let error = server.get("/api/ui/count?q=%7B%20.x%20%3D%20%7D").await;
    assert_eq!(error.status, 400);
    assert!(error.json()["span"].is_array());
    refused(&server, "/api/ui/count?from=yesterday").await;
}
