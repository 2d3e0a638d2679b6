//! Paths of interfaces that are not there.
//!
//! Every other path is a page of the UI, which knows its own; a program that
//! asks for an interface **must never take that page for its answer**.

use axum::extract::Request;
use axum::response::Redirect;

use super::error::ApiError;

/// First parts of paths that programs ask for, here or at other tracing
/// backends.
const INTERFACES: [&str; 4] = ["api", "mcp", "ready", "sampling"];

/// Where a path with slashes too many leads: programs put a path behind an
/// address that ends with a slash. `base` is the prefix of every path.
pub(super) fn with_single_slashes(request: &Request, base: &str) -> Option<Redirect> {
    let path = request.uri().path();
    if !path.contains("//") {
        return None;
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let query = request.uri().query();
    let query = query.map_or_else(String::new, |query| format!("?{query}"));
    let path = parts.join("/");
    Some(Redirect::temporary(&format!("{base}/{path}{query}")))
}

/// Why there is no answer, if a program asks.
pub(super) fn refusal(request: &Request) -> Option<ApiError> {
    let path = request.uri().path();
    // Zipkin's API is below its UI, whose own addresses mean pages.
    let own = path.strip_prefix("/zipkin").unwrap_or(path);
    let first = own.split('/').nth(1)?;
    INTERFACES
        .contains(&first)
        .then(|| ApiError::not_found(format!("there is no {path} here")))
}
