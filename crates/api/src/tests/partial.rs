//! An answer that lacks something says so, in the words of each API.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use tracewell_model::TraceStore;
use tracewell_model::clock::SystemClock;
use tracewell_store::embedded::{EmbeddedStore, StoreOptions};
use tracewell_store::files::Files;
use tracewell_store::files::faulty::FaultyFiles;
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

/// A trace that is there, and one in a block whose Parquet file is gone.
pub(crate) fn damaged_store() -> Arc<dyn TraceStore> {
    let disk = FaultyFiles::new();
    let dir = Path::new("/data");
    let open = || {
        let options = StoreOptions {
            seal_bytes: 1,
            ..StoreOptions::default()
        };
        let files = Arc::new(disk.clone());
        let opened = EmbeddedStore::open(files, dir, options, Arc::new(SystemClock));
        opened.unwrap().0
    };
    let span = |trace| TestSpan::new(trace, 1, "shop", "GET /", NOW_NS - 60_000_000_000);
    let store = open();
    conformance::append(&store, &[span(1)]).unwrap();
    while store.status().blocks == 0 {
        std::thread::yield_now();
    }
    drop(store);
    let blocks = dir.join("blocks");
    for entry in disk.list(&blocks).unwrap() {
        if entry.name.ends_with(".parquet") {
            disk.remove(&blocks.join(entry.name)).unwrap();
        }
    }
    let store = open();
    conformance::append(&store, &[span(2)]).unwrap();
    Arc::new(store)
}

fn damaged_server() -> Server {
    Server::with_store(damaged_store(), "")
}

#[tokio::test]
async fn a_block_that_cannot_be_read_is_told_in_every_answer_and_fails_none() {
    let server = damaged_server();
    let told = |why: &Value| {
        let why = why.as_str().unwrap_or_else(|| panic!("{why} is no text"));
        assert!(why.contains("1 block could not be read in full"), "{why}");
    };
    let lines = server.get("/api/ui/search").await.text();
    let done: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert!(lines.contains(SMALL), "{lines}");
    told(&done["partial"]);
    told(&server.get("/api/ui/count").await.json()["partial"]);

    let end_us = NOW_NS / 1_000;
    for path in [
        format!("/api/traces?service=shop&start=0&end={end_us}"),
        format!("/api/traces/{SMALL}"),
    ] {
        let answer = server.get(&path).await.json();
        assert_eq!(answer["data"].as_array().map(Vec::len), Some(1), "{answer}");
        told(&answer["errors"][0]["msg"]);
    }
    for path in [
        format!("/api/v3/traces?{RANGE}"),
        format!("/api/v3/traces/{SMALL}"),
    ] {
        let answer = server.get(&path).await.json();
        assert!(answer["result"]["resourceSpans"].is_array(), "{answer}");
        told(&answer["error"]["message"]);
    }
    for path in [
        "/api/ui/services",
        "/api/ui/operations?service=shop",
        "/api/ui/keys",
        "/api/ui/values?key=service.name&scope=resource",
        "/api/ui/values?key=name&scope=intrinsic",
    ] {
        told(&server.get(path).await.json()["partial"]);
    }
    for path in [
        "/api/services",
        "/api/services/shop/operations",
        "/api/operations?service=shop",
    ] {
        let answer = server.get(path).await.json();
        assert_eq!(answer["total"], 1, "{answer}");
        told(&answer["errors"][0]["msg"]);
    }
    let end_ms = NOW_NS / 1_000_000;
    let path = format!("/api/dependencies?endTs={end_ms}");
    told(&server.get(&path).await.json()["errors"][0]["msg"]);
    for path in ["/api/v3/services", "/api/v3/operations?service=shop"] {
        told(&server.get(path).await.json()["error"]["message"]);
    }
    let path = format!("/api/ui/traces/{SMALL}/skeleton");
    let skeleton = server.get(&path).await;
    assert_eq!(skeleton.status, 200);
    assert_eq!(skeleton.header("tracewell-unread-blocks"), "1");
}

#[tokio::test]
async fn a_trace_that_may_lie_in_a_damaged_block_is_not_said_to_be_unknown() {
    let server = damaged_server();
    for path in [
        format!("/api/traces/{LARGE}"),
        format!("/api/v3/traces/{LARGE}"),
        format!("/api/ui/traces/{LARGE}/skeleton"),
    ] {
        let answer = server.get(&path).await;
        assert_eq!(answer.status, 500, "{path}");
        let words = "it may lie in what is damaged";
        assert!(answer.text().contains(words), "{path}: {}", answer.text());
    }
}

#[tokio::test]
async fn the_status_is_degraded_while_a_block_is_damaged_and_the_health_is_not() {
    let server = damaged_server();
    assert_eq!(server.get("/health").await.status, 200);
    let store = server.get("/api/status").await.json()["store"].clone();
    assert_eq!(store["damaged"][0]["spans"], 1, "{store}");
    assert!(
        store["degraded"].as_str().unwrap().contains(".parquet"),
        "{store}"
    );
    let metrics = server.get("/metrics").await.text();
    assert!(
        metrics.contains("tracewell_store_damaged_blocks 1"),
        "{metrics}"
    );
    assert!(metrics.contains("tracewell_store_degraded 1"), "{metrics}");
}
