//! Where each listener asks a request who it is from, once and before anything
//! else. What is admitted is decided by [`Lock`]; here is what a denial looks
//! like in each protocol.
//!
//! A route is behind the door unless it is merged into its router afterwards:
//! **only what says nothing of spans may be** (health, signing in, the files of
//! the UI).

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use http_body_util::BodyExt;
use tonic::Status;
use tracewell_access::{Denial, Lock, Role};

use crate::error::ApiError;
use crate::jaeger;

/// What is read of a request that was turned away: as much as a file that is
/// sent to be shown.
const MAX_DISCARDED_BYTES: usize = 64 << 20;

/// Time for that.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(10);

/// Below this are calls that every client makes before it has shown anything.
const GRPC_HEALTH: &str = "/grpc.health.v1.Health/";

/// Where browsers ask and programs do.
pub(crate) fn of_pages(routes: Router, lock: &Arc<Lock>) -> Router {
    routes.route_layer(from_fn_with_state(Arc::clone(lock), browser))
}

/// Where programs ask over HTTP.
pub(crate) fn of_programs(routes: Router, lock: &Arc<Lock>) -> Router {
    routes.route_layer(from_fn_with_state(Arc::clone(lock), program))
}

/// Where programs ask over gRPC.
pub(crate) fn of_grpc(routes: Router, lock: &Arc<Lock>) -> Router {
    routes.layer(from_fn_with_state(Arc::clone(lock), grpc))
}

async fn browser(State(lock): State<Arc<Lock>>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    match lock.admit_browser(&head, Role::Read).await {
        Ok(()) => next.run(Request::from_parts(head, body)).await,
        Err(denial) => {
            discard(&head, body).await;
            denied_at(head.uri.path(), denial)
        }
    }
}

async fn program(State(lock): State<Arc<Lock>>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    match lock.admit(&head.headers, Role::Read).await {
        Ok(()) => next.run(Request::from_parts(head, body)).await,
        Err(denial) => {
            discard(&head, body).await;
            denied_at(head.uri.path(), denial)
        }
    }
}

/// Reads and forgets what was sent, within reason: clients that write all before
/// they read, and some over HTTP/2, see no answer on a connection that is reset.
async fn discard(head: &Parts, mut body: Body) {
    if head.headers.contains_key(header::EXPECT) {
        return;
    }
    let reading = async {
        let mut left = MAX_DISCARDED_BYTES;
        while let Some(Ok(frame)) = body.frame().await {
            let read = frame.data_ref().map_or(0, Bytes::len);
            let Some(rest) = left.checked_sub(read) else {
                return;
            };
            left = rest;
        }
    };
    tokio::time::timeout(DISCARD_TIMEOUT, reading).await.ok();
}

async fn grpc(State(lock): State<Arc<Lock>>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    if !head.uri.path().starts_with(GRPC_HEALTH)
        && let Err(denial) = lock.admit(&head.headers, Role::Read).await
    {
        discard(&head, body).await;
        let text = denial.to_string();
        let status = match denial {
            Denial::Busy => Status::resource_exhausted(text),
            denial if denial.asks_who() => Status::unauthenticated(text),
            _ => Status::permission_denied(text),
        };
        return status.into_http();
    }
    next.run(Request::from_parts(head, body)).await
}

/// The answer to a request for `path` that was turned away.
fn denied_at(path: &str, denial: Denial) -> Response {
    let other = jaeger::refused(path, status(&denial), &denial.to_string());
    other.map_or_else(
        || denied(denial.clone()),
        |response| with_headers(response, &denial),
    )
}

/// The same in our own form.
pub(crate) fn denied(denial: Denial) -> Response {
    let code = match denial {
        Denial::Busy => "busy",
        Denial::Unknown { .. } | Denial::Wrong => "unauthenticated",
        Denial::Forbidden { .. } | Denial::Foreign => "forbidden",
    };
    let error = ApiError::denied(status(&denial), code, denial.to_string());
    with_headers(error.into_response(), &denial)
}

fn status(denial: &Denial) -> StatusCode {
    match denial {
        Denial::Busy => StatusCode::TOO_MANY_REQUESTS,
        denial if denial.asks_who() => StatusCode::UNAUTHORIZED,
        _ => StatusCode::FORBIDDEN,
    }
}

/// RFC 9110, 11.6.1: who gets a 401 is told what to show. `Bearer` alone,
/// because browsers open a window of their own for `Basic`.
fn with_headers(mut response: Response, denial: &Denial) -> Response {
    let headers = response.headers_mut();
    if denial.asks_who() {
        headers.insert(header::WWW_AUTHENTICATE, denial.challenge());
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
