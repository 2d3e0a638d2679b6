//! OTLP over HTTP, when all goes well.

use std::sync::Arc;

use prost::Message;

use crate::clients::{in_pieces, post, send, send_h2};
use crate::consumers::Recorder;
use crate::requests::{
    gzip, json, lz4, protobuf, request, snappy_block, snappy_stream, spoil, zlib, zstd,
};
use crate::running::start;

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

#[tokio::test]
async fn every_format_and_encoding_is_stored_and_answered_in_kind() {
    let plain = |body: &[u8]| bytes::Bytes::copy_from_slice(body);
    type Pack = fn(&[u8]) -> bytes::Bytes;
    let encodings: [(&str, Pack); 11] = [
        ("", plain),
        ("identity", plain),
        ("gzip", gzip),
        ("GZIP", gzip),
        ("zstd", zstd),
        ("deflate", zlib),
        ("zlib", zlib),
        ("snappy", snappy_block),
        ("snappy", snappy_stream),
        ("x-snappy-framed", snappy_stream),
        ("lz4", lz4),
    ];
    let formats = [
        (PROTOBUF, protobuf(&["checkout", "pay"]), PROTOBUF, ""),
        (JSON, json(&["checkout", "pay"]), JSON, "{}"),
        (
            "application/json; charset=utf-8",
            json(&["checkout", "pay"]),
            JSON,
            "{}",
        ),
    ];
    for (encoding, pack) in encodings {
        for (content_type, body, answer_type, answer) in &formats {
            let recorder = Arc::new(Recorder::default());
            let running = start(recorder.clone());
            let headers = [
                ("content-type", *content_type),
                ("content-encoding", encoding),
            ];
            let request = post(&running.http_url("/v1/traces"), &headers, pack(body));
            let reply = send(request).await.unwrap();
            let case = format!("{encoding} {content_type}");
            assert_eq!(reply.status, 200, "{case}: {reply:?}");
            assert_eq!(reply.header("content-type"), *answer_type, "{case}");
            assert_eq!(reply.text(), *answer, "{case}");
            assert_eq!(recorder.names(), ["checkout", "pay"], "{case}");
        }
    }
}

#[tokio::test]
async fn slashes_around_the_path_do_not_matter() {
    let recorder = Arc::new(Recorder::default());
    let running = start(recorder.clone());
    for path in ["/v1/traces/", "//v1/traces"] {
        let headers = [("content-type", PROTOBUF)];
        let request = post(&running.http_url(path), &headers, protobuf(&["pay"]));
        assert_eq!(send(request).await.unwrap().status, 200, "{path}");
    }
    assert_eq!(recorder.names(), ["pay", "pay"]);
}

#[tokio::test]
async fn a_body_that_is_not_called_anything_is_told_by_how_it_begins() {
    let recorder = Arc::new(Recorder::default());
    let running = start(recorder.clone());
    let url = running.http_url("/v1/traces");
    let beacon = ("content-type", "text/plain;charset=UTF-8");
    let curl = ("content-type", "application/x-www-form-urlencoded");
    let packed = [curl, ("content-encoding", "gzip")];
    let marked = [&b"\xef\xbb\xbf"[..], &json(&["marked"])].concat();
    let requests = [
        post(&url, &[beacon], json(&["beacon"])),
        post(&url, &[], json(&["json"])),
        post(&url, &[], protobuf(&["protobuf"])),
        post(&url, &packed, gzip(&json(&["packed"]))),
        post(&url, &[beacon], marked.into()),
    ];
    for request in requests {
        let reply = send(request).await.unwrap();
        assert_eq!((reply.status.as_u16(), reply.text()), (200, "{}"));
    }
    let names = ["beacon", "json", "protobuf", "packed", "marked"];
    assert_eq!(recorder.names(), names);

    // Any page may send text without asking, so those that are not allowed to
    // send may not send it either.
    let page = [beacon, ("origin", "https://evil.test")];
    let reply = send(post(&url, &page, json(&["page"]))).await.unwrap();
    assert_eq!(reply.status, 415);
    let reply = send(post(&url, &[beacon], "hello".into())).await.unwrap();
    assert_eq!(reply.status, 415);
    assert!(reply.text().contains("neither as JSON"), "{}", reply.text());
    assert_eq!(recorder.names(), names);
}

