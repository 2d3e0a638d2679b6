//! An answer that lacks something says so, in the words of each API.

use std::sync::Arc;

use serde_json::Value;
use tracewell_store::memory::MemoryStore;
use tracewell_testkit::narrow::NarrowStore;
use tracewell_testkit::spans::trace_id;
use tracewell_testkit::{TestSpan, conformance};

use super::{NOW_NS, Server};

const LARGE: &str = "aaaa0000000000000000000000000001";
const SMALL: &str = "aaaa0000000000000000000000000002";
const RANGE: &str =
    "query.startTimeMin=2027-01-15T07:30:00Z&query.startTimeMax=2027-01-15T08:00:00Z";

/// Two traces, one of which is too large to be held.
fn server() -> Server {
    let store = NarrowStore::with_too_large(Arc::new(MemoryStore::new(1 << 20)), trace_id(1));
    let span = |trace| TestSpan::new(trace, 1, "shop", "GET /", NOW_NS - 60_000_000_000);
    conformance::append(&store, &[span(1), span(2)]).unwrap();
    Server::with_store(Arc::new(store), "")
}

#[tokio::test]
async fn a_search_passes_over_a_trace_that_is_too_large_and_says_so() {
    let server = server();
    let told = |why: &Value| {
        let why = why.as_str().unwrap_or_else(|| panic!("{why} is no text"));
        assert!(why.ends_with("too large to be looked at"), "{why}");
    };
    let lines = server.get("/api/ui/search").await.text();
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let done = lines.last().unwrap();
    assert_eq!(
        (&lines[0]["traceId"], &done["type"]),
        (&SMALL.into(), &"done".into())
    );
    told(&done["partial"]);

    let end_us = NOW_NS / 1_000;
    let path = format!("/api/traces?service=shop&start=0&end={end_us}");
    let answer = server.get(&path).await.json();
    assert_eq!(answer["data"].as_array().map(Vec::len), Some(1), "{answer}");
    told(&answer["errors"][0]["msg"]);

    let answer = server.get(&format!("/api/v3/traces?{RANGE}")).await.json();
    let resources = &answer["result"]["resourceSpans"];
    assert_eq!(resources.as_array().map(Vec::len), Some(1), "{answer}");
    told(&answer["error"]["message"]);

    let path = format!("/api/v3/trace-summaries?{RANGE}");
    let answer = server.get(&path).await.json();
    assert_eq!(answer["summaries"][0]["traceId"], SMALL, "{answer}");
    told(&answer["error"]["message"]);
}

#[tokio::test]
async fn a_trace_that_is_too_large_is_refused_with_what_to_do() {
    let server = server();
    for path in [
        format!("/api/traces/{LARGE}"),
        format!("/api/v3/traces/{LARGE}"),
        format!("/api/ui/traces/{LARGE}/skeleton"),
    ] {
        let answer = server.get(&path).await;
        assert_eq!(answer.status, 422, "{path}");
        let words = format!("trace {LARGE} needs more than 1024 MiB of memory; search");
        assert!(answer.text().contains(&words), "{path}: {}", answer.text());
    }
}
