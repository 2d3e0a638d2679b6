//! All attacks at once: requests that swell when they are read, uploads that
//! never end, thousands of idle connections, bodies with bytes changed. Memory
//! stays within its limit, healthy clients are served, and the counts add up
//! whenever somebody looks.

use crate::running::Running;
use flate2::Compression;
use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use rustix::process::{Resource as Limit, getrlimit};
use serde_json::Value;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tracewell_model::clock::{Clock, SystemClock};
use tracewell_testkit::Random;

/// The default of `memory_limit`.
const LIMIT_BYTES: u64 = 512 << 20;
const IDLE: u64 = 12_000;
const UPLOADS: usize = 200;
const SWOLLEN: usize = 12;
const MUTATED: usize = 4_000;
const HEALTHY_REQUESTS: u64 = 300;
const HEALTHY_SPANS: u64 = 50;

/// A request of the service with so many spans of one trace.
fn request(service: &str, trace: u64, spans: u64) -> Vec<u8> {
    let text = |value: &str| {
        Some(AnyValue {
            value: Some(any_value::Value::StringValue(value.to_owned())),
        })
    };
    let attribute = |key: &str, value: &str| KeyValue {
        key: key.to_owned(),
        value: text(value),
        ..KeyValue::default()
    };
    let start_ns = SystemClock.now_ns();
    let span = |number: u64| Span {
        trace_id: u128::from(trace + 1).to_be_bytes().to_vec(),
        span_id: (number + 1).to_be_bytes().to_vec(),
        name: format!("GET /{}", number % 7),
        start_time_unix_nano: start_ns + number,
        end_time_unix_nano: start_ns + number + 1_000,
        attributes: vec![attribute("url.path", "/cart"), attribute("user", "x")],
        ..Span::default()
    };
    let scope = ScopeSpans {
        spans: (0..spans).map(span).collect(),
        ..ScopeSpans::default()
    };
    let resource = Resource {
        attributes: vec![attribute("service.name", service)],
        ..Resource::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource),
            scope_spans: vec![scope],
            ..ResourceSpans::default()
        }],
    }
    .encode_to_vec()
}

/// A span with millions of empty links (field 13) or attributes (9): some 20 KB
/// as gzip, near a gigabyte in columns.
fn swollen(field: u8, times: usize) -> Vec<u8> {
    let put = |out: &mut Vec<u8>, field: u8, content: &[u8]| {
        out.push(field << 3 | 2);
        prost::encoding::encode_varint(content.len() as u64, out);
        out.extend_from_slice(content);
    };
    let mut message = Vec::new();
    put(&mut message, 1, &[7; 16]);
    put(&mut message, 2, &[7; 8]);
    for _ in 0..times {
        put(&mut message, field, &[]);
    }
    for outer in [2, 2, 1] {
        let mut body = Vec::new();
        put(&mut body, outer, &message);
        message = body;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&message).unwrap();
    encoder.finish().unwrap()
}

/// One POST over a connection of its own; the status, or none if the
/// connection was ended.
async fn post(address: SocketAddr, gzip: bool, body: &[u8]) -> Option<u16> {
    let mut connection = TcpStream::connect(address).await.ok()?;
    let encoding = if gzip {
        "content-encoding: gzip\r\n"
    } else {
        ""
    };
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\n\
         {encoding}connection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    connection.write_all(head.as_bytes()).await.ok()?;
    // It may be refused before all of it is sent.
    drop(connection.write_all(body).await);
    let mut answer = Vec::new();
    drop(connection.read_to_end(&mut answer).await);
    str::from_utf8(answer.get(9..12)?).ok()?.parse().ok()
}

/// Sends again what is refused for now, as SDKs do.
async fn healthy(address: SocketAddr, client: u64) {
    for number in 0..HEALTHY_REQUESTS {
        let body = request("healthy", client << 32 | number, HEALTHY_SPANS);
        loop {
            match post(address, false, &body).await {
                Some(200) => break,
                None | Some(429 | 503) => tokio::task::yield_now().await,
                Some(status) => panic!("a healthy request gets {status}"),
            }
        }
    }
}

async fn attack_with_swollen(address: SocketAddr, body: Arc<Vec<u8>>) {
    for _ in 0..SWOLLEN {
        let status = post(address, true, &body).await;
        assert!(
            matches!(status, None | Some(413 | 429 | 503)),
            "{status:?} for what can never fit"
        );
    }
}

