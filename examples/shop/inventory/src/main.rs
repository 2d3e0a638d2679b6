//! Inventory: what is in stock, in axum, with its statements in PostgreSQL.
//!
//! `shop-inventory` reads `PORT` (0: any), `DATABASE_URL` and the standard
//! `OTEL_*`; `../README.md` has the contract.

mod stock;

use axum::Router;
use axum::routing::{get, post};
use std::error::Error;
use std::time::Duration;
use stock::Stock;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracewell_instrument::middleware::server::ServerLayer;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let name = std::env::var("OTEL_SERVICE_NAME").unwrap_or_else(|_| "inventory".to_owned());
    let tracing = tracewell_instrument::builder().service_name(name).init()?;

    let database_url = std::env::var("DATABASE_URL").map_err(|_| "DATABASE_URL is not set")?;
    let app = Router::new()
        .route("/stock/{sku}", get(Stock::read))
        .route("/reserve", post(Stock::reserve))
        // After the routes: a span is named by the one that matched.
        .layer(ServerLayer::http())
        .with_state(Stock::connect(&database_url)?);

    let port = std::env::var("PORT").unwrap_or_else(|_| "0".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    println!("listening on {}", listener.local_addr()?.port());
    axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
        .await?;
    // Sends the spans that wait. That nobody takes them is no failure of this service.
    if let Err(error) = tracing.shutdown_async(Duration::from_secs(5)).await {
        eprintln!("{error}");
    }
    Ok(())
}
