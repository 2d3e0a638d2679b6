//! The APIs as clients see them: requests in, answers out, over a store in
//! memory.

mod cases;
mod clients;
mod reserved_names;
mod transform;
mod v1;
mod v3;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use http::{HeaderMap, Request, StatusCode};
use serde_json::Value;
use tower::ServiceExt;
use tracewell_model::clock::ManualClock;
use tracewell_model::{
    AnyValue, SpanBatch, SpanKind, StatusCode as SpanStatus, TraceId, TraceStore,
};
use tracewell_store::memory::MemoryStore;
use tracewell_testkit::{TestLink, TestSpan, batch};

use crate::QueryState;
use crate::blocking::QueryLimits;

/// 2026-11-22T14:21:00Z
pub(super) const NOW_NS: u64 = 1_795_357_260_000_000_000;

/// When the order of `shop` began: a minute ago.
pub(super) const START_NS: u64 = NOW_NS - 60_000_000_000;

/// Ids as the APIs write them.
pub(super) const ORDER: &str = "aaaa0000000000000000000000000001";
pub(super) const SHORT: &str = "00000000000000ff";

const MS: u64 = 1_000_000;

/// A request that crosses two services and fails in the second; a small trace
/// of Jaeger's time with a 64-bit id; one of three days ago.
fn spans() -> Vec<TestSpan> {
    let mut root = TestSpan::new(1, 1, "shop", "GET /cart", START_NS + 999)
        .kind(SpanKind::Server)
        .lasting_ns(50 * MS)
        .with("http.response.status_code", AnyValue::Int(200))
        .with_text("customer", "c-7");
    root.scope_name = "express".to_owned();
    root.scope_version = "4.21".to_owned();
    root.trace_state = "vendor=1".to_owned();
    root.status = SpanStatus::Ok;
    root.resource
        .push(("host.name".to_owned(), "node-1".into()));
    let mut call = TestSpan::new(1, 2, "shop", "SELECT", START_NS + 5 * MS)
        .child_of(1)
        .kind(SpanKind::Client)
        .lasting_ns(20 * MS)
        .with("big", AnyValue::Int((1 << 53) + 1))
        .with("ratio", AnyValue::Double(0.5))
        .with("cached", AnyValue::Bool(false))
        .with("blob", AnyValue::Bytes(vec![1, 2, 3]))
        .with("rows", AnyValue::Array(vec![AnyValue::Int(1), "a".into()]));
    call.resource = root.resource.clone();
    call.links.push(TestLink {
        trace_id: TraceId([7; 16]),
        span_id: tracewell_testkit::spans::span_id(9),
        trace_state: String::new(),
        flags: 0,
        attributes: Vec::new(),
        dropped: 0,
    });
    let mut query = TestSpan::new(1, 3, "db", "query", START_NS + 6 * MS)
        .child_of(2)
        .kind(SpanKind::Server)
        .lasting_ns(10 * MS)
        .status(SpanStatus::Error)
        .with_event(
            "exception",
            MS,
            vec![("exception.type".to_owned(), "Timeout".into())],
        );
    query.status_message = "no answer".to_owned();
    let mut short = TestSpan::new(0, 1, "batch", "run", START_NS + 1_000 * MS);
    let mut id = [0; 16];
    id[15] = 0xff;
    short.trace_id = TraceId(id);
    short.kind = SpanKind::Unspecified;
    let old = TestSpan::new(3, 1, "shop", "GET /old", NOW_NS - 72 * 3_600_000_000_000);
    // The order's spans come out of order, as they do in life.
    vec![query, short, root, old, call]
}

/// A store with those spans, at [`NOW_NS`].
pub(super) fn state() -> Arc<QueryState> {
    state_of(batch(&spans()))
}

/// A store with these spans, at [`NOW_NS`].
pub(super) fn state_of(spans: SpanBatch) -> Arc<QueryState> {
    let store = MemoryStore::new(1 << 28);
    store.append(
        Arc::new(spans),
        Box::new(|stored| stored.expect("memory is enough")),
    );
    let clock = Arc::new(ManualClock::new(NOW_NS));
    Arc::new(QueryState::new(
        Arc::new(store),
        clock,
        QueryLimits::default(),
    ))
}

/// A store of which a block is damaged.
pub(super) fn damaged_state() -> Arc<QueryState> {
    let clock = Arc::new(ManualClock::new(NOW_NS));
    let store = crate::tests::partial::damaged_store();
    Arc::new(QueryState::new(store, clock, QueryLimits::default()))
}

/// The HTTP APIs over a store.
pub(super) struct Server(Router);

pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Server {
    pub(super) fn new() -> Self {
        Self(super::router(&state()))
    }

    pub(super) fn with(spans: &SpanBatch) -> Self {
        Self(super::router(&state_of(spans.clone())))
    }

    pub(super) async fn send(&self, method: &str, path: &str) -> Answer {
        self.send_body(method, path, String::new()).await
    }

    pub(super) async fn send_body(&self, method: &str, path: &str, body: String) -> Answer {
        let request = Request::builder().method(method).uri(path);
        let request = request.body(Body::from(body)).unwrap();
        let response = self.0.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = to_bytes(body, 1 << 24).await.unwrap();
        Answer {
            status: head.status,
            headers: head.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path).await
    }

    /// The JSON of an answer that must be 200.
    pub(super) async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        assert_eq!(answer.headers["content-type"], "application/json", "{path}");
        answer.json()
    }
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// The texts at `pointer` of each element of a list.
pub(super) fn texts<'a>(list: &'a Value, pointer: &str) -> Vec<&'a str> {
    let list = list.as_array().expect("a list");
    let text = |value: &'a Value| value.pointer(pointer).and_then(Value::as_str);
    list.iter()
        .map(|value| text(value).unwrap_or("?"))
        .collect()
}
