//! Zipkin's two paths: formats, codes and texts.

use std::sync::Arc;

use bytes::Bytes;
use tracewell_model::StoreError;

use super::start;
use crate::clients::{Reply, post, send};
use crate::consumers::{Recorder, Refusing};
use crate::requests::gzip;

const SPAN: &str = r#"[{"traceId":"7b","id":"1","name":"get","timestamp":1}]"#;

async fn post_json(url: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Reply {
    send(post(url, headers, body.into())).await.unwrap()
}

#[tokio::test]
async fn spans_are_answered_with_202_and_nothing() {
    let recorder = Arc::new(Recorder::default());
    let legacy = start(recorder.clone());
    let json = ("content-type", "application/json");
    for (path, headers, body) in [
        ("/api/v2/spans", &[json][..], Bytes::from(SPAN)),
        ("/api/v1/spans", &[json], Bytes::from(SPAN)),
        ("/zipkin/api/v2/spans/", &[], Bytes::from(SPAN)),
        (
            "/api/v2/spans",
            &[json, ("content-encoding", "gzip")],
            gzip(SPAN.as_bytes()),
        ),
        (
            "/api/v2/spans",
            &[("content-type", "text/plain")],
            Bytes::from(SPAN),
        ),
    ] {
        let reply = post_json(&legacy.url("zipkin", path), headers, body).await;
        assert_eq!(
            (reply.status.as_u16(), reply.text()),
            (202, ""),
            "{path} {headers:?}"
        );
    }
    assert_eq!(recorder.names(), ["get"; 5]);
    let empty = post_json(&legacy.url("zipkin", "/api/v2/spans"), &[json], "").await;
    assert_eq!(empty.status, 202);
    assert_eq!(legacy.account("zipkin").requests["accepted"], 6);
}

#[tokio::test]
async fn what_cannot_be_taken_is_told_why_and_seen_by_operators() {
    let legacy = start(Arc::new(Recorder::default()));
    let json = ("content-type", "application/json");
    let cases = [
        ("/api/v2/spans", vec![json], "[{", 400, "malformed JSON"),
        (
            "/api/v2/spans",
            vec![json],
            "{}",
            400,
            "expected an array, got an object",
        ),
        ("/v1/traces", vec![json], "{}", 404, "4318"),
        (
            "/api/v2/spans",
            vec![("content-type", "text/html")],
            "",
            415,
            "application/x-protobuf",
        ),
        (
            "/api/v1/spans",
            vec![("content-type", "application/x-protobuf")],
            "",
            415,
            "application/x-thrift",
        ),
        (
            "/api/v2/spans",
            vec![("origin", "https://evil.example")],
            SPAN,
            415,
            "415",
        ),
        (
            "/api/v2/spans",
            vec![json, ("content-encoding", "br")],
            SPAN,
            400,
            "gzip",
        ),
    ];
    for (path, headers, body, status, text) in cases {
        let reply = post_json(&legacy.url("zipkin", path), &headers, body).await;
        assert_eq!(reply.status, status, "{path} {headers:?} {reply:?}");
        assert!(reply.text().contains(text), "{path} {headers:?} {reply:?}");
    }
    let put = http::Request::put(legacy.url("zipkin", "/api/v2/spans"));
    let reply = send(put.body(http_body_util::Full::<Bytes>::default()).unwrap()).await;
    assert_eq!(reply.unwrap().header("allow"), "POST");
    let complaints = legacy.accounting.complaints();
    assert!(
        complaints
            .iter()
            .any(|one| &*one.receiver == "zipkin" && one.reason == "undecodable")
    );
    assert_eq!(legacy.account("zipkin").requests["unsupported"], 6);
}

#[tokio::test]
async fn bad_spans_are_counted_and_good_ones_stored() {
    let legacy = start(Arc::new(Recorder::default()));
    let body = r#"[{"traceId":"7b","id":"1","timestamp":1},{"id":"1"}]"#;
    let json = [("content-type", "application/json")];
    let reply = post_json(&legacy.url("zipkin", "/api/v2/spans"), &json, body).await;
    assert_eq!(reply.status, 202);
    assert!(
        reply
            .text()
            .contains("traceId is all zeros (resource 0, scope 0, span 1)")
    );
    let account = legacy.account("zipkin");
    assert_eq!((account.received, account.stored), (2, 1));
    assert_eq!(account.rejected["trace_id"], 1);
}

#[tokio::test]
async fn a_busy_store_is_said_and_when_to_come_again() {
    let legacy = start(Arc::new(Refusing(StoreError::Busy("full".to_owned()))));
    let json = [("content-type", "application/json")];
    let reply = post_json(&legacy.url("zipkin", "/api/v2/spans"), &json, SPAN).await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("retry-after")),
        (429, "1")
    );
    let account = legacy.account("zipkin");
    assert_eq!(account.rejected["refused_busy"], 1);
}

#[tokio::test]
async fn what_is_asked_is_handed_on_and_in_no_account() {
    let legacy = start(Arc::new(Recorder::default()));
    for path in ["/api/v2/spans?serviceName=a", "/zipkin/"] {
        let get = http::Request::get(legacy.url("zipkin", path));
        let get = get.body(http_body_util::Full::<Bytes>::default()).unwrap();
        let reply = send(get).await.unwrap();
        assert_eq!(reply.status, 200, "{path}");
        assert!(reply.text().ends_with(path), "{path}: {}", reply.text());
    }
    let json = [("content-type", "application/json")];
    post_json(&legacy.url("zipkin", "/api/v2/spans"), &json, SPAN).await;
    let requests = legacy.account("zipkin").requests;
    assert_eq!(requests.values().sum::<u64>(), 1);
}
