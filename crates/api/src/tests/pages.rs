//! Which path is answered by what, with and without a base path.

use axum::body::Body;
use http::Request;
use serde_json::json;
use std::sync::Arc;
use tracewell_store::memory::MemoryStore;

use super::Server;

const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

#[tokio::test]
async fn every_path_has_its_answer() {
    for base in ["", "/tools/tracewell"] {
        let server = Server::with_store(Arc::new(MemoryStore::new(1 << 20)), base);
        for (path, status, content_type) in [
            ("/", 200, HTML),
            ("/search", 200, HTML),
            ("/search?q=%7B%7D", 200, HTML),
            ("/trace/5a3232bed3fa53319632bce8d32b4b0a", 200, HTML),
            ("/trace/1...2", 200, HTML),
            ("/index.html", 200, HTML),
            ("/no-such-file.js", 404, TEXT),
            ("/assets/no-such-file", 404, TEXT),
            ("/health", 200, JSON),
            ("/api/status", 200, JSON),
            ("/api/services", 200, JSON),
            ("/api/ui/services", 200, JSON),
            ("/api/ui/no-such-thing", 404, JSON),
            ("/api/ui/traces/1/no-such-thing", 404, JSON),
            ("/ready-or-not", 200, HTML),
        ] {
            let answer = server.get(&format!("{base}{path}")).await;
            let got = (answer.status.as_u16(), answer.header("content-type"));
            assert_eq!(got, (status, content_type), "{base}{path}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        }
    }
}

#[tokio::test]
async fn addresses_of_other_products_and_of_none_are_answered() {
    for base in ["", "/tools/tracewell"] {
        let server = Server::with_store(Arc::new(MemoryStore::new(1 << 20)), base);
        let id = "5a3232bed3fa53319632bce8d32b4b0a";
        for (path, status, location) in [
            (format!("/zipkin/traces/{id}"), 307, format!("/trace/{id}")),
            ("/zipkin/".to_owned(), 307, "/search".to_owned()),
            (
                "/zipkin/?serviceName=a%20b&lookback=15m".to_owned(),
                307,
                "/search?serviceName=a%20b&lookback=15m".to_owned(),
            ),
            ("/zipkin/dependency".to_owned(), 404, String::new()),
            ("/dependencies".to_owned(), 404, String::new()),
            ("/compare/1...2".to_owned(), 404, String::new()),
            ("/trace/%zz".to_owned(), 400, String::new()),
            ("/search%".to_owned(), 400, String::new()),
            ("/trace/%FF".to_owned(), 400, String::new()),
            ("/trace/%C3%BC".to_owned(), 200, String::new()),
        ] {
            let answer = server.get(&format!("{base}{path}")).await;
            assert_eq!(answer.status.as_u16(), status, "{base}{path}");
            if status == 307 {
                assert_eq!(answer.header("location"), format!("{base}{location}"));
            } else {
                assert_eq!(answer.header("content-type"), HTML, "{base}{path}");
                assert!(status == 200 || answer.text().contains(&format!("href=\"{base}/\"")));
            }
        }
        let interface = server.get(&format!("{base}/api/%zz")).await;
        assert_eq!(interface.status, 404);
    }
}

/// A program that asks for an interface must not take the page for its answer.
#[tokio::test]
async fn interfaces_that_are_not_there_are_refused_in_json() {
    for base in ["", "/mcp"] {
        let server = Server::with_store(Arc::new(MemoryStore::new(1 << 20)), base);
        for path in [
            "/api",
            "/api/",
            "/api/no-such-thing",
            "/api/no-such-thing.js",
            "/api/ui",
            "/api/traces/a/b",
            "/api/v3/no-such-thing",
            "/ready",
            "/ready/",
            "/sampling?service=shop",
            "/mcp",
            "/mcp/messages",
        ] {
            for method in ["GET", "POST", "DELETE"] {
                let request = Request::builder().method(method);
                let request = request.uri(format!("{base}{path}"));
                let answer = server.ask(request.body(Body::empty()).unwrap()).await;
                let got = (answer.status.as_u16(), answer.header("content-type"));
                assert_eq!(got, (404, JSON), "{method} {base}{path}");
                let plain = path.split('?').next().unwrap();
                let want = json!({
                    "code": "not_found",
                    "message": format!("there is no {plain} here"),
                });
                assert_eq!(answer.json(), want, "{method} {base}{path}");
            }
        }
        assert_eq!(server.get(&format!("{base}/")).await.status, 200, "{base}/");
    }
}

#[tokio::test]
async fn outside_the_base_path_there_is_only_the_way_in() {
    let server = Server::with_store(Arc::new(MemoryStore::new(1 << 20)), "/tw");
    let root = server.get("/").await;
    assert_eq!(
        (root.status.as_u16(), root.header("location")),
        (307, "/tw/")
    );
    assert_eq!(server.get("/tw").await.status, 200);
    for path in ["/search", "/api/status", "/twin", "/health"] {
        assert_eq!(server.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn the_page_is_asked_for_each_time_and_may_load_nothing_from_elsewhere() {
    let server = Server::new(&[]);
    let page = server.get("/").await;
    assert_eq!(page.header("cache-control"), "no-cache");
    let policy = page.header("content-security-policy").to_owned();
    assert!(policy.starts_with("default-src 'self'"), "{policy}");
    let etag = page.header("etag");
    let again = server.get_with("/search", ("if-none-match", etag)).await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
    let other = server.get_with("/", ("if-none-match", "\"other\"")).await;
    assert_eq!(other.status, 200);
}

#[tokio::test]
async fn files_with_a_hash_are_kept_for_ever() {
    let server = Server::with_store(Arc::new(MemoryStore::new(1 << 20)), "/tw");
    let page = server.get("/tw/").await.text();
    let Some((_, rest)) = page.split_once("src=\"./assets/") else {
        eprintln!("skipped: this build has no UI; `make web` builds it");
        return;
    };
    assert!(page.contains(r#"<base href="/tw/""#), "{page}");
    let path = format!("/tw/assets/{}", rest.split('"').next().unwrap());
    let plain = server.get(&path).await;
    assert_eq!(
        plain.header("content-type"),
        "text/javascript; charset=utf-8"
    );
    assert!(plain.header("cache-control").contains("immutable"));
    let gzip = server
        .get_with(&path, ("accept-encoding", "gzip, br"))
        .await;
    assert_eq!(gzip.header("content-encoding"), "gzip");
    let mut unpacked = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(&gzip.body[..]);
    std::io::Read::read_to_end(&mut decoder, &mut unpacked).unwrap();
    assert_eq!(unpacked, plain.body);
}

#[tokio::test]
async fn what_is_read_is_not_written() {
    let server = Server::new(&[]);
    for path in [
        "/",
        "/search",
        "/health",
        "/metrics",
        "/api/status",
        "/api/ui/search",
    ] {
        let post = Request::post(path).body(Body::empty()).unwrap();
        assert_eq!(server.ask(post).await.status, 405, "{path}");
        let head = Request::head(path).body(Body::empty()).unwrap();
        let head = server.ask(head).await;
        assert_eq!((head.status.as_u16(), head.body.len()), (200, 0), "{path}");
    }
}
