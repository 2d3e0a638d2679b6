//! The API as clients of Zipkin see it: requests in, answers out, over a store
//! in memory.

mod captures;
mod mistakes;
mod names;
mod traces;

use serde_json::Value;
use tracewell_model::{AnyValue, SpanKind, StatusCode, TraceId};
use tracewell_testkit::TestSpan;

use crate::tests::{NOW_NS, Server};

/// When the order of `Shop` began: a minute ago.
const START_NS: u64 = NOW_NS - 60 * 1_000 * MS;

const MS: u64 = 1_000_000;

const ORDER: &str = "aaaa0000000000000000000000000001";
const LATER: &str = "aaaa0000000000000000000000000002";
const OLD: &str = "aaaa0000000000000000000000000003";
const SHORT: &str = "00000000000000ff";

/// A request that crosses two services, whose client and server share an id,
/// and fails in the second; a later one; one of three days ago; one with an id
/// of 64 bits.
fn spans() -> Vec<TestSpan> {
    let root = TestSpan::new(1, 1, "Shop", "GET /Cart", START_NS)
        .kind(SpanKind::Server)
        .lasting_ns(50 * MS)
        .with("http.response.status_code", AnyValue::Int(200))
        .with_text("customer", "c-7");
    let call = TestSpan::new(1, 2, "Shop", "Select", START_NS + 5 * MS)
        .child_of(1)
        .kind(SpanKind::Client)
        .lasting_ns(20 * MS)
        .with_text("peer.service", "DB.main")
        .with_event("sent", MS, Vec::new());
    let mut query = TestSpan::new(1, 2, "db", "Select", START_NS + 6 * MS)
        .child_of(1)
        .kind(SpanKind::Server)
        .lasting_ns(10 * MS)
        .status(StatusCode::Error);
    query.status_message = "no answer".to_owned();
    let later = TestSpan::new(2, 1, "shop", "GET /cart", START_NS + 1_000 * MS)
        .with_text("customer", "c-8");
    let old = TestSpan::new(3, 1, "Shop", "GET /old", NOW_NS - 72 * 3_600 * 1_000 * MS);
    let mut short = TestSpan::new(0, 1, "batch", "run", START_NS);
    short.trace_id = TraceId(0xff_u128.to_be_bytes());
    vec![query, root, old, short, call, later]
}

fn server() -> Server {
    Server::new(&spans())
}

/// The JSON of an answer that must be 200, the same under both prefixes.
async fn json(server: &Server, path: &str) -> Value {
    let answer = server.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    assert_eq!(answer.header("content-type"), "application/json", "{path}");
    let below = server.get(&format!("/zipkin{path}")).await;
    assert_eq!(below.body, answer.body, "{path}");
    answer.json()
}

/// The trace ids of an answer's traces, in order.
async fn found(server: &Server, query: &str) -> Vec<String> {
    let traces = json(server, &format!("/api/v2/traces?{query}")).await;
    let id = |trace: &Value| trace[0]["traceId"].as_str().unwrap().to_owned();
    traces.as_array().unwrap().iter().map(id).collect()
}
