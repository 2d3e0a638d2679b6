//! An external service that is slow or fails now and then: one span for the call as the
//! application sees it, and in it one span for each attempt, made by `send_traced`. A call that
//! succeeds in the end is no error.
//!
//! `cargo run --bin pattern_external_service`

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use reqwest::Client;
use sdk::{Outcome, link, start};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tracewell_instrument::middleware::reqwest::SendTraced;
use tracewell_instrument::middleware::task::FutureExt;
use tracewell_instrument::{KeyValue, span};

async fn call_external_service(
    client: &Client,
    name: &'static str,
    url: &str,
    attempts: u32,
) -> Result<String, reqwest::Error> {
    let mut span = span(format!("call {name}")).start();
    span.set_attribute("peer.service", name);
    println!("{}", link(&span));
    let mut attempt = 1;
    loop {
        let try_it = async {
            let response = client.get(url).send_traced("").await?;
            response.error_for_status()?.text().await
        };
        match try_it.in_context(span.context()).await {
            Ok(answer) => return Ok(answer),
            Err(error) if attempt == attempts => {
                span.record_error(&error);
                return Err(error);
            }
            Err(error) => {
                let details = [
                    KeyValue::new("retry.attempt", attempt),
                    KeyValue::new("retry.reason", error.to_string()),
                ];
                span.add_event("retry", details);
            }
        }
        tokio::time::sleep(Duration::from_millis(10 << attempt)).await;
        attempt += 1;
    }
}

/// Answers 503 once, then a rate.
async fn rates() -> Result<&'static str, StatusCode> {
    static HAS_FAILED: AtomicBool = AtomicBool::new(false);
    if HAS_FAILED.swap(true, Ordering::Relaxed) {
        Ok(r#"{"rate": 1.17}"#)
    } else {
        Err(StatusCode::SERVICE_UNAVAILABLE)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let _guard = start()?;
    let app = Router::new()
        .route("/rates", get(rates))
        .route("/hangs", get(std::future::pending::<()>));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, app).await });

    let client = Client::builder()
        .timeout(Duration::from_millis(200))
        .build()?;
    let answer = call_external_service(&client, "rates", &format!("{base}/rates"), 3).await?;
    println!("{answer}");
    if let Err(error) = call_external_service(&client, "rates", &format!("{base}/hangs"), 2).await {
        println!("{error}");
    }
    Ok(())
}
