//! Request and response: one SERVER span per request that says how it ended, around any handler.
//! 4xx is the caller's mistake and no error of this service; 5xx is one, and carries the error
//! that caused it.
//!
//! `cargo run --bin pattern_request_response`

use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use sdk::{Outcome, link, start};
use serde_json::{Value, json};
use std::future::Future;
use tower::ServiceExt;
use tracewell_instrument::middleware::task::FutureExt;
use tracewell_instrument::{SpanKind, propagators, span};

#[derive(Debug, thiserror::Error)]
enum OrderError {
    #[error("no such order")]
    NotFound,
    #[error("total is not a number")]
    TotalNotANumber,
}

async fn traced(
    route: &'static str,
    request: Request,
    handle: impl Future<Output = Result<Value, OrderError>>,
) -> Response {
    let caller = propagators().extract_context(request.headers());
    let mut span = span(format!("{} {route}", request.method()))
        .kind(SpanKind::Server)
        .parent(caller)
        .start();
    span.set_attribute("http.request.method", request.method().to_string())
        .set_attribute("http.route", route)
        .set_attribute("url.path", request.uri().path().to_owned());

    let (status, answer) = match handle.in_context(span.context()).await {
        Ok(answer) => (StatusCode::OK, answer),
        Err(error @ OrderError::NotFound) => {
            (StatusCode::NOT_FOUND, json!({ "error": error.to_string() }))
        }
        Err(error) => {
            span.record_error(&error)
                .set_attribute("error.type", format!("{error:?}"));
            // The reason is in the trace; a stranger gets no details.
            let answer = json!({ "error": "internal error" });
            (StatusCode::INTERNAL_SERVER_ERROR, answer)
        }
    };
    span.set_attribute("http.response.status_code", status.as_u16());
    (status, Json(answer)).into_response()
}

async fn order(id: String) -> Result<Value, OrderError> {
    match id.as_str() {
        "404" => Err(OrderError::NotFound),
        "500" => Err(OrderError::TotalNotANumber),
        _ => Ok(json!({ "id": id })),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let _guard = start()?;
    let app = Router::new().route(
        "/orders/{id}",
        get(|Path(id): Path<String>, request: Request| traced("/orders/{id}", request, order(id))),
    );

    let root = span("three requests").start();
    println!("{}", link(&root));
    for id in ["17", "404", "500"] {
        let mut request = Request::get(format!("/orders/{id}")).body(Body::empty())?;
        propagators().inject_context(&root.context(), request.headers_mut());
        let response = app.clone().oneshot(request).await?; // the application without a socket
        let status = response.status();
        let body = to_bytes(response.into_body(), 1024).await?;
        println!("{status} {}", String::from_utf8_lossy(&body));
    }
    Ok(())
}
