//! Starting and stopping as an operator sees them.

use crate::process::run;
use crate::running::{Running, request};
use std::net::TcpListener;

/// One span, acknowledged.
const SPAN: &str = r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name",
"value":{"stringValue":"shop"}}]},"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c",
"spanId":"eee19b7ec3c1b174","name":"buy","startTimeUnixNano":"1700000000000000000",
"endTimeUnixNano":"1700000001000000000"}]}]}]}"#;

fn send(server: &Running) {
    let url = server.url("otlp-http", "/v1/traces");
    let answer = request("POST", &url, "application/json", SPAN.into());
    assert_eq!(answer.status, 200, "{answer:?}");
}

fn has_span(server: &Running) -> bool {
    server
        .get("/api/traces/5b8efff798038103d269b633813fc60c")
        .status
        == 200
}

#[test]
fn a_taken_port_names_the_port_and_the_setting() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let data = tempfile::tempdir().unwrap();
    let finished = run(&[
        "--data-dir",
        data.path().to_str().unwrap(),
        "--otlp-grpc-port",
        &port,
        "--otlp-http-port",
        "0",
        "--query-http-port",
        "0",
        "--query-grpc-port",
        "0",
    ]);
    assert_eq!(finished.code, Some(1), "{}", finished.stderr);
    assert!(
        finished.stderr.contains(&format!("127.0.0.1:{port}")),
        "{}",
        finished.stderr
    );
    assert!(
        finished.stderr.contains("--otlp-grpc-port"),
        "{}",
        finished.stderr
    );
    assert!(!finished.stdout.contains("ready"), "{}", finished.stdout);
}

#[test]
fn terminated_it_exits_with_zero_and_keeps_what_it_acknowledged() {
    let data = tempfile::tempdir().unwrap();
    let mut server = Running::start(data.path(), &[]);
    send(&server);
    assert!(has_span(&server));
    assert_eq!(server.terminate(), Some(0));
    let server = Running::start(data.path(), &[]);
    assert!(has_span(&server));
}

#[test]
fn a_second_process_on_the_same_directory_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let server = Running::start(data.path(), &[]);
    send(&server);
    let path = data.path().to_str().unwrap();
    let finished = run(&[
        "--data-dir",
        path,
        "--otlp-grpc-port",
        "0",
        "--otlp-http-port",
        "0",
        "--query-http-port",
        "0",
        "--query-grpc-port",
        "0",
    ]);
    assert_eq!(finished.code, Some(1));
    assert!(finished.stderr.contains(path), "{}", finished.stderr);
    assert!(has_span(&server), "the first one goes on");
}

#[test]
fn a_directory_of_a_newer_version_is_refused_untouched() {
    let data = tempfile::tempdir().unwrap();
    let manifest = data.path().join("MANIFEST");
    let mut server = Running::start(data.path(), &["--memory-limit", "64MiB"]);
    server.kill();
    let segments = data.path().join("wal");
    for entry in std::fs::read_dir(&segments).unwrap() {
        let path = entry.unwrap().path();
        let mut bytes = std::fs::read(&path).unwrap();
        // The version follows the eight bytes of the magic.
        bytes[8] = 200;
        std::fs::write(&path, bytes).unwrap();
    }
    let before = listing(data.path());
    let finished = run(&[
        "--data-dir",
        data.path().to_str().unwrap(),
        "--otlp-grpc-port",
        "0",
        "--otlp-http-port",
        "0",
        "--query-http-port",
        "0",
        "--query-grpc-port",
        "0",
    ]);
    assert_eq!(finished.code, Some(1), "{}", finished.stdout);
    assert!(
        finished.stderr.contains("newer version"),
        "{}",
        finished.stderr
    );
    assert_eq!(listing(data.path()), before);
    assert!(!manifest.with_extension("tmp").exists());
}

/// Names and sizes of all files but the lock.
fn listing(directory: &std::path::Path) -> Vec<(String, u64)> {
    let mut files = Vec::new();
    let mut folders = vec![directory.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let metadata = entry.metadata().unwrap();
            if metadata.is_dir() {
                folders.push(entry.path());
            } else if entry.file_name() != "LOCK" {
                files.push((entry.path().display().to_string(), metadata.len()));
            }
        }
    }
    files.sort();
    files
}
