//! Status, health and metrics tell one story, and it adds up.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tracewell_collector::{OtlpConfig, OtlpListeners, OtlpReceiver};
use tracewell_model::store::{
    Ack, AttributeKey, FoundTraces, Listed, Operation, OperationQuery, ScanColumns, ScanReport,
    ScanRequest, ScanVisitor, ServiceCount, StoreStatus,
};
use tracewell_model::{QueryMemory, SpanBatch, SpanId, StoreError, TimeRange, TraceId, TraceStore};
use tracewell_store::memory::MemoryStore;
use tracewell_testkit::{TestSpan, batch, conformance};
use tracewell_wire::otlp;

use super::Server;

/// Sends a request as a client of OTLP over HTTP does; the status line.
async fn send(address: std::net::SocketAddr, path: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\
         content-type: application/x-protobuf\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    answer.lines().next().unwrap_or_default().to_owned()
}

/// Three good spans, one bad one, a body that is none, and metrics.
async fn traffic(server: &Server) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let listeners = OtlpListeners {
        grpc: None,
        http: Some(listener),
    };
    let config = OtlpConfig::default();
    let receiver = OtlpReceiver::start(&config, listeners, &server.intake, &server.accounting);
    let receiver = receiver.unwrap();
    let mut spans: Vec<_> = (1..=4)
        .map(|n| TestSpan::new(1, n, "shop", "work", n))
        .collect();
    spans[3].span_id = SpanId::default();
    let body = otlp::protobuf::encode(&batch(&spans));
    for (path, body, status) in [
        ("/v1/traces", &body[..], "200"),
        ("/v1/traces", b"\xff\xff\xff", "400"),
        ("/v1/metrics", b"", "200"),
    ] {
        let answer = send(address, path, body).await;
        assert!(answer.contains(status), "{path}: {answer}");
    }
    receiver.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn status_accounts_for_every_span() {
    let server = Server::new(&[]);
    traffic(&server).await;
    let status = server.get("/api/status").await.json();
    let want = json!({"received": 4, "stored": 3, "rejected": 1, "inFlight": 0});
    assert_eq!(status["spans"], want);
    let receivers = status["receivers"].as_array().unwrap();
    let http = receivers
        .iter()
        .find(|one| one["name"] == "otlp_http")
        .unwrap();
    assert_eq!((&http["received"], &http["stored"]), (&json!(4), &json!(3)));
    let reasons = http["rejected"].as_object().unwrap();
    let rejected: u64 = reasons.values().filter_map(Value::as_u64).sum();
    assert_eq!(rejected, 1);
    assert_eq!(http["requests"]["undecodable"], 1);
    assert_eq!(http["requests"]["ignored"], 1);
    assert_eq!(http["ignored"], json!({"metrics": 1}));
    let complaints = status["complaints"].as_array().unwrap();
    let reasons = complaints.iter().map(|complaint| &complaint["reason"]);
    assert_eq!(
        reasons.collect::<Vec<_>>(),
        ["undecodable", "partly_accepted"]
    );
    assert_eq!(complaints[0]["path"], "/v1/traces");
    assert_eq!(status["store"]["spans"], 3);
    assert_eq!(status["store"]["oldestNs"], "1");
    assert_eq!(status["store"]["unhealthy"], Value::Null);
    assert_eq!(status["memory"]["requestsHeldBytes"], 0);
    assert!(status["uptimeSeconds"].as_f64().is_some());
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn status_says_what_reading_holds_and_may_hold() {
    let memory = QueryMemory::new(64 << 20, 32 << 20);
    let store = MemoryStore::new(1 << 20).with_query_memory(memory);
    let spans: Vec<_> = (1..=100)
        .map(|n| TestSpan::new(1, n, "shop", "work", n))
        .collect();
    conformance::append(&store, &spans).unwrap();
    let server = Server::with_store(Arc::new(store), "");
    let status = server.get("/api/status").await.json();
    let idle = json!({
        "running": 0, "waiting": 0, "runningLimit": 2, "waitingLimit": 8, "timeLimitSeconds": 60.0,
        "memoryHeldBytes": 0, "memoryLimitBytes": 64 << 20, "memoryEachBytes": 32 << 20,
    });
    assert_eq!(status["queries"], idle);
    assert_eq!(status["openedTraces"]["traces"], 0);
    let trace = "/api/ui/traces/aaaa0000000000000000000000000001";
    assert_eq!(server.get(&format!("{trace}/skeleton")).await.status, 200);
    let status = server.get("/api/status").await.json();
    let opened = &status["openedTraces"];
    assert_eq!(
        (&opened["traces"], &opened["bytes"]),
        (&json!(1), &json!(3_200))
    );
    assert_eq!(status["queries"]["memoryHeldBytes"], 3_200);
    assert!(opened["limitBytes"].as_u64() > Some(1 << 20));
    assert_eq!(status["wholeTraces"]["traces"], 0);
    assert_eq!(
        server.get(&format!("{trace}/find?q=work")).await.status,
        200
    );
    let status = server.get("/api/status").await.json();
    assert_eq!(status["wholeTraces"]["traces"], 1);
}

/// Value of each series; the comments of the page are checked on the way.
fn series(page: &str) -> BTreeMap<String, f64> {
    assert!(page.ends_with("# EOF\n"));
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        })
        .collect()
}

