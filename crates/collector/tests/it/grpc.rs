//! OTLP over gRPC, when all goes well, and what is not served.

use std::sync::Arc;

use prost::Message;
use tonic::Code;
use tonic::codec::CompressionEncoding;

use crate::clients::{TRACES, call, framed, grpc_client, grpc_post, post, send, send_h2};
use crate::consumers::Recorder;
use crate::requests::{lz4, protobuf, request, snappy_block, snappy_stream, spoil, zlib};
use crate::running::start;

#[tokio::test]
async fn every_compression_is_stored() {
    let encodings = [
        None,
        Some(CompressionEncoding::Gzip),
        Some(CompressionEncoding::Zstd),
    ];
    for encoding in encodings {
        let recorder = Arc::new(Recorder::default());
        let running = start(recorder.clone());
        let mut client = grpc_client(running.grpc_url("")).await;
        if let Some(encoding) = encoding {
            client = client.send_compressed(encoding).accept_compressed(encoding);
        }
        let long = "x".repeat(300_000);
        for names in [&["checkout", "pay"][..], &[long.as_str()][..]] {
            let response = call(&mut client, TRACES, protobuf(names)).await;
            let response = response.unwrap_or_else(|status| panic!("{encoding:?}: {status}"));
            assert_eq!(response.partial_success, None, "{encoding:?}");
        }
        assert_eq!(recorder.names(), ["checkout", "pay", &long], "{encoding:?}");
        assert_eq!(running.grpc_account().stored, 3, "{encoding:?}");
    }
}

#[tokio::test]
async fn encodings_that_tonic_does_not_know_are_stored() {
    let recorder = Arc::new(Recorder::default());
    let running = start(recorder.clone());
    let plain = protobuf(&["pay"]);
    let packed = [
        ("deflate", zlib(&plain)),
        ("snappy", snappy_stream(&plain)),
        ("snappy", snappy_block(&plain)),
        ("lz4", lz4(&plain)),
    ];
    for (encoding, packed) in packed {
        let call = grpc_post(&running.grpc_url(TRACES), encoding, framed(1, &packed));
        let reply = send_h2(call).await.unwrap();
        assert_eq!(reply.header("grpc-status"), "0", "{encoding} {reply:?}");
    }
    assert_eq!(recorder.names(), ["pay"; 4]);
}

#[tokio::test]
async fn twenty_kilobytes_of_metadata_are_taken() {
    let recorder = Arc::new(Recorder::default());
    let running = start(recorder.clone());
    let mut call = grpc_post(
        &running.grpc_url(TRACES),
        "identity",
        framed(0, &protobuf(&["pay"])),
    );
    let token = "x".repeat(20 << 10).parse().unwrap();
    call.headers_mut().insert("authorization", token);
    let reply = send_h2(call).await.unwrap();
    assert_eq!(reply.header("grpc-status"), "0", "{reply:?}");
    assert_eq!(recorder.names(), ["pay"]);
}

#[tokio::test]
async fn the_port_says_that_it_is_healthy() {
    let running = start(Arc::new(Recorder::default()));
    let check = |service: &str| {
        let mut message = vec![0x0a, u8::try_from(service.len()).unwrap()];
        message.extend_from_slice(service.as_bytes());
        let url = running.grpc_url("/grpc.health.v1.Health/Check");
        send_h2(grpc_post(&url, "identity", framed(0, &message)))
    };
    for service in ["", "opentelemetry.proto.collector.trace.v1.TraceService"] {
        let reply = check(service).await.unwrap();
        assert_eq!(reply.header("grpc-status"), "0", "{reply:?}");
        // SERVING
        assert_eq!(&reply.body[..], b"\0\0\0\0\x02\x08\x01", "{service}");
    }
    let reply = check("shop.Cart").await.unwrap();
    assert_eq!(reply.header("grpc-status"), "5", "{reply:?}");
    assert_eq!(running.grpc_account().requests.values().sum::<u64>(), 0);
}

#[tokio::test]
async fn an_uncompressed_message_on_a_compressed_call_is_stored() {
    let recorder = Arc::new(Recorder::default());
    let running = start(recorder.clone());
    let body = framed(0, &protobuf(&["pay"]));
    let reply = send_h2(grpc_post(&running.grpc_url(TRACES), "gzip", body)).await;
    assert_eq!(reply.unwrap().header("grpc-status"), "0");
    assert_eq!(recorder.names(), ["pay"]);
}

#[tokio::test]
async fn many_calls_share_a_connection() {
    let recorder = Arc::new(Recorder::default());
    let running = start(recorder.clone());
    let client = grpc_client(running.grpc_url("")).await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..500 {
        let mut client = client.clone();
        calls.spawn(async move { call(&mut client, TRACES, protobuf(&["pay"])).await });
    }
    while let Some(answer) = calls.join_next().await {
        answer.unwrap().unwrap();
    }
    assert_eq!(recorder.spans(), 500);
}

#[tokio::test]
async fn a_bad_span_is_rejected_alone() {
    let recorder = Arc::new(Recorder::default());
    let running = start(recorder.clone());
    let mut client = grpc_client(running.grpc_url("")).await;
    let message = spoil(request(&["good", "bad"]), "bad").encode_to_vec();
    let response = call(&mut client, TRACES, message.into()).await.unwrap();
    let partial = response.partial_success.unwrap();
    assert_eq!(partial.rejected_spans, 1);
    assert!(
        partial.error_message.contains("span_id"),
        "{}",
        partial.error_message
    );
    assert_eq!(recorder.names(), ["good"]);
}

#[tokio::test]
async fn other_signals_are_taken_and_thrown_away() {
    let running = start(Arc::new(Recorder::default()));
    let mut client = grpc_client(running.grpc_url("")).await;
    for method in [
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export",
    ] {
        let response = call(&mut client, method, "whatever this is".into()).await;
        assert_eq!(response.unwrap().partial_success, None, "{method}");
    }
    let account = running.grpc_account();
    assert_eq!(account.requests["ignored"], 3);
    assert_eq!(account.ignored["metrics"], 1);
}

#[tokio::test]
async fn unknown_methods_are_unimplemented() {
    let running = start(Arc::new(Recorder::default()));
    let mut client = grpc_client(running.grpc_url("")).await;
    for method in ["/jaeger.api_v2.CollectorService/PostSpans", "/x"] {
        let status = call(&mut client, method, protobuf(&["pay"]))
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented, "{method}");
    }
    assert_eq!(running.grpc_account().requests["unsupported"], 2);
}

#[tokio::test]
async fn the_wrong_port_says_which_is_right() {
    let running = start(Arc::new(Recorder::default()));
    let http = post(
        &running.grpc_url("/v1/traces"),
        &[("content-type", "application/x-protobuf")],
        protobuf(&["pay"]),
    );
    for reply in [
        send(http.clone()).await.unwrap(),
        send_h2(http).await.unwrap(),
    ] {
        assert_eq!(reply.status, 415);
        assert!(reply.text().contains("4318"), "{}", reply.text());
    }
    let mut client = grpc_client(running.http_url("")).await;
    let status = call(&mut client, TRACES, protobuf(&["pay"]))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    assert!(status.message().contains("4317"), "{status}");
}
