//! `tracewell load` against a receiver that says what each test needs.

use std::collections::HashMap;
use std::fs;
use std::io::Read;
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Router, body};
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, Full};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message;
use serde_json::Value;

use crate::process::{Finished, run_in};

/// Spans by trace id, as the receiver took them.
type Received = Arc<Mutex<HashMap<String, u64>>>;
/// What to answer to the n-th request instead of taking it.
type Script = fn(usize) -> Option<Response>;

struct Receiver {
    url: String,
    received: Received,
}

/// Both protocols on one free port.
async fn receiver(script: Script) -> Receiver {
    let received = Received::default();
    let requests = Arc::new(Mutex::new(0));
    let taken = Arc::clone(&received);
    let handle = move |is_grpc: bool| {
        let (taken, requests) = (Arc::clone(&taken), Arc::clone(&requests));
        async move |request: Request| {
            let number = {
                let mut requests = requests.lock().unwrap();
                *requests += 1;
                *requests - 1
            };
            let (head, body) = request.into_parts();
            let body = body::to_bytes(body, 64 << 20).await.unwrap();
            if let Some(response) = script(number) {
                return response;
            }
            take(&taken, &decode(is_grpc, &head.headers, &body));
            if is_grpc {
                grpc_ok(ExportTraceServiceResponse::default())
            } else if head.headers["content-type"] == "application/json" {
                "{}".into_response()
            } else {
                StatusCode::OK.into_response()
            }
        }
    };
    let router = Router::new()
        .route("/v1/traces", post(handle(false)))
        .route(
            "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            post(handle(true)),
        );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    Receiver { url, received }
}

fn decode(is_grpc: bool, headers: &HeaderMap, body: &[u8]) -> ExportTraceServiceRequest {
    let header = |name: &str| {
        headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    };
    let (coding, message) = if is_grpc {
        let is_compressed = body[0] == 1;
        (
            if is_compressed {
                header("grpc-encoding")
            } else {
                ""
            },
            &body[5..],
        )
    } else {
        (header("content-encoding"), body)
    };
    let mut plain = Vec::new();
    match coding {
        "gzip" => flate2::read::GzDecoder::new(message).read_to_end(&mut plain),
        "zstd" => zstd::Decoder::new(message).unwrap().read_to_end(&mut plain),
        _ => Ok(message.len()).inspect(|_| plain.extend_from_slice(message)),
    }
    .unwrap();
    if header("content-type") == "application/json" {
        serde_json::from_slice(&plain).unwrap()
    } else {
        Message::decode(&plain[..]).unwrap()
    }
}

fn take(taken: &Received, request: &ExportTraceServiceRequest) {
    let mut taken = taken.lock().unwrap();
    for span in request
        .resource_spans
        .iter()
        .flat_map(|resource| &resource.scope_spans)
        .flat_map(|scope| &scope.spans)
    {
        let id: String = span
            .trace_id
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        *taken.entry(id).or_default() += 1;
    }
}

fn grpc_ok(response: ExportTraceServiceResponse) -> Response {
    let message = response.encode_to_vec();
    let mut frame = vec![0];
    frame.extend_from_slice(&(message.len() as u32).to_be_bytes());
    frame.extend_from_slice(&message);
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", "0".parse().unwrap());
    let body = Full::new(Bytes::from(frame)).with_trailers(async { Some(Ok(trailers)) });
    Response::builder()
        .header("content-type", "application/grpc")
        .body(Body::new(body))
        .unwrap()
}

async fn load(arguments: &[&str], url: &str) -> (Finished, Value) {
    let arguments: Vec<String> = ["load", "--json", "--endpoint", url]
        .iter()
        .chain(arguments)
        .map(|a| (*a).to_owned())
        .collect();
    let finished = tokio::task::spawn_blocking(move || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        run_in(std::path::Path::new("."), &arguments, &[])
    })
    .await
    .unwrap();
    let report = serde_json::from_str(&finished.stdout).unwrap_or_default();
    (finished, report)
}

