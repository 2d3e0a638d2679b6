//! Set-up over OTLP/HTTP, written out: no variable is needed, everything is here.
//!
//! `cargo run --bin setup_http` sends one span to localhost:4318.

use sdk::{Outcome, link};
use std::time::Duration;
use tracewell_instrument::{Protocol, builder};

fn main() -> Outcome {
    // The path /v1/traces is added where there is none.
    let endpoint = std::env::var("OTEL_EXPORTER_OTLP_ENDPOINT");
    let guard = builder()
        .service_name("my-service")
        .service_version("1.0.0")
        .environment("production")
        .endpoint(endpoint.unwrap_or_else(|_| "http://localhost:4318".to_owned()))
        .protocol(Protocol::HttpProtobuf)
        .init()?;

    let tracer = guard.tracer().ok_or("tracing is disabled")?;
    let span = tracer
        .scoped("setup", "1.0.0")
        .span("set-up over HTTP")
        .start();
    println!("{}", link(&span));
    span.end();

    // Sends what is still waiting, as dropping the guard does; this way one
    // hears of it when that fails.
    guard.shutdown(Duration::from_secs(5))?;
    Ok(())
}
