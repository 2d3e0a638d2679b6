//! Paths of interfaces that are not there.
//!
//! Every other path is a page of the UI, which knows its own; a program that
//! asks for an interface **must never take that page for its answer**.

use axum::extract::Request;

use super::error::ApiError;

/// First parts of paths that programs ask for, here or at other tracing
/// backends.
const INTERFACES: [&str; 4] = ["api", "mcp", "ready", "sampling"];

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
