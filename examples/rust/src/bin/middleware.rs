//! axum middleware that continues the caller's trace, by hand: what `ServerLayer` of axum_app.rs
//! does, for frameworks without one.
//!
//! `cargo run --bin middleware`

use axum::body::Body;
use axum::extract::{MatchedPath, Path, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use sdk::{Outcome, link, start};
use serde_json::{Value, json};
use tower::ServiceExt;
use tracewell_instrument::middleware::task::FutureExt;
use tracewell_instrument::{SpanKind, Status, propagators, span};

async fn tracing(request: Request, next: Next) -> Response {
    let caller = propagators().extract_context(request.headers());
    let method = request.method().to_string();
    // The route, never the path, which has a value per user.
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned());
    let name = match &route {
        Some(route) => format!("{method} {route}"),
        None => method.clone(),
    };
    let mut span = span(name).kind(SpanKind::Server).parent(caller).start();
    span.set_attribute("http.request.method", method)
        .set_attribute("url.path", request.uri().path().to_owned());
    if let Some(route) = route {
        span.set_attribute("http.route", route);
    }

    let response = next.run(request).in_context(span.context()).await;
    let status = response.status();
    span.set_attribute("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.set_status(Status::Error("".into()));
    }
    response
}

async fn user(Path(id): Path<String>) -> Json<Value> {
    span("load user").start().end(); // a child of the request's span
    Json(json!({ "id": id }))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let _guard = start()?;
    let app = Router::new()
        .route("/users/{id}", get(user))
        .layer(from_fn(tracing));

    let caller = span("caller").kind(SpanKind::Client).start();
    println!("{}", link(&caller));
    let mut request = Request::get("/users/7").body(Body::empty())?;
    propagators().inject_context(&caller.context(), request.headers_mut());
    let response = app.oneshot(request).await?; // the application without a socket
    println!("{}", response.status());
    Ok(())
}