#[tokio::test]
async fn a_body_of_another_shape_is_told_so() {
    let running = start(Arc::new(Recorder::default()));
    let url = running.http_url("/v1/traces");
    let body = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}"#;
    let reply = send(post(&url, &[("content-type", JSON)], body.into()))
        .await
        .unwrap();
    assert_eq!(reply.status, 200);
    let partial = &reply.json()["partialSuccess"];
    let message = partial["errorMessage"].as_str().unwrap();
    assert!(message.contains("logs go to /v1/logs"), "{message}");
}

#[tokio::test]
async fn chunked_bodies_and_http2_are_taken() {
    let recorder = Arc::new(Recorder::default());
    let running = start(recorder.clone());
    let url = running.http_url("/v1/traces");
    let headers = [("content-type", PROTOBUF)];
    let long = "x".repeat(300_000);
    let body = protobuf(&[&long]);
    for size in [1_000, 400_000] {
        let chunked = in_pieces(post(&url, &headers, body.clone()), size);
        assert_eq!(send(chunked).await.unwrap().status, 200);
    }
    let whole = post(&url, &headers, body.clone());
    assert_eq!(send(whole.clone()).await.unwrap().status, 200);
    assert_eq!(send_h2(whole).await.unwrap().status, 200);
    assert_eq!(recorder.names(), vec![long; 4]);
    assert_eq!(running.intake.admission().held_bytes(), 0);
}

#[tokio::test]
async fn empty_requests_succeed() {
    let running = start(Arc::new(Recorder::default()));
    for (content_type, body) in [(PROTOBUF, ""), (JSON, "{}")] {
        let request = post(
            &running.http_url("/v1/traces"),
            &[("content-type", content_type)],
            body.into(),
        );
        assert_eq!(send(request).await.unwrap().status, 200, "{content_type}");
    }
}

#[tokio::test]
async fn a_bad_span_is_rejected_alone() {
    let recorder = Arc::new(Recorder::default());
    let running = start(recorder.clone());
    let url = running.http_url("/v1/traces");
    let spoiled = spoil(request(&["good", "bad"]), "bad");

    let body = spoiled.encode_to_vec().into();
    let reply = send(post(&url, &[("content-type", PROTOBUF)], body))
        .await
        .unwrap();
    assert_eq!(reply.status, 200);
    let partial = reply.export_response().partial_success.unwrap();
    assert_eq!(partial.rejected_spans, 1);
    assert!(
        partial.error_message.contains("span_id"),
        "{}",
        partial.error_message
    );

    let body = serde_json::to_vec(&spoiled).unwrap().into();
    let reply = send(post(&url, &[("content-type", JSON)], body))
        .await
        .unwrap();
    assert_eq!(reply.status, 200);
    let partial = &reply.json()["partialSuccess"];
    assert_eq!(partial["rejectedSpans"], "1");
    assert!(
        partial["errorMessage"]
            .as_str()
            .unwrap()
            .contains("span_id"),
        "{partial}"
    );

    assert_eq!(recorder.names(), ["good", "good"]);
    let account = running.http_account();
    assert_eq!((account.received, account.stored), (4, 2));
    assert_eq!(account.rejected["span_id"], 2);
    assert_eq!(account.requests["partly_accepted"], 2);
}

#[tokio::test]
async fn other_signals_are_taken_and_thrown_away() {
    let recorder = Arc::new(Recorder::default());
    let running = start(recorder.clone());
    for path in ["/v1/metrics", "/v1/logs", "/v1development/profiles"] {
        for (content_type, answer) in [(PROTOBUF, ""), (JSON, "{}")] {
            let request = post(
                &running.http_url(path),
                &[("content-type", content_type)],
                "whatever this is".into(),
            );
            let reply = send(request).await.unwrap();
            assert_eq!(reply.status, 200, "{path}");
            assert_eq!(reply.header("content-type"), content_type, "{path}");
            assert_eq!(reply.text(), answer, "{path}");
        }
    }
    assert_eq!(recorder.spans(), 0);
    let account = running.http_account();
    assert_eq!(account.ignored["metrics"], 2);
    assert_eq!(account.ignored["logs"], 2);
    assert_eq!(account.ignored["profiles"], 2);
    assert_eq!(account.requests["ignored"], 6);
}
