//! Browsers: who may send, and what they are told.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use tracewell_collector::{CorsConfig, OtlpConfig};

use crate::clients::{Reply, post, send};
use crate::consumers::{Recorder, Refusing};
use crate::requests::json;
use crate::running::{Options, Running, start, start_with};

fn allowing(origins: &[&str]) -> Options {
    Options {
        otlp: OtlpConfig {
            cors: CorsConfig::of(origins.iter().map(|origin| (*origin).to_owned()).collect()),
            ..OtlpConfig::default()
        },
        ..Options::default()
    }
}

async fn preflight(running: &Running, origin: &str) -> Reply {
    let request: Request<Full<Bytes>> = Request::options(running.http_url("/v1/traces"))
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type,x-api-key")
        .body(Full::default())
        .unwrap();
    send(request).await.unwrap()
}

async fn export(running: &Running, origin: &str) -> Reply {
    let headers = [("content-type", "application/json"), ("origin", origin)];
    let request = post(&running.http_url("/v1/traces"), &headers, json(&["click"]));
    send(request).await.unwrap()
}

#[tokio::test]
async fn allowed_pages_may_send_and_read_the_answer() {
    let recorder = Arc::new(Recorder::default());
    let running = start_with(recorder.clone(), allowing(&["http://localhost:*"]));
    let origin = "http://localhost:5173";
    let reply = preflight(&running, origin).await;
    assert_eq!(reply.status, 204);
    assert_eq!(reply.header("access-control-allow-origin"), origin);
    assert_eq!(reply.header("access-control-allow-methods"), "POST");
    assert_eq!(
        reply.header("access-control-allow-headers"),
        "content-type,x-api-key"
    );
    assert_eq!(reply.header("access-control-allow-credentials"), "true");
    assert_eq!(reply.header("vary"), "origin");
    let reply = export(&running, origin).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("access-control-allow-origin"), origin);
    assert_eq!(recorder.names(), ["click"]);
}

#[tokio::test]
async fn allowed_pages_may_read_refusals_too() {
    let busy = Refusing(tracewell_model::StoreError::Busy("full".to_owned()));
    let running = start_with(Arc::new(busy), allowing(&["*"]));
    let reply = export(&running, "https://shop.example").await;
    assert_eq!(reply.status, 429);
    assert_eq!(
        reply.header("access-control-allow-origin"),
        "https://shop.example"
    );
    assert_eq!(reply.header("access-control-expose-headers"), "retry-after");
}

#[tokio::test]
async fn other_pages_get_no_permission() {
    let running = start_with(
        Arc::new(Recorder::default()),
        allowing(&["https://shop.example"]),
    );
    for reply in [
        preflight(&running, "https://evil.example").await,
        export(&running, "https://evil.example").await,
    ] {
        assert_eq!(reply.header("access-control-allow-origin"), "");
        assert_eq!(reply.header("access-control-allow-headers"), "");
    }
}

#[tokio::test]
async fn it_is_off_unless_configured() {
    let running = start(Arc::new(Recorder::default()));
    let reply = preflight(&running, "http://localhost:5173").await;
    assert_eq!(reply.status, 405);
    assert_eq!(reply.header("access-control-allow-origin"), "");
}