/// Announces 64 MiB and sends a byte at a time.
async fn upload_for_ever(address: SocketAddr, ends: Arc<AtomicBool>) {
    let head = "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\n\
                content-length: 67108864\r\n\r\n";
    while !ends.load(Ordering::Relaxed) {
        let Ok(mut connection) = TcpStream::connect(address).await else {
            continue;
        };
        if connection.write_all(head.as_bytes()).await.is_err() {
            continue;
        }
        while !ends.load(Ordering::Relaxed) && connection.write_all(b"\n").await.is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
}

async fn attack_with_mutated(address: SocketAddr, seed: u64) {
    let mut random = Random::new(seed);
    let whole = request("mutated", 1 << 62, 20);
    for _ in 0..MUTATED / 2 {
        let mut body = whole.clone();
        for _ in 0..=random.below(4) {
            let at = random.below(body.len() as u64) as usize;
            body[at] = random.number() as u8;
        }
        body.truncate(body.len() - random.below(3) as usize * 10);
        post(address, random.once_in(9), &body).await;
    }
}

fn assert_adds_up(status: &Value) {
    let number = |of: &Value, key: &str| of[key].as_u64().unwrap();
    let sum = |of: &Value| {
        of.as_object()
            .unwrap()
            .values()
            .map(|n| n.as_u64().unwrap())
            .sum()
    };
    for receiver in status["receivers"].as_array().unwrap() {
        let rejected: u64 = sum(&receiver["rejected"]);
        let out = number(receiver, "stored") + rejected + number(receiver, "inFlight");
        assert_eq!(number(receiver, "received"), out, "{receiver}");
    }
    let spans = &status["spans"];
    let out = ["stored", "rejected", "inFlight"].map(|key| number(spans, key));
    assert_eq!(
        number(spans, "received"),
        out.iter().sum::<u64>(),
        "{spans}"
    );
}

/// Reads snapshots as fast as it can; never goes back.
fn watch(running: &Running, ends: &AtomicBool) -> u64 {
    let (mut seen, mut received) = (0, 0);
    while !ends.load(Ordering::Relaxed) {
        let status = running.get("/api/status").json();
        assert_adds_up(&status);
        let now = status["spans"]["received"].as_u64().unwrap();
        assert!(now >= received, "{now} after {received}");
        received = now;
        seen += 1;
    }
    seen
}

#[test]
fn all_attacks_together_cost_no_more_than_the_limit_and_no_healthy_client() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(dir.path(), &["--memory-limit", "512MiB"]);
    let http = running.address("otlp-http");
    let idle_at = [
        http,
        running.address("otlp-grpc"),
        running.address("query-http"),
    ];
    // This process needs as many descriptors as the connections.
    let files = getrlimit(Limit::Nofile).current.unwrap_or(u64::MAX);
    let idle = IDLE.min(files.saturating_sub(1_000));
    if idle < IDLE {
        eprintln!("only {idle} idle connections: `ulimit -n` is {files}");
    }
    let links = Arc::new(swollen(13, 9_000_000));
    let attributes = Arc::new(swollen(9, 30_000_000));
    let ends = Arc::new(AtomicBool::new(false));
    let connected = Arc::new(AtomicU64::new(0));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let looks = std::thread::scope(|scope| {
        let watcher = scope.spawn(|| watch(&running, &ends));
        runtime.block_on(async {
            let mut held = Vec::new();
            for number in 0..idle {
                if let Ok(connection) = TcpStream::connect(idle_at[number as usize % 3]).await {
                    held.push(connection);
                    connected.fetch_add(1, Ordering::Relaxed);
                }
            }
            for _ in 0..UPLOADS {
                tokio::spawn(upload_for_ever(http, Arc::clone(&ends)));
            }
            let mut attacks = tokio::task::JoinSet::new();
            attacks.spawn(attack_with_swollen(http, links));
            attacks.spawn(attack_with_swollen(http, attributes));
            attacks.spawn(attack_with_mutated(http, 1));
            attacks.spawn(attack_with_mutated(http, 2));
            attacks.spawn(healthy(http, 0));
            attacks.spawn(healthy(http, 1));
            attacks.join_all().await;
        });
        ends.store(true, Ordering::Relaxed);
        watcher.join().unwrap()
    });
    runtime.shutdown_background();
    assert!(looks > 10, "{looks}");
    if let Some(peak_bytes) = running.peak_bytes() {
        eprintln!(
            "peak {} MiB, {looks} snapshots, {} idle connections",
            peak_bytes >> 20,
            connected.load(Ordering::Relaxed)
        );
        assert!(
            peak_bytes < LIMIT_BYTES + LIMIT_BYTES / 5,
            "{} MiB",
            peak_bytes >> 20
        );
    }
    let status = running.get("/api/status").json();
    assert_adds_up(&status);
    assert_eq!(status["store"]["spans"], status["spans"]["stored"]);
    let services = running.get("/api/ui/services").json();
    let services = services["services"].as_array().unwrap().clone();
    let of = services.iter().find(|of| of["name"] == "healthy").unwrap();
    assert_eq!(of["spanCount"], 2 * HEALTHY_REQUESTS * HEALTHY_SPANS);
}
