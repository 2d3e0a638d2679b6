//! Bodies that real SDKs sent, sent again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::clients::{TRACES, call, grpc_client, in_pieces, post, send};
use crate::consumers::Recorder;
use crate::running::{Running, start};

/// The captures beside the repository, if they are on this machine.
fn captures() -> Option<PathBuf> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let captures = repository.join("../shared/data/captures");
    if captures.is_dir() {
        return Some(captures);
    }
    eprintln!("skipped: no captures at {}", captures.display());
    None
}

struct Capture {
    file: String,
    protocol: String,
    spans: u64,
    path: String,
    body: Bytes,
}

/// The captured requests of OTLP.
fn otlp(captures: &Path) -> Vec<Capture> {
    let index = std::fs::read(captures.join("index.json")).unwrap();
    let index: Vec<serde_json::Value> = serde_json::from_slice(&index).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let captured = index.iter().map(|entry| Capture {
        file: text(&entry["file"]),
        protocol: text(&entry["protocol"]),
        spans: entry["spans"].as_u64().unwrap_or(0),
        path: text(&entry["request"]["path"]),
        body: std::fs::read(captures.join(text(&entry["file"])))
            .unwrap()
            .into(),
    });
    let otlp: Vec<_> = captured
        .filter(|capture| capture.protocol.starts_with("otlp-"))
        .collect();
    assert!(otlp.len() > 50, "only {} captures of OTLP", otlp.len());
    otlp
}

async fn over_http(running: &Running, capture: &Capture) {
    let content_type = if capture.protocol.contains("json") {
        "application/json"
    } else {
        "application/x-protobuf"
    };
    let encoding = ["gzip", "deflate"]
        .into_iter()
        .find(|encoding| capture.protocol.ends_with(encoding));
    let headers = [
        ("content-type", content_type),
        ("content-encoding", encoding.unwrap_or("identity")),
    ];
    let path = if capture.path.is_empty() {
        "/v1/traces"
    } else {
        &capture.path
    };
    let request = post(&running.http_url(path), &headers, capture.body.clone());
    // As Node.js sends them.
    let reply = send(in_pieces(request, 16 << 10)).await.unwrap();
    assert_eq!(reply.status, 200, "{}: {:?}", capture.file, reply.body);
    assert!(
        matches!(reply.text(), "" | "{}"),
        "{}: {:?}",
        capture.file,
        reply.body
    );
}

#[tokio::test]
async fn every_capture_is_stored_whole() {
    let Some(captures) = captures() else { return };
    let recorder = Arc::new(Recorder::default());
    let running = start(recorder.clone());
    let mut client = grpc_client(running.grpc_url("")).await;
    let (mut http_spans, mut grpc_spans) = (0, 0);
    for capture in otlp(&captures) {
        over_http(&running, &capture).await;
        http_spans += capture.spans;
        assert_eq!(
            running.http_account().stored,
            http_spans,
            "{}",
            capture.file
        );
        if capture.protocol == "otlp-grpc" {
            let response = call(&mut client, TRACES, capture.body.clone())
                .await
                .unwrap();
            assert_eq!(response.partial_success, None, "{}", capture.file);
            grpc_spans += capture.spans;
            assert_eq!(
                running.grpc_account().stored,
                grpc_spans,
                "{}",
                capture.file
            );
        }
    }
    assert_eq!(recorder.spans() as u64, http_spans + grpc_spans);
}

/// Whole connections: preface, header compression and frames of real clients.
#[tokio::test]
async fn every_captured_grpc_connection_is_understood() {
    let Some(captures) = captures() else { return };
    for entry in std::fs::read_dir(captures.join("h2raw")).unwrap() {
        let path = entry.unwrap().path();
        let running = start(Arc::new(Recorder::default()));
        let address = running.receiver.grpc_address().unwrap();
        let mut connection = TcpStream::connect(address).await.unwrap();
        let sent = std::fs::read(&path).unwrap();
        connection.write_all(&sent).await.unwrap();
        running
            .until(|running| running.grpc_account().requests.values().sum::<u64>() > 0)
            .await;
        let account = running.grpc_account();
        assert_eq!(
            account.requests["accepted"],
            1,
            "{}: {account:?}",
            path.display()
        );
        assert!(account.stored > 0, "{}: {account:?}", path.display());
    }
}
