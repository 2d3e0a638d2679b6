//! The UI: files that were built into the binary.
//!
//! Files with a hash in their name never change and may be kept for ever; the
//! document that names them is asked for each time. Every page of the UI is
//! the same document, which learns from its `<base>` where it lives. **Paths of
//! interfaces never come here** (see `unknown`).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

/// A file of the UI.
struct File {
    /// Relative to the root of the UI.
    path: &'static str,
    /// With its quotes.
    etag: &'static str,
    plain: &'static [u8],
    /// Present where it is worth it.
    gzip: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

const DOCUMENT: &str = "index.html";

/// Nothing from elsewhere and no inline code, so that no text of a span can
/// ever run. Pages may be framed: dashboards show traces that way.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; base-uri 'self'; form-action 'self'; \
                                       img-src 'self' data:; object-src 'none'";

const HASHED_FOLDER: &str = "assets/";
const KEEP_FOR_EVER: &str = "public, max-age=31536000, immutable";
const ASK_EACH_TIME: &str = "no-cache";

/// The UI as this process serves it.
#[derive(Clone)]
pub(super) struct Assets {
    document: Arc<Document>,
}

/// The page, with the path it lives under.
struct Document {
    etag: String,
    html: String,
}

impl Assets {
    /// `base_path` is empty or `/x/y`, of characters that need no escape.
    pub(super) fn new(base_path: &str) -> Self {
        let built = FILES.iter().find(|file| file.path == DOCUMENT);
        let document = match built {
            Some(file) => Document {
                etag: format!("{}-{base_path}\"", file.etag.trim_end_matches('"')),
                html: String::from_utf8_lossy(file.plain).replace(
                    r#"<base href="/""#,
                    &format!(r#"<base href="{base_path}/""#),
                ),
            },
            None => Document {
                etag: "\"none\"".to_owned(),
                html: WITHOUT_UI.replace("BASE", base_path),
            },
        };
        Self {
            document: Arc::new(document),
        }
    }

    /// Answers a path below the base path: a file, or the page.
    pub(super) fn answer(&self, request: &Request<Body>) -> Response {
        let (path, headers) = (request.uri().path(), request.headers());
        let path = path.trim_start_matches('/');
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let allow = [(header::ALLOW, "GET, HEAD")];
            return (StatusCode::METHOD_NOT_ALLOWED, allow).into_response();
        }
        match FILES.iter().find(|file| file.path == path) {
            Some(file) if path != DOCUMENT => serve_file(file, headers),
            None if is_file_name(path) => not_found(),
            _ => self.serve_document(headers),
        }
    }

    fn serve_document(&self, headers: &HeaderMap) -> Response {
        let document = &self.document;
        let mut response = if is_known(headers, &document.etag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let html = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
            (html, document.html.clone()).into_response()
        };
        caching(&mut response, &document.etag, ASK_EACH_TIME);
        response.headers_mut().insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(CONTENT_SECURITY_POLICY),
        );
        response
    }
}

fn serve_file(file: &File, headers: &HeaderMap) -> Response {
    let keep = if file.path.starts_with(HASHED_FOLDER) {
        KEEP_FOR_EVER
    } else {
        ASK_EACH_TIME
    };
    let mut response = if is_known(headers, file.etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let content_type = [(header::CONTENT_TYPE, media_type(file.path))];
        match file.gzip.filter(|_| accepts_gzip(headers)) {
            Some(gzip) => {
                let encoding = [(header::CONTENT_ENCODING, "gzip")];
                (content_type, encoding, gzip).into_response()
            }
            None => (content_type, file.plain).into_response(),
        }
    };
    caching(&mut response, file.etag, keep);
    response
        .headers_mut()
        .insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    response
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    super::compression::Coding::accepts(headers, "gzip")
}

fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let known = headers.get(header::IF_NONE_MATCH);
    let known = known.and_then(|value| value.to_str().ok());
    known.is_some_and(|known| {
        known
            .split(',')
            .any(|one| one.trim().trim_start_matches("W/") == etag)
    })
}

fn caching(response: &mut Response, etag: &str, keep: &'static str) {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    if let Ok(etag) = HeaderValue::from_str(etag) {
        headers.insert(header::ETAG, etag);
    }
}

/// Names of files have a dot in their last part; so have pages that compare
/// two traces, but those begin with `trace/`.
fn is_file_name(path: &str) -> bool {
    let last = path.rsplit('/').next().unwrap_or_default();
    path.starts_with(HASHED_FOLDER) || (last.contains('.') && !path.starts_with("trace/"))
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "txt" => "text/plain; charset=utf-8",
        "wasm" => "application/wasm",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

/// 404 for a file.
pub(super) fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "404 page not found\n").into_response()
}

const WITHOUT_UI: &str = r#"<!doctype html>
<html lang="en">
  <head><meta charset="utf-8" /><title>Tracewell</title></head>
  <body>
    <h1>Tracewell is running</h1>
    <p>This build has no user interface in it. To make one that has:
    <code>make web</code>, then build the server again.</p>
    <p>The APIs work all the same: see <a href="BASE/api/status">the status</a>,
    search with <code>tracewell search</code>, or point Jaeger's UI or Grafana
    at this address.</p>
  </body>
</html>
"#;
