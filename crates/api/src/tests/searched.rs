//! Every answer about traces says how much was looked at for it.

use axum::body::Body;
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use tower::ServiceExt;
use tracewell_testkit::TestSpan;

use super::{NOW_NS, Server};

const BLOCKS: &str = "tracewell-searched-blocks";
const SPANS: &str = "tracewell-searched-spans";

fn server(spans: u64) -> Server {
    let span = |id: u64| {
        TestSpan::new(1, id, "shop", "GET /", NOW_NS - 1_000_000_000 + id)
            .with_text("url.full", &"x".repeat(500))
    };
    Server::new(&(1..=spans).map(span).collect::<Vec<_>>())
}

fn told(fields: &HeaderMap) -> [Option<&str>; 2] {
    [BLOCKS, SPANS].map(|name| fields.get(name).and_then(|value| value.to_str().ok()))
}

#[tokio::test]
async fn small_answers_say_it_in_their_header() {
    let server = server(3);
    for path in [
        "/api/traces/aaaa0000000000000000000000000001",
        "/api/traces?service=shop",
        "/api/traces?traceID=aaaa0000000000000000000000000001",
        "/api/v3/traces/aaaa0000000000000000000000000001",
        "/api/ui/traces/aaaa0000000000000000000000000001/skeleton",
        "/api/ui/traces/aaaa0000000000000000000000000001/otlp",
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(
            (answer.header(BLOCKS), answer.header(SPANS)),
            ("1", "3"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn large_answers_say_it_in_their_trailers() {
    let server = server(1_000);
    let path = "/api/v3/traces/aaaa0000000000000000000000000001";
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = server.router.clone().oneshot(request).await.unwrap();
    let announced = response.headers()["trailer"].to_str().unwrap().to_owned();
    assert!(announced.contains(BLOCKS), "{announced}");
    assert_eq!(told(response.headers()), [None, None]);
    let body = response.into_body().collect().await.unwrap();
    assert_eq!(told(body.trailers().unwrap()), [Some("1"), Some("1000")]);
    let json: serde_json::Value = serde_json::from_slice(&body.to_bytes()).unwrap();
    assert!(json["result"]["resourceSpans"].is_array());
}