#[tokio::test]
async fn metrics_add_up_and_agree_with_the_status() {
    let server = Server::new(&[]);
    traffic(&server).await;
    let page = server.get("/metrics").await;
    assert!(
        page.header("content-type")
            .starts_with("application/openmetrics-text")
    );
    let series = series(&page.text());
    let sum = |name: &str| -> f64 {
        let of_name = |known: &&String| known.split('{').next() == Some(name);
        series
            .iter()
            .filter(|(known, _)| of_name(known))
            .map(|(_, value)| value)
            .sum()
    };
    let (received, stored) = (
        sum("tracewell_spans_received_total"),
        sum("tracewell_spans_stored_total"),
    );
    let rejected = sum("tracewell_spans_rejected_total");
    assert_eq!((received, stored, rejected), (4.0, 3.0, 1.0));
    assert_eq!(
        received,
        stored + rejected + sum("tracewell_spans_in_flight")
    );
    assert_eq!(sum("tracewell_requests_total"), 3.0);
    for (name, want) in [
        (
            r#"tracewell_requests_total{receiver="otlp_http",outcome="partly_accepted"}"#,
            1.0,
        ),
        (
            r#"tracewell_ignored_requests_total{receiver="otlp_http",signal="metrics"}"#,
            1.0,
        ),
        ("tracewell_store_spans", 3.0),
        ("tracewell_store_blocks", 0.0),
        ("tracewell_store_healthy", 1.0),
        ("tracewell_store_removed_spans_total", 0.0),
        ("tracewell_compaction_merges_total", 0.0),
        ("tracewell_compaction_backlog_blocks", 0.0),
        ("tracewell_compaction_healthy", 1.0),
    ] {
        assert_eq!(series.get(name), Some(&want), "{name}");
    }
    assert!(series.contains_key(concat!(
        r#"tracewell_build_info{version=""#,
        env!("CARGO_PKG_VERSION"),
        r#""}"#
    )));
    if cfg!(target_os = "linux") {
        assert!(series["tracewell_process_resident_memory_bytes"] > 1e6);
        assert!(series.contains_key("process_cpu_seconds_total"));
    }
}

/// A store whose disk is full.
struct Full;

impl TraceStore for Full {
    fn append(&self, _: Arc<SpanBatch>, ack: Ack) {
        ack(Err(StoreError::Unavailable("the disk is full".to_owned())));
    }
    fn traces(
        &self,
        _: &[TraceId],
        _: Option<&ScanColumns>,
        _: &AtomicBool,
    ) -> Result<FoundTraces, StoreError> {
        Err(StoreError::Damaged("block 7 cannot be read".to_owned()))
    }
    fn scan(&self, _: &ScanRequest<'_>, _: &mut ScanVisitor<'_>) -> Result<ScanReport, StoreError> {
        Err(StoreError::Unavailable("the disk is gone".to_owned()))
    }
    fn services(&self, _: TimeRange) -> Result<Listed<ServiceCount>, StoreError> {
        Err(StoreError::ShuttingDown)
    }
    fn operations(&self, _: &OperationQuery<'_>) -> Result<Listed<Operation>, StoreError> {
        Err(StoreError::ShuttingDown)
    }
    fn attribute_keys(&self, _: TimeRange) -> Result<Listed<AttributeKey>, StoreError> {
        panic!("a bug of a store")
    }
    fn status(&self) -> StoreStatus {
        StoreStatus {
            unhealthy: Some("the disk is full".to_owned()),
            ..StoreStatus::default()
        }
    }
    fn shut_down(&self) {}
}

#[tokio::test]
async fn a_store_in_trouble_is_said_everywhere() {
    let server = Server::with_store(Arc::new(Full), "");
    let health = server.get("/health").await;
    let want = json!({"status": "unhealthy", "reason": "the disk is full"});
    assert_eq!((health.status.as_u16(), health.json()), (503, want));
    let status = server.get("/api/status").await.json();
    assert_eq!(status["store"]["unhealthy"], "the disk is full");
    let metrics = series(&server.get("/metrics").await.text());
    assert_eq!(metrics["tracewell_store_healthy"], 0.0);
    for (path, status, code) in [
        ("/api/ui/services", 503, "unavailable"),
        ("/api/ui/keys", 500, "internal"),
        ("/api/ui/values?key=k", 503, "unavailable"),
        ("/api/ui/traces/1/skeleton", 500, "damaged"),
    ] {
        let answer = server.get(path).await;
        let error = answer.json();
        assert_eq!(
            (answer.status.as_u16(), &error["code"]),
            (status, &json!(code)),
            "{path}"
        );
    }
    // A search has begun to answer when it fails.
    let search = server.get("/api/ui/search").await;
    let line: Value = serde_json::from_slice(&search.body).unwrap();
    assert_eq!(
        (&line["type"], &line["code"]),
        (&json!("error"), &json!("unavailable"))
    );
}

#[tokio::test]
async fn a_healthy_process_says_ok() {
    let server = Server::new(&[]);
    let health = server.get("/health").await;
    assert_eq!(
        (health.status.as_u16(), health.json()),
        (200, json!({"status": "ok"}))
    );
}

#[tokio::test]
async fn metrics_come_in_the_form_that_is_asked_for() {
    let server = Server::new(&[]);
    traffic(&server).await;
    let older = server
        .get_with("/metrics", ("accept", "text/plain;version=0.0.4"))
        .await;
    assert!(older.header("content-type").starts_with("text/plain"));
    let older = older.text();
    assert!(
        older.contains("# TYPE tracewell_spans_received_total counter\n"),
        "{older}"
    );
    assert!(!older.contains("# EOF"), "{older}");
    let open = server.get("/metrics").await.text();
    assert!(open.ends_with("# EOF\n"), "{open}");
    let series_of = |page: &str| -> Vec<String> { series(page).into_keys().collect() };
    assert_eq!(series_of(&(older + "# EOF\n")), series_of(&open));
    // Without connectors nothing is counted of spans.
    assert_eq!(server.get("/metrics/spans").await.text(), "# EOF\n");
}
