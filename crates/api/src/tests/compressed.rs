//! Large answers come in the coding that the client likes best, and read back
//! to what they are without.

use std::io::Read;

use axum::body::Body;
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use tower::ServiceExt;
use tracewell_testkit::TestSpan;

use super::{NOW_NS, Server, encoded};

const TRACE: &str = "aaaa0000000000000000000000000001";

/// Answers of every kind of which enough spans make large ones.
fn paths() -> Vec<String> {
    let everything = encoded("{ .url.full =~ \"x+\" }");
    vec![
        format!("/api/traces/{TRACE}"),
        "/api/traces?service=shop&limit=1500".to_owned(),
        format!("/api/v3/traces/{TRACE}"),
        "/api/v3/operations?service=shop".to_owned(),
        "/api/operations?service=shop".to_owned(),
        format!("/api/ui/search?q={everything}&limit=1000"),
        "/api/ui/operations?service=shop&from=now-1h".to_owned(),
        format!("/api/ui/traces/{TRACE}/otlp"),
        format!("/api/ui/traces/{TRACE}/skeleton"),
        "/api/export".to_owned(),
    ]
}

/// One trace of a thousand spans, and as many traces of one.
fn server() -> Server {
    let span = |id: u64| {
        let (trace, name) = (id.saturating_sub(999).max(1), format!("GET /{id}"));
        TestSpan::new(trace, id, "shop", &name, NOW_NS - 1_000_000_000 + id)
            .with_text("url.full", &"x".repeat(500))
    };
    Server::new(&(1..=2_000).map(span).collect::<Vec<_>>())
}

struct Received {
    headers: HeaderMap,
    body: Vec<u8>,
    trailers: Option<HeaderMap>,
}

async fn get(server: &Server, path: &str, accept: &str) -> Received {
    let request = Request::get(path).header("accept-encoding", accept);
    let request = request.body(Body::empty()).unwrap();
    let response = server.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    let headers = response.headers().clone();
    let body = response.into_body().collect().await.unwrap();
    Received {
        headers,
        trailers: body.trailers().cloned(),
        body: body.to_bytes().to_vec(),
    }
}

fn decode(coding: &str, packed: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    let read = match coding {
        "zstd" => zstd::stream::read::Decoder::new(packed)
            .unwrap()
            .read_to_end(&mut plain),
        "br" => brotli::Decompressor::new(packed, 4_096).read_to_end(&mut plain),
        "gzip" => flate2::read::GzDecoder::new(packed).read_to_end(&mut plain),
        other => panic!("{other}"),
    };
    read.unwrap();
    plain
}

/// Without what differs from answer to answer: how long it took, and how far it
/// was after a while.
fn comparable(body: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(body);
    let lines = text.split_inclusive('\n');
    let lines = lines.filter(|line| !line.starts_with(r#"{"type":"progress""#));
    let text: String = lines.collect();
    let Some((before, rest)) = text.rsplit_once("\"elapsedMs\":") else {
        return body.to_vec();
    };
    let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    format!("{before}{after}").into_bytes()
}

#[tokio::test]
async fn every_large_answer_is_compressed_as_the_client_likes() {
    let server = server();
    for path in paths() {
        let plain = get(&server, &path, "identity").await;
        assert!(plain.headers.get("content-encoding").is_none(), "{path}");
        assert!(plain.body.len() > 20_000, "{path}: {}", plain.body.len());
        for (accept, coding) in [
            ("gzip, deflate, br, zstd", "zstd"),
            ("gzip, deflate, br", "br"),
            ("gzip", "gzip"),
            ("zstd;q=0.1, br;q=0.2, gzip;q=0.9", "gzip"),
            ("zstd;q=0, *;q=0.5", "br"),
        ] {
            let packed = get(&server, &path, accept).await;
            let headers = &packed.headers;
            let told = headers.get("content-encoding").map(|told| told.as_bytes());
            assert_eq!(told, Some(coding.as_bytes()), "{path}: {accept}");
            assert_eq!(headers["vary"], "accept-encoding", "{path}");
            assert_eq!(headers["content-type"], plain.headers["content-type"]);
            assert!(packed.body.len() < plain.body.len() / 2, "{path}: {accept}");
            let body = decode(coding, &packed.body);
            assert!(
                comparable(&body) == comparable(&plain.body),
                "{path}: {accept}"
            );
            assert_eq!(packed.trailers, plain.trailers, "{path}: {accept}");
        }
    }
}

#[tokio::test]
async fn small_answers_and_refusals_are_left_as_they_are() {
    let server = Server::new(&[]);
    for path in [
        "/api/services",
        "/api/status",
        "/api/ui/services",
        "/api/ui/search?from=x",
        "/api/no-such-thing",
        "/",
    ] {
        let accept = ("accept-encoding", "gzip, br, zstd");
        let answer = server.get_with(path, accept).await;
        assert_eq!(answer.header("content-encoding"), "", "{path}");
    }
}

#[tokio::test]
async fn a_client_that_wants_it_plain_gets_it_plain() {
    let server = server();
    let path = format!("/api/v3/traces/{TRACE}");
    for accept in ["", "deflate", "gzip;q=0", "gzip;q=0.5, identity", "*;q=0"] {
        let answer = get(&server, &path, accept).await;
        assert!(answer.headers.get("content-encoding").is_none(), "{accept}");
    }
}