const ALL: Script = |_| None;

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_is_reported_as_acknowledged_is_what_arrived() {
    let dir = tempfile::tempdir().unwrap();
    for options in [
        &["--protocol", "grpc"][..],
        &["--protocol", "grpc", "--compression", "gzip"],
        &[
            "--protocol",
            "grpc",
            "--compression",
            "zstd",
            "--shape",
            "jaeger",
        ],
        &["--protocol", "http"],
        &["--protocol", "http", "--compression", "gzip"],
        &[
            "--protocol",
            "http",
            "--compression",
            "zstd",
            "--shape",
            "jaeger",
        ],
        &["--protocol", "http", "--encoding", "json"],
    ] {
        let receiver = receiver(ALL).await;
        let verify = dir.path().join("acknowledged");
        let limits = [
            "--rate",
            "0",
            "--spans",
            "5000",
            "--batch",
            "300",
            "--verify-file",
            verify.to_str().unwrap(),
        ];
        let (finished, report) = load(&[options, &limits].concat(), &receiver.url).await;
        assert_eq!(finished.code, Some(0), "{options:?}: {}", finished.stderr);
        assert_eq!(
            report["spans"]["acknowledged"], 5_000,
            "{options:?}: {report}"
        );
        assert_eq!(report["retries"], 0, "{options:?}: {report}");

        let mut told: HashMap<String, u64> = HashMap::new();
        for line in fs::read_to_string(&verify).unwrap().lines() {
            let (id, spans) = line.split_once(' ').unwrap();
            *told.entry(id.to_owned()).or_default() += spans.parse::<u64>().unwrap();
        }
        let received = receiver.received.lock().unwrap();
        assert_eq!(told, *received, "{options:?}");
        assert_eq!(report["traces"], received.len(), "{options:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_seed_repeats_trace_ids() {
    let mut ids = Vec::new();
    for seed in ["7", "7", "8"] {
        let receiver = receiver(ALL).await;
        let options = [
            "--protocol",
            "http",
            "--rate",
            "0",
            "--spans",
            "600",
            "--connections",
            "1",
            "--seed",
            seed,
        ];
        load(&options, &receiver.url).await;
        let mut sorted: Vec<String> = receiver.received.lock().unwrap().keys().cloned().collect();
        sorted.sort();
        ids.push(sorted);
    }
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[0], ids[2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_paced_run_sends_what_was_asked_for() {
    let receiver = receiver(ALL).await;
    let options = [
        "--protocol",
        "http",
        "--rate",
        "20000",
        "--duration",
        "500ms",
        "--batch",
        "100",
    ];
    let (finished, report) = load(&options, &receiver.url).await;
    assert_eq!(finished.code, Some(0), "{} {report}", finished.stderr);
    assert_eq!(report["spans"]["acknowledged"], 10_000, "{report}");
    assert_eq!(report["targetRate"], 20_000);
    let latency = |name: &str| report["latencyMs"][name].as_f64().unwrap();
    assert!(latency("p50") > 0.0 && latency("p50") <= latency("p99"));
    assert!(latency("p99") <= latency("max"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_busy_server_is_asked_again() {
    let busy: Script = |number| {
        (number < 2)
            .then(|| (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "0")], "").into_response())
    };
    for protocol in ["http", "grpc"] {
        let receiver = receiver(busy).await;
        let options = [
            "--protocol",
            protocol,
            "--rate",
            "0",
            "--spans",
            "100",
            "--connections",
            "1",
        ];
        let (finished, report) = load(&options, &receiver.url).await;
        assert_eq!(finished.code, Some(0), "{} {report}", finished.stderr);
        assert_eq!(report["spans"]["acknowledged"], 100, "{report}");
        assert_eq!(report["retries"], 2, "{report}");
        let reasons = report["reasons"].as_array().unwrap();
        assert!(
            reasons.iter().all(|reason| reason["spans"] == 0),
            "{report}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn rejected_spans_are_counted_with_the_reason() {
    fn partial() -> ExportTraceServiceResponse {
        ExportTraceServiceResponse {
            partial_success: Some(ExportTracePartialSuccess {
                rejected_spans: 3,
                error_message: "span id of wrong length".to_owned(),
            }),
        }
    }
    let http: Script = |_| Some(partial().encode_to_vec().into_response());
    let grpc: Script = |_| Some(grpc_ok(partial()));
    let too_large: Script = |_| Some((StatusCode::PAYLOAD_TOO_LARGE, "").into_response());
    for (protocol, script, rejected, reason) in [
        ("http", http, 3, "span id of wrong length"),
        ("grpc", grpc, 3, "span id of wrong length"),
        ("http", too_large, 100, "413 Payload Too Large"),
    ] {
        let receiver = receiver(script).await;
        let options = ["--protocol", protocol, "--rate", "0", "--spans", "100"];
        let (finished, report) = load(&options, &receiver.url).await;
        assert_eq!(finished.code, Some(1), "{report}");
        assert_eq!(report["spans"]["rejected"], rejected, "{report}");
        assert_eq!(report["spans"]["acknowledged"], 100 - rejected, "{report}");
        assert_eq!(report["reasons"][0]["reason"], reason);
        let told = format!("error: the server does not have {rejected} spans; ");
        assert!(finished.stderr.contains(&told), "{}", finished.stderr);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn spans_that_could_not_be_sent_are_counted() {
    // Bound and never listening: refused, and nobody else gets the port.
    let closed = tokio::net::TcpSocket::new_v4().unwrap();
    closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap());
    for protocol in ["http", "grpc"] {
        let options = [
            "--protocol",
            protocol,
            "--rate",
            "0",
            "--spans",
            "100",
            "--retry-for",
            "0s",
        ];
        let (finished, report) = load(&options, &url).await;
        assert_eq!(finished.code, Some(1), "{report}");
        assert_eq!(report["spans"]["failed"], 100, "{report}");
        let reason = report["reasons"][0]["reason"].as_str().unwrap();
        assert!(reason.contains("refused"), "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_server_that_is_too_slow_is_reported_not_waited_for() {
    // The answer is a stream that never begins.
    let silent: Script = |_| {
        Some(
            Body::from_stream(tokio_stream::pending::<Result<Bytes, std::io::Error>>())
                .into_response(),
        )
    };
    let receiver = receiver(silent).await;
    let options = [
        "--protocol",
        "http",
        "--rate",
        "50000",
        "--duration",
        "200ms",
        "--timeout",
        "150ms",
        "--retry-for",
        "0s",
        "--connections",
        "1",
        "--batch",
        "500",
    ];
    let (finished, report) = load(&options, &receiver.url).await;
    assert_eq!(finished.code, Some(1), "{report}");
    let spans = |name: &str| report["spans"][name].as_u64().unwrap();
    assert_eq!(spans("acknowledged"), 0, "{report}");
    // Twenty requests were due and each blocks the connection for 150 ms: the
    // last of them would leave two seconds late, so they do not leave.
    assert_eq!(spans("failed") + spans("unsent"), 10_000, "{report}");
    assert!(spans("failed") >= 500 && spans("unsent") >= 500, "{report}");
    assert_eq!(report["reasons"][0]["reason"], "no answer in time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn combinations_that_cannot_work_are_usage_mistakes() {
    for (options, told) in [
        (
            &["--encoding", "json"][..],
            "--encoding json goes with --protocol http",
        ),
        (&["--duration", "soon"], "\"soon\" is not a duration"),
        (&["--connections", "0"], "0 is not in 1..=1024"),
    ] {
        let (finished, _) = load(options, "http://127.0.0.1:1").await;
        assert_eq!(finished.code, Some(2));
        assert!(finished.stderr.contains(told), "{}", finished.stderr);
    }
    let (finished, _) = load(&[], "ftp://127.0.0.1:1").await;
    assert!(
        finished
            .stderr
            .contains("only http and https are supported"),
        "{}",
        finished.stderr
    );
}
