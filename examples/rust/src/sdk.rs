//! The set-up that the examples share.
//!
//! The standard variables decide where spans go: `OTEL_EXPORTER_OTLP_ENDPOINT`,
//! and `OTEL_EXPORTER_OTLP_PROTOCOL` (`grpc`, or `http/protobuf` when unset).
//! Written out in full: `bin/setup_grpc.rs`, `bin/setup_http.rs`.

use std::error::Error;
use tracewell_instrument::{Builder, Guard, SetupError, Span};

/// How the examples end.
pub type Outcome = Result<(), Box<dyn Error>>;

/// The set-up before it is started, for examples that add to it.
pub fn builder() -> Builder {
    // What is said in code goes before the environment; a default goes behind
    // it, so it is given as what a variable holds when nobody set it.
    tracewell_instrument::builder().variables(|name| {
        std::env::var(name).ok().or_else(|| match name {
            "OTEL_SERVICE_NAME" => Some("examples-rust".to_owned()),
            "OTEL_RESOURCE_ATTRIBUTES" => {
                Some("service.version=1.0.0,deployment.environment.name=development".to_owned())
            }
            _ => None,
        })
    })
}

/// Starts it. The guard sends what waits when it is dropped, so it lives until
/// the end of `main`.
pub fn start() -> Result<Guard, SetupError> {
    builder().init()
}

/// The PostgreSQL of the examples that need one.
pub fn database_url() -> Result<String, &'static str> {
    std::env::var("DATABASE_URL")
        .map_err(|_| "DATABASE_URL is not set; write postgres://USER@HOST:5432/DATABASE")
}

/// Where to look at the trace of a span.
pub fn link(span: &Span) -> String {
    format!(
        "http://localhost:16686/trace/{}",
        span.span_context().trace_id
    )
}
