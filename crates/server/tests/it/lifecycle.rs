//! Starting and stopping as an operator sees them.

use crate::process::tracewell;
use crate::running::{Running, request};
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;

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

/// Ports that a test of the others leaves alone.
const LEGACY_OFF: [&str; 24] = [
    "--tempo-port",
    "off",
    "--admin-port",
    "off",
    "--query-admin-port",
    "off",
    "--health-check-port",
    "off",
    "--sampling-http-port",
    "off",
    "--sampling-grpc-port",
    "off",
    "--jaeger-grpc-port",
    "off",
    "--jaeger-http-port",
    "off",
    "--jaeger-compact-port",
    "off",
    "--jaeger-binary-port",
    "off",
    "--jaeger-zipkin-port",
    "off",
    "--zipkin-port",
    "off",
];

/// Starts a process that must not start, and answers what it said.
fn refused(data_dir: &Path, grpc_port: &str) -> String {
    refused_with(data_dir, grpc_port, &LEGACY_OFF)
}

/// As above, for a reason that is no port.
pub(crate) fn refused_on_free_ports(data_dir: &Path, more: &[&str]) -> String {
    let more = [&LEGACY_OFF[..], more].concat();
    refused_with(&data_dir.join("store"), "0", &more)
}

fn refused_with(data_dir: &Path, grpc_port: &str, more: &[&str]) -> String {
    let mut arguments = vec!["--data-dir", data_dir.to_str().unwrap()];
    arguments.extend(["--otlp-grpc-port", grpc_port]);
    for port in ["--otlp-http-port", "--query-http-port", "--query-grpc-port"] {
        arguments.extend([port, "0"]);
    }
    arguments.extend(more);
    let mut command = tracewell(&arguments, &[]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stdout.take().unwrap()).lines().next();
    if let Some(said) = said {
        child.kill().unwrap();
        panic!("it started and said {said:?}");
    }
    let mut refusal = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut refusal)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{refusal}");
    refusal
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
    let refusal = refused(data.path(), &port);
    assert!(refusal.contains(&format!("127.0.0.1:{port}")), "{refusal}");
    assert!(refusal.contains("--otlp-grpc-port"), "{refusal}");
}

#[test]
fn a_taken_port_that_was_asked_for_keeps_from_starting() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let data = tempfile::tempdir().unwrap();
    let mut more = LEGACY_OFF;
    more[LEGACY_OFF.len() - 1] = &port;
    let refusal = refused_with(data.path(), "0", &more);
    assert!(refusal.contains(&format!("127.0.0.1:{port}")), "{refusal}");
    assert!(refusal.contains("--zipkin-port"), "{refusal}");
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
    let refusal = refused(data.path(), "0");
    assert!(refusal.contains(data.path().to_str().unwrap()), "{refusal}");
    assert!(has_span(&server), "the first one goes on");
}

#[test]
fn a_directory_of_a_newer_version_is_refused_untouched() {
    let data = tempfile::tempdir().unwrap();
    let manifest = data.path().join("MANIFEST");
    let mut server = Running::start(data.path(), &[]);
    // Acknowledged, so there is a segment that counts.
    send(&server);
    server.kill();
    let segments = std::fs::read_dir(data.path().join("wal")).unwrap();
    let segments = segments.map(|entry| entry.unwrap().path());
    for path in segments.filter(|path| path.extension().is_some_and(|kind| kind == "seg")) {
        let mut bytes = std::fs::read(&path).unwrap();
        // The version follows the eight bytes of the magic; a check sum of the
        // header stands in bytes 28 to 32.
        bytes[8] = 200;
        let sum = crc32c::crc32c(&bytes[..28]);
        bytes[28..32].copy_from_slice(&sum.to_le_bytes());
        std::fs::write(&path, bytes).unwrap();
    }
    let before = listing(data.path());
    let refusal = refused(data.path(), "0");
    assert!(refusal.contains("newer version"), "{refusal}");
    assert_eq!(listing(data.path()), before);
    assert!(!manifest.with_extension("tmp").exists());
}

/// Names and sizes of all files but the lock.
fn listing(directory: &Path) -> Vec<(String, u64)> {
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

#[test]
fn the_status_says_where_spans_lie_and_how_long() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("store");
    let limits = ["--retention-age", "3d", "--retention-bytes", "1GiB"];
    let server = Running::start(&data_dir, &limits);
    let disk = server.get("/api/status").json()["store"]["disk"].take();
    assert_eq!(disk["dataDir"], data_dir.to_str().unwrap());
    assert_eq!(disk["retentionAgeSeconds"], 3 * 86_400);
    assert_eq!(disk["retentionBytes"], 1 << 30);
    assert_eq!(disk["retentionFreeBytes"], serde_json::Value::Null);
    let bytes = |field: &str| disk[field].as_u64().unwrap();
    assert!((1..=bytes("totalBytes")).contains(&bytes("freeBytes")));
}

#[test]
fn a_file_of_ui_settings_is_read_and_a_wrong_one_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("ui.json");
    let option = ["--query-ui-config", file.to_str().unwrap()];
    let link =
        r##"{"linkPatterns":[{"type":"tags","key":"order","url":"/o/#{order}","text":"o"}]}"##;
    std::fs::write(&file, link).unwrap();
    let server = Running::start(&dir.path().join("store"), &option);
    let links = server.get("/api/ui/config").json()["linkPatterns"].take();
    assert_eq!(links[0]["url"], "/o/#{order}");
    std::fs::write(&file, link.replace("order}", "order")).unwrap();
    let said = refused_on_free_ports(&dir.path().join("other"), &option);
    for part in ["query.ui.config_file", "ui.json", "linkPatterns[0].url"] {
        assert!(said.contains(part), "{said}");
    }
}
