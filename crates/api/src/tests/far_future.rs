//! A span at the last of all nanoseconds is found by every API.

use std::sync::Arc;

use tracewell_model::{SpanBatch, TraceStore};
use tracewell_store::memory::MemoryStore;
use tracewell_testkit::{TestSpan, batch, shared_data};

use super::{NOW_NS, Server};

fn stored(spans: SpanBatch) -> Server {
    let store = MemoryStore::new(1 << 30);
    let now = TestSpan::new(1, 1, "shop", "GET /", NOW_NS - 1_000);
    for batch in [spans, batch(&[now])] {
        store.append(Arc::new(batch), Box::new(|fate| assert_eq!(fate, Ok(()))));
    }
    Server::with_store(Arc::new(store), "")
}

async fn assert_found_everywhere(server: &Server, trace_id: &str, service: &str) {
    let last = "2554-07-21T23:34:33.709551615Z";
    let v3 = format!(
        "query.serviceName={service}&query.startTimeMin=2100-01-01T00:00:00Z\
         &query.startTimeMax={last}"
    );
    let v1 = format!("service={service}&start=0");
    for path in [
        format!("/api/ui/search?from=2100-01-01&to={last}"),
        "/api/ui/search?to=18446744073709552".to_owned(),
        format!("/api/traces/{trace_id}"),
        format!("/api/traces?{v1}&end=18446744073709551"),
        format!("/api/traces?{v1}&end=9223372036854775807"),
        format!("/api/v3/traces?{v3}"),
        format!("/api/v3/traces/{trace_id}"),
    ] {
        let answer = server.get(&path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert!(
            answer.text().contains(trace_id),
            "{path}: {}",
            answer.text()
        );
    }
    for path in [
        "/api/services".to_owned(),
        "/api/v3/services".to_owned(),
        format!("/api/ui/services?from=2100-01-01&to={last}"),
    ] {
        let answer = server.get(&path).await.text();
        assert!(answer.contains(service), "{path}: {answer}");
    }
    let operations = format!("/api/services/{service}/operations");
    assert_eq!(server.get(&operations).await.json()["total"], 1);
    let export = server.get("/api/export?from=2100-01-01").await;
    assert!(!export.body.is_empty());
}

#[tokio::test]
async fn the_last_of_all_spans_is_found() {
    let span = TestSpan::new(7, 1, "pi", "boot", u64::MAX);
    let server = stored(batch(&[span]));
    assert_found_everywhere(&server, "aaaa0000000000000000000000000007", "pi").await;
}

#[tokio::test]
async fn so_is_one_that_was_received() {
    let Some(path) = shared_data::find("cases/otlp-json/far-future.json") else {
        return;
    };
    let body = std::fs::read(path).unwrap();
    let decoded = tracewell_wire::otlp::json::decode(&body).unwrap();
    assert!(decoded.batch.spans().start_ns.contains(&u64::MAX));
    let server = stored(decoded.batch);
    assert_found_everywhere(&server, "a65026541b0afac430e6f4be0aa8d83a", "jc").await;
}
