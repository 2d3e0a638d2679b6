//! Requests and answers, in this process: what operators and browsers see.
//!
//! The API of the UI has its tests beside it and shares [`Server`].

mod accounts;
mod compressed;
mod far_future;
mod many_names;
mod pages;
pub(super) mod partial;
mod searched;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::Service;
use tracewell_collector::{Accounting, Intake, IntakeConfig};
use tracewell_model::clock::ManualClock;
use tracewell_model::{Ack, Consumer, SpanBatch, TraceStore};
use tracewell_store::memory::MemoryStore;
use tracewell_testkit::{TestSpan, conformance};

use super::blocking::QueryLimits;
use super::{ProcessFacts, QueryState, ReadPlaces, UiConfig, http_router};

/// The time that tests call now: 2027-01-15T08:00:00Z.
pub(super) const NOW_NS: u64 = 1_800_000_000_000_000_000;

/// The HTTP side of a process, without its sockets.
pub(super) struct Server {
    pub(super) store: Arc<dyn TraceStore>,
    pub(super) accounting: Arc<Accounting>,
    pub(super) intake: Arc<Intake>,
    router: Router,
}

/// What was answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

struct ToStore(Arc<dyn TraceStore>);

impl Consumer for ToStore {
    fn consume(&self, batch: Arc<SpanBatch>, ack: Ack) {
        self.0.append(batch, ack);
    }
}

impl Server {
    pub(super) fn new(spans: &[TestSpan]) -> Self {
        let store = MemoryStore::new(1 << 30);
        for batch in spans.chunks(100) {
            conformance::append(&store, batch).unwrap();
        }
        Self::with_store(Arc::new(store), "")
    }

    pub(super) fn with_store(store: Arc<dyn TraceStore>, base_path: &str) -> Self {
        Self::with(store, base_path, UiConfig::default())
    }

    pub(super) fn with_ui(store: Arc<dyn TraceStore>, ui: UiConfig) -> Self {
        Self::with(store, "", ui)
    }

    fn with(store: Arc<dyn TraceStore>, base_path: &str, ui: UiConfig) -> Self {
        let accounting = Accounting::new();
        let config = IntakeConfig {
            memory_budget_bytes: 1 << 20,
            workers: std::num::NonZeroUsize::new(1),
            max_connections: 100,
            lock: Arc::default(),
        };
        let intake = Intake::start(config, Arc::new(ToStore(Arc::clone(&store)))).unwrap();
        let facts = ProcessFacts::new(
            &[],
            Vec::new(),
            ReadPlaces {
                free: Arc::new(tokio::sync::Semaphore::new(1)),
                limit: 1,
            },
            Arc::clone(&accounting),
            Arc::clone(&intake),
            Arc::default(),
            tracewell_collector::pipelines::graph::Accounts::default(),
        );
        let limits = QueryLimits {
            concurrent: 2,
            waiting: 8,
            time: Duration::from_secs(60),
        };
        let clock = Arc::new(ManualClock::new(NOW_NS));
        let state = Arc::new(QueryState::new(Arc::clone(&store), clock, limits));
        Self {
            router: http_router(
                &state,
                &Arc::new(facts),
                &ui,
                base_path,
                &crate::Door::new(Arc::default(), None),
            ),
            store,
            accounting,
            intake,
        }
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.ask(Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    pub(super) async fn get_with(&self, path: &str, header: (&str, &str)) -> Answer {
        let request = Request::get(path).header(header.0, header.1);
        self.ask(request.body(Body::empty()).unwrap()).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Answer {
        let body = Body::from(body.to_string());
        self.ask(Request::post(path).body(body).unwrap()).await
    }

    pub(super) async fn ask(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().call(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    }
}

/// Text as the value of a query parameter.
pub(super) fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
