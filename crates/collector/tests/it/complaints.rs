//! Whoever runs the server sees what its clients are refused, and by whom.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tracewell_collector::Complaint;
use tracewell_model::StoreError;

use crate::clients::{TRACES, framed, grpc_post, post, send, send_h2};
use crate::consumers::{Recorder, Refusing};
use crate::requests::{gzip, protobuf, request, spoil};
use crate::running::{Running, start};
use prost::Message;

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
const JSON: (&str, &str) = ("content-type", "application/json");
const AGENT: (&str, &str) = ("user-agent", "shop/1.0");

fn newest(running: &Running) -> Complaint {
    running.accounting.complaints().remove(0)
}

#[tokio::test]
async fn what_is_refused_is_shown_with_reason_place_and_sender() {
    let running = start(Arc::new(Recorder::default()));
    let url = running.http_url("/v1/traces");
    let spoilt = spoil(request(&["good", "bad"]), "bad").encode_to_vec();
    let logs = r#"{"resourceLogs":[{}]}"#;
    let cases = [
        (
            post(&url, &[JSON, AGENT], "{".into()),
            "undecodable",
            "line 1",
        ),
        (
            post(&running.http_url("/v1/trace"), &[JSON, AGENT], "{}".into()),
            "unsupported",
            "404",
        ),
        (
            post(&url, &[PROTOBUF, AGENT], spoilt.into()),
            "partly_accepted",
            "span_id",
        ),
        (
            post(&url, &[JSON, AGENT], logs.into()),
            "no_spans",
            "resourceLogs",
        ),
    ];
    for (request, reason, text) in cases {
        let path = request.uri().path().to_owned();
        send(request).await.unwrap();
        let complaint = newest(&running);
        assert_eq!(complaint.reason, reason);
        assert_eq!((&*complaint.path, complaint.times), (&*path, 1));
        assert_eq!(complaint.user_agent, "shop/1.0");
        assert!(complaint.peer.ip().is_loopback());
        assert!(complaint.message.contains(text), "{complaint:?}");
    }
    let call = grpc_post(&running.grpc_url(TRACES), "", framed(0, b"\x0a\xff"));
    for _ in 0..3 {
        send_h2(call.clone()).await.unwrap();
    }
    let complaint = newest(&running);
    assert_eq!((&*complaint.receiver, complaint.times), ("otlp_grpc", 3));

    // What is well says nothing.
    let before = running.accounting.complaints();
    send(post(&url, &[PROTOBUF], protobuf(&["pay"])))
        .await
        .unwrap();
    assert_eq!(running.accounting.complaints(), before);
}

#[tokio::test]
async fn a_store_that_is_full_is_shown_too() {
    let error = StoreError::Unavailable("no space left".to_owned());
    let running = start(Arc::new(Refusing(error)));
    let request = post(
        &running.http_url("/v1/traces"),
        &[PROTOBUF],
        protobuf(&["a"]),
    );
    send(request).await.unwrap();
    let complaint = newest(&running);
    assert_eq!(complaint.reason, "unavailable");
    assert!(complaint.message.contains("no space left"), "{complaint:?}");
}

#[tokio::test]
async fn tls_on_a_plain_port_is_shown() {
    let running = start(Arc::new(Recorder::default()));
    for address in [
        running.receiver.http_address(),
        running.receiver.grpc_address(),
    ] {
        let mut connection = TcpStream::connect(address.unwrap()).await.unwrap();
        // A client's hello.
        let hello = [0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0, b'\r', b'\n', b'\r', b'\n'];
        connection.write_all(&hello).await.unwrap();
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).await.ok();
    }
    running
        .until(|running| running.accounting.complaints().len() == 2)
        .await;
    let complaint = newest(&running);
    assert_eq!(complaint.reason, "not_http");
    assert!(complaint.message.contains("TLS"), "{complaint:?}");
}

#[tokio::test]
async fn metrics_and_logs_are_counted_as_what_they_are() {
    let running = start(Arc::new(Recorder::default()));
    let logs = br#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{},{},{}]}]}]}"#;
    let packed = [JSON, ("content-encoding", "gzip")];
    let request = post(&running.http_url("/v1/logs"), &packed, gzip(logs));
    assert_eq!(send(request).await.unwrap().status, 200);
    let broken = post(&running.http_url("/v1/logs"), &[JSON], "{".into());
    assert_eq!(send(broken).await.unwrap().status, 200);
    let account = running.http_account();
    assert_eq!(
        (account.ignored["logs"], account.ignored_items["logs"]),
        (2, 3)
    );

    // One gauge with two data points.
    let metrics = b"\x0a\x0a\x12\x08\x12\x06\x2a\x04\x0a\0\x0a\0";
    let path = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
    let call = grpc_post(&running.grpc_url(path), "", framed(0, metrics));
    let reply = send_h2(call).await.unwrap();
    assert_eq!(reply.header("grpc-status"), "0");
    assert_eq!(running.grpc_account().ignored_items["metrics"], 2);
}
