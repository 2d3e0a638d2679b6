//! A Collector's file with `tail_sampling`, run by a process that is killed while
//! traces wait.

use std::path::Path;

use crate::running::{Running, request, until};
use tracewell_model::StatusCode;
use tracewell_testkit::{TestSpan, batch};
use tracewell_wire::otlp::protobuf;

/// One that takes OTLP over HTTP, and stores traces that have an error.
fn sampling(dir: &Path, storage: &str) -> Vec<String> {
    let text = format!(
        "receivers: {{otlp: {{protocols: {{http: {{endpoint: 127.0.0.1:0}}}}}}}}
processors:
  tail_sampling:
    decision_wait: 300ms
    {storage}
    policies: [{{name: failed, type: status_code, status_code: {{status_codes: [ERROR]}}}}]
exporters: {{tracewell: }}
service: {{pipelines: {{traces: {{receivers: [otlp], processors: [tail_sampling], exporters: [tracewell]}}}}}}
"
    );
    let file = dir.join("collector.yaml");
    std::fs::write(&file, text).unwrap();
    let mut more = vec!["--config".to_owned(), file.to_str().unwrap().to_owned()];
    for port in [
        "otlp-grpc",
        "jaeger-grpc",
        "jaeger-http",
        "jaeger-compact",
        "jaeger-binary",
        "jaeger-zipkin",
        "zipkin",
    ] {
        more.extend([format!("--{port}-port"), "off".to_owned()]);
    }
    more
}

fn start(dir: &Path) -> Running {
    let more = sampling(dir, "");
    let more: Vec<&str> = more.iter().map(String::as_str).collect();
    Running::start(&dir.join("data"), &more)
}

/// A span of each trace; of the even ones it failed.
fn body(traces: std::ops::Range<u64>, id: u64, can_fail: bool) -> Vec<u8> {
    let spans: Vec<TestSpan> = traces
        .map(|trace| {
            let span = TestSpan::new(trace, id, "shop", "buy", 1_700_000_000_000_000_000);
            if can_fail && trace % 2 == 0 {
                span.status(StatusCode::Error)
            } else {
                span
            }
        })
        .collect();
    protobuf::encode(&batch(&spans))
}

fn account(server: &Running) -> serde_json::Value {
    server.get("/api/status").json()["processors"][0].clone()
}

/// Waits until nothing waits any more.
fn decided(server: &Running) -> serde_json::Value {
    until("decisions", || {
        let account = account(server);
        (account["inFlight"] == 0).then_some(account)
    })
}

fn spans_of(server: &Running, trace: u64) -> usize {
    let answer = server.get(&format!("/api/traces/aaaa{trace:028x}"));
    if answer.status == 404 {
        return 0;
    }
    let trace = answer.json();
    trace["data"][0]["spans"].as_array().map_or(0, Vec::len)
}

#[test]
fn traces_that_wait_are_decided_though_the_process_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = start(dir.path());
    for round in 0..3 {
        let first = 1 + round * 10;
        server.store(body(first..first + 10, 1, true));
        server.store(body(first..first + 10, 2, false));
        server.kill();
        drop(server);
        server = start(dir.path());
    }
    let account = decided(&server);
    let now = |name: &str| account[name].as_u64().unwrap();
    let dropped = account["dropped"]["sampled_out"].as_u64().unwrap_or(0);
    assert_eq!(now("received"), now("passed") + dropped, "{account}");
    for trace in 1..31 {
        let expected = if trace % 2 == 0 { 2 } else { 0 };
        assert_eq!(spans_of(&server, trace), expected, "trace {trace}");
    }

    // Late spans follow decisions of the lives before, even where they failed.
    server.kill();
    drop(server);
    let server = start(dir.path());
    let all_failed: Vec<TestSpan> = (1..31)
        .map(|trace| TestSpan::new(trace, 3, "shop", "late", 1_700_000_000_000_000_000))
        .map(|span| span.status(StatusCode::Error))
        .collect();
    server.store(protobuf::encode(&batch(&all_failed)));
    let account = decided(&server);
    assert_eq!(account["dropped"]["sampled_out"], 15, "{account}");
    // And more, where it was not yet on the disk that they were taken.
    assert!(account["passed"].as_u64() >= Some(15), "{account}");
    for trace in 1..31 {
        let expected = if trace % 2 == 0 { 3 } else { 0 };
        assert_eq!(spans_of(&server, trace), expected, "trace {trace}");
    }
}

#[test]
fn without_a_directory_it_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    for (storage, more, expected) in [
        (
            "",
            &["--storage", "memory"][..],
            "spans wait on the disk, and there is no data directory",
        ),
        (
            "tail_storage: file_storage/tail",
            &[],
            "there is no directory for file_storage/tail",
        ),
    ] {
        let mut arguments = sampling(dir.path(), storage);
        for port in ["--query-http-port", "--query-grpc-port"] {
            arguments.extend([port.to_owned(), "0".to_owned()]);
        }
        let data = dir.path().join("data");
        arguments.extend(["--data-dir".to_owned(), data.to_str().unwrap().to_owned()]);
        arguments.extend(more.iter().map(|&flag| flag.to_owned()));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let out = crate::process::tracewell(&arguments, &[]).output().unwrap();
        assert!(!out.status.success());
        let told = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(told.contains("processors.tail_sampling: "), "{told}");
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn what_waits_when_a_process_is_stopped_is_decided_by_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = start(dir.path());
    server.store(body(2..3, 1, true));
    assert_eq!(server.terminate(), Some(0));
    drop(server);
    let server = start(dir.path());
    let url = server.url("otlp-http", "/v1/traces");
    let answer = request("POST", &url, "application/x-protobuf", body(2..3, 2, false));
    assert_eq!(answer.status, 200);
    decided(&server);
    assert_eq!(spans_of(&server, 2), 2);
}
