//! Addresses of other tracing UIs, and addresses that are none.
//!
//! Links in chats and runbooks outlive the product they were made for: what
//! they name is shown where it is here, and **what is not here is said, never
//! an empty page**. Searches of theirs are translated by the page itself.

use axum::extract::Request;
use axum::response::{IntoResponse, Redirect, Response};
use http::{Method, StatusCode, header};

/// Pages of Jaeger's and Zipkin's UIs that have no counterpart, by the first
/// part of their path.
const NOT_HERE: [(&str, &str); 4] = [
    ("dependencies", "a map of services"),
    ("compare", "a comparison of two traces"),
    ("monitor", "a page of service metrics"),
    ("quality-metrics", "a page of trace quality"),
];

/// The answer to a path of these kinds; `base_path` is empty or `/x/y`.
pub(super) fn answer(request: &Request, base_path: &str) -> Option<Response> {
    let path = request.uri().path();
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    if !is_well_formed(path) {
        let why = "The address has a % that no two hexadecimal digits follow, or bytes that are \
                   no UTF-8 text.";
        return Some(explained(StatusCode::BAD_REQUEST, why, base_path));
    }
    let mut parts = path.trim_matches('/').split('/');
    let (first, second, third) = (parts.next()?, parts.next(), parts.next());
    match (first, second, third) {
        // Ids that are none are the page's to explain.
        ("zipkin", Some("traces"), Some(id)) => Some(to(&format!("{base_path}/trace/{id}"))),
        ("zipkin", None, None) => {
            let query = request.uri().query();
            let query = query.map_or_else(String::new, |query| format!("?{query}"));
            Some(to(&format!("{base_path}/search{query}")))
        }
        ("zipkin", Some("dependency"), _) => Some(not_here("a map of services", base_path)),
        _ => {
            let known = NOT_HERE.iter().find(|(name, _)| *name == first)?;
            Some(not_here(known.1, base_path))
        }
    }
}

fn to(location: &str) -> Response {
    Redirect::temporary(location).into_response()
}

fn not_here(what: &str, base_path: &str) -> Response {
    let why = format!("This address is another product's: Tracewell does not have {what} yet.");
    explained(StatusCode::NOT_FOUND, &why, base_path)
}

/// `why` is a text of ours without markup.
fn explained(status: StatusCode, why: &str, base_path: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n  <head><meta charset=\"utf-8\" />\
         <title>Tracewell</title></head>\n  <body>\n    <h1>There is no such page</h1>\n    \
         <p>{why}</p>\n    <p><a href=\"{base_path}/\">Search for traces</a></p>\n  </body>\n</html>\n"
    );
    let html_type = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (status, html_type, html).into_response()
}

/// Does a path decode to text?
fn is_well_formed(path: &str) -> bool {
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            decoded.push(*first);
            continue;
        }
        let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(tail.first()), digit(tail.get(1))) else {
            return false;
        };
        decoded.push((high * 16 + low) as u8);
        rest = &tail[2..];
    }
    String::from_utf8(decoded).is_ok()
}
