//! What the UI finds as errors is what every answer counts as errors.

use serde_json::Value;
use tracewell_model::TraceId;
use tracewell_testkit::TestSpan;
use tracewell_testkit::decisions::failures;

use super::lines;
use crate::tests::{NOW_NS, Server, encoded};

/// The cases of the decision, each a trace of its own in the last hour.
fn cases() -> (Vec<TestSpan>, Vec<String>) {
    let (mut spans, mut failed) = (Vec::new(), Vec::new());
    for (number, case) in (1u64..).zip(failures()) {
        let mut span = case.span;
        let mut id = [0xaa; 16];
        id[8..].copy_from_slice(&number.to_be_bytes());
        span.trace_id = TraceId(id);
        let shift_ns = NOW_NS - 60_000_000_000 + number - span.start_ns;
        span.start_ns += shift_ns;
        span.end_ns += shift_ns;
        for event in &mut span.events {
            event.time_ns += shift_ns;
        }
        if case.failed {
            failed.push(span.trace_id.to_string());
        }
        spans.push(span);
    }
    failed.sort_unstable();
    (spans, failed)
}

fn ids(lines: &[Value], is_wanted: impl Fn(&Value) -> bool) -> Vec<String> {
    let traces = lines.iter().filter(|line| line["type"] == "trace");
    let ids = traces.filter(|trace| is_wanted(trace));
    let mut ids: Vec<String> = ids
        .map(|trace| trace["traceId"].as_str().unwrap().to_owned())
        .collect();
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn what_is_found_as_an_error_is_what_is_counted_as_one() {
    let (spans, failed) = cases();
    let server = Server::new(&spans);
    let errors = encoded("{ error }");
    let found = lines(
        &server
            .get(&format!("/api/ui/search?q={errors}&limit=1000"))
            .await,
    );
    assert_eq!(ids(&found, |_| true), failed, "found");
    let all = lines(&server.get("/api/ui/search?limit=1000").await);
    assert_eq!(
        ids(&all, |trace| trace["errorCount"] == 1),
        failed,
        "listed"
    );
    let drawn = |trace: &Value| trace["bars"][0][3] == 1;
    assert_eq!(ids(&all, drawn), failed, "drawn");
    let path = format!("/api/ui/search?sort=errors&limit={}", failed.len());
    let worst = lines(&server.get(&path).await);
    assert_eq!(ids(&worst, |_| true), failed, "ranked");

    let count = failed.len() as u64;
    let of = |answer: Vec<Value>, field: &str| answer.last().unwrap()[field].as_u64();
    let histogram = lines(&server.get("/api/ui/histogram").await);
    assert_eq!(of(histogram, "errors"), Some(count));
    let histogram = lines(&server.get(&format!("/api/ui/histogram?q={errors}")).await);
    assert_eq!(of(histogram, "spans"), Some(count));
    let counted = server.get(&format!("/api/ui/count?q={errors}")).await;
    assert_eq!(counted.json()["spans"], count);
    let services = server.get("/api/ui/services").await.json();
    let services = services["services"].as_array().unwrap().clone();
    let errors: u64 = services
        .iter()
        .filter_map(|service| service["errorCount"].as_u64())
        .sum();
    assert_eq!(errors, count, "of services");
}
