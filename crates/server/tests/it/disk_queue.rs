//! A Collector's file with a queue on the disk, run by one process that is killed,
//! in front of another that is away.

use std::path::Path;

use crate::running::{Running, request, until};
use tracewell_testkit::{TestSpan, batch};
use tracewell_wire::otlp::protobuf;

/// One that takes OTLP over HTTP and queues on the disk.
fn queueing(dir: &Path, peer: &str, queue: &str) -> Running {
    let text = format!(
        "receivers: {{otlp: {{protocols: {{http: {{endpoint: 127.0.0.1:0}}}}}}}}
extensions: {{file_storage: {{directory: {}}}}}
exporters:
  otlp:
    endpoint: http://{peer}
    retry_on_failure: {{initial_interval: 10ms, max_interval: 50ms}}
    sending_queue: {{storage: file_storage, {queue}}}
service:
  extensions: [file_storage]
  pipelines: {{traces: {{receivers: [otlp], exporters: [otlp]}}}}
",
        dir.join("queues").display()
    );
    let file = dir.join("collector.yaml");
    std::fs::write(&file, text).unwrap();
    let closed = ["otlp-grpc", "jaeger-grpc", "jaeger-http", "jaeger-compact"];
    let closed = closed
        .iter()
        .chain(&["jaeger-binary", "jaeger-zipkin", "zipkin"]);
    let mut more = vec!["--config".to_owned(), file.to_str().unwrap().to_owned()];
    for port in closed {
        more.extend([format!("--{port}-port"), "off".to_owned()]);
    }
    let more: Vec<&str> = more.iter().map(String::as_str).collect();
    Running::start(&dir.join("unused"), &more)
}

fn body(traces: std::ops::Range<u64>) -> Vec<u8> {
    let spans: Vec<TestSpan> = traces
        .map(|trace| TestSpan::new(trace, 1, "shop", "buy", 1_700_000_000_000_000_000))
        .collect();
    protobuf::encode(&batch(&spans))
}

fn exporter(server: &Running) -> serde_json::Value {
    server.get("/api/status").json()["exporters"][0].clone()
}

fn has(server: &Running, traces: std::ops::Range<u64>) -> bool {
    traces.into_iter().all(|trace| {
        let path = format!("/api/traces/aaaa{trace:028x}");
        server.get(&path).status == 200
    })
}

#[test]
fn what_was_acknowledged_reaches_a_peer_that_was_away_though_the_process_was_killed() {
    let (backend, front) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut peer = Running::start_apart(backend.path(), &[]);
    let address = peer.address("otlp-grpc");
    peer.kill();
    let peer_at = address.to_string();

    let mut server = queueing(front.path(), &peer_at, "queue_size: 40");
    for first in (1..121).step_by(3) {
        server.store(body(first..first + 3));
    }
    // Its queue is full by now, in requests.
    let url = server.url("otlp-http", "/v1/traces");
    let told = request("POST", &url, "application/x-protobuf", body(900..901));
    assert_eq!(told.status, 429);
    let account = exporter(&server);
    assert_eq!(account["rejected"], serde_json::json!({"queue_full": 1}));
    assert_eq!(account["inFlight"], 120);
    assert_eq!(account["queue"]["requests"], 40);
    assert!(
        account["queue"]["heldBytes"].as_u64() > Some(2_000),
        "{account}"
    );
    let metrics = String::from_utf8(server.get("/metrics").body).unwrap();
    let depth = r#"tracewell_exporter_queue_requests{exporter="otlp"} 40"#;
    assert!(metrics.contains(depth), "{metrics}");
    server.kill();
    drop(server);

    let server = queueing(front.path(), &peer_at, "queue_size: 40");
    let account = exporter(&server);
    assert_eq!(account["restored"], 120, "{account}");
    let (ip, port) = (address.ip().to_string(), address.port().to_string());
    let listen = ["--listen", &ip, "--otlp-grpc-port", &port];
    let peer = Running::start(backend.path(), &listen);
    until("everything", || {
        (exporter(&server)["sent"] == 120).then_some(())
    });
    assert!(has(&peer, 1..121));
    assert!(!has(&peer, 900..901));
    server.store(body(200..203));
    until("more", || (exporter(&server)["sent"] == 123).then_some(()));
    assert!(has(&peer, 200..203));
}

#[test]
fn two_processes_never_share_a_queue() {
    let dir = tempfile::tempdir().unwrap();
    let server = queueing(dir.path(), "127.0.0.1:9", "");
    let file = dir.path().join("collector.yaml");
    let more = ["--config", file.to_str().unwrap(), "--query-http-port", "0"];
    let more = [&more[..], &["--query-grpc-port", "0"]].concat();
    let out = crate::process::tracewell(&more, &[]).output().unwrap();
    assert!(!out.status.success());
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(told.contains("exporters.otlp: "), "{told}");
    assert!(
        told.contains("exporter_otlp is in use by process"),
        "{told}"
    );
    drop(server);
}
