//! OTLP as JSON.

use crate::{Decoded, WireError};
use tracewell_model::SpanBatch;

/// Reads an `ExportTraceServiceRequest` in OTLP's JSON form.
///
/// # Errors
/// The body is not JSON, or a field has a wrong type; nothing can be kept.
pub fn decode(body: &[u8]) -> Result<Decoded, WireError> {
    unimplemented!("{} bytes", body.len())
}

/// Writes `{"resourceSpans":[…]}` in OTLP's JSON form.
#[must_use]
pub fn encode(batch: &SpanBatch) -> Vec<u8> {
    unimplemented!("{} spans", batch.len())
}
