//! OpenTelemetry's names of status codes, for protocols that have none of
//! their own (the tag `otel.status_code`).

use tracewell_model::StatusCode;

/// What went well because the program says so.
pub(crate) const OK: &str = "OK";

/// What failed.
pub(crate) const ERROR: &str = "ERROR";

/// Reads a name.
pub(crate) fn parse(text: &[u8]) -> Option<StatusCode> {
    match text {
        b"OK" => Some(StatusCode::Ok),
        b"ERROR" => Some(StatusCode::Error),
        b"UNSET" => Some(StatusCode::Unset),
        _ => None,
    }
}
