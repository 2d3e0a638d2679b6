//! What real clients sent, sent again to the port it is for.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value as Json;
use tokio::net::UdpSocket;

use super::{Legacy, start};
use crate::clients::{framed, grpc_post, post, send, send_h2};
use crate::consumers::Recorder;

/// Sends a body as its client did and answers the receiver's name.
async fn replay(legacy: &Legacy, entry: &Json, body: Bytes) -> Option<&'static str> {
    let path = entry["request"]["path"].as_str().unwrap_or_default();
    let posted = |receiver, content_type| async move {
        let request = post(
            &legacy.url(receiver, path),
            &[("content-type", content_type)],
            body.clone(),
        );
        let reply = send(request).await.unwrap();
        assert_eq!(reply.status, 202, "{entry}: {reply:?}");
        assert!(reply.body.is_empty(), "{entry}: {reply:?}");
        receiver
    };
    Some(match entry["protocol"].as_str().unwrap() {
        "zipkin-json" => posted("zipkin", "application/json").await,
        "zipkin-proto" => posted("zipkin", "application/x-protobuf").await,
        "zipkin-thrift" => posted("zipkin", "application/x-thrift").await,
        "jaeger-thrift-http" => posted("jaeger_thrift_http", "application/x-thrift").await,
        "jaeger-grpc" => {
            let body = std::fs::read(body_path(entry)?).unwrap();
            let method = "/jaeger.api_v2.CollectorService/PostSpans";
            let call = grpc_post(
                &legacy.url("jaeger_grpc", method),
                "identity",
                framed(0, &body),
            );
            let reply = send_h2(call).await.unwrap();
            assert_eq!(reply.header("grpc-status"), "0", "{entry}: {reply:?}");
            "jaeger_grpc"
        }
        udp @ ("jaeger-udp-binary" | "jaeger-udp-compact") => {
            let receiver = match udp {
                "jaeger-udp-binary" => "jaeger_thrift_binary",
                _ => "jaeger_thrift_compact",
            };
            let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let body = std::fs::read(body_path(entry)?).unwrap();
            let to = legacy.address(receiver);
            let before = legacy.account(receiver).requests["accepted"];
            assert_eq!(socket.send_to(&body, to).await.unwrap(), body.len());
            legacy
                .until(receiver, |account| account.requests["accepted"] > before)
                .await;
            receiver
        }
        _ => return None,
    })
}

fn body_path(entry: &Json) -> Option<std::path::PathBuf> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let captures = repository.join("../shared/data/captures");
    Some(captures.join(entry["file"].as_str()?)).filter(|path| path.exists())
}

#[tokio::test]
async fn every_capture_is_stored_whole() {
    let index = serde_json::json!({"file": "index.json"});
    let Some(index) = body_path(&index) else {
        eprintln!("skipped: there are no captures beside the repository");
        return;
    };
    let index: Vec<Json> = serde_json::from_slice(&std::fs::read(index).unwrap()).unwrap();
    let legacy = start(Arc::new(Recorder::default()));
    let mut replayed = 0;
    for entry in &index {
        let body = std::fs::read(body_path(entry).unwrap()).unwrap();
        let stored = || -> u64 {
            let accounts = legacy.accounting.snapshot();
            accounts.iter().map(|account| account.stored).sum()
        };
        let before = stored();
        let Some(receiver) = replay(&legacy, entry, body.into()).await else {
            continue;
        };
        let account = legacy.account(receiver);
        let spans = stored() - before;
        assert!(spans > 0, "{entry}: {account:?}");
        if let Some(want) = entry["spans"].as_u64() {
            assert_eq!(spans, want, "{entry}: {account:?}");
        }
        assert_eq!(account.received, account.stored, "{entry}: {account:?}");
        replayed += 1;
    }
    assert_eq!(replayed, 33);
}
