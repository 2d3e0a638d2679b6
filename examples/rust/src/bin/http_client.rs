//! A CLIENT span around an HTTP call, by hand, with the context in the request's headers: what
//! to write for a client that has no middleware. (reqwest has one, see axum_app.rs.)
//!
//! `cargo run --bin http_client`

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use reqwest::{Client, Method, Request, Response, Url};
use sdk::{Outcome, link, start};
use tokio::net::TcpListener;
use tracewell_instrument::middleware::task::FutureExt;
use tracewell_instrument::{SpanKind, Status, propagators, span};

async fn make_request(client: &Client, url: Url) -> Result<Response, reqwest::Error> {
    let mut span = span("GET").kind(SpanKind::Client).start();
    span.set_attribute("http.request.method", "GET")
        .set_attribute("url.full", url.to_string())
        .set_attribute(
            "server.address",
            url.host_str().unwrap_or_default().to_owned(),
        )
        .set_attribute("server.port", url.port_or_known_default().unwrap_or(80));

    let mut request = Request::new(Method::GET, url);
    propagators().inject_context(&span.context(), request.headers_mut());
    let outcome = client.execute(request).in_context(span.context()).await;
    match &outcome {
        Ok(response) => {
            let status = response.status();
            span.set_attribute("http.response.status_code", status.as_u16());
            if status.is_client_error() || status.is_server_error() {
                // No description: the code says it all. For a server, only 5xx is an error.
                span.set_attribute("error.type", status.as_str().to_owned())
                    .set_status(Status::Error("".into()));
            }
        }
        Err(error) => {
            let error_type = if error.is_connect() {
                "connect"
            } else {
                "other"
            };
            span.set_attribute("error.type", error_type)
                .record_error(error);
        }
    }
    outcome
}

async fn echo(headers: HeaderMap) -> String {
    let received = headers
        .get("traceparent")
        .and_then(|value| value.to_str().ok());
    received.unwrap_or_default().to_owned()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let _guard = start()?;
    let app = Router::new()
        .route("/users", get(echo))
        .route("/missing", get(|| async { StatusCode::NOT_FOUND }));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = Url::parse(&format!("http://{}", listener.local_addr()?))?;
    tokio::spawn(async move { axum::serve(listener, app).await });
    // A port on which nobody listens any more.
    let closed = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;

    let client = Client::new();
    let root = span("three requests").start();
    println!("{}", link(&root));
    async {
        let answer = make_request(&client, base.join("/users")?).await?;
        println!("the server received {}", answer.text().await?);
        make_request(&client, base.join("/missing")?).await?;
        let nobody = Url::parse(&format!("http://{closed}/nobody-listens"))?;
        if let Err(error) = make_request(&client, nobody).await {
            println!("{error}");
        }
        Ok(())
    }
    .in_span(root)
    .await
}
