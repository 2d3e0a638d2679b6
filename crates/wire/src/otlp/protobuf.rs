//! OTLP as protobuf.

use crate::{Decoded, WireError};
use tracewell_model::SpanBatch;

/// Reads an `ExportTraceServiceRequest`.
///
/// # Errors
/// The body is not protobuf of that form; nothing of it can be kept.
pub fn decode(body: &[u8]) -> Result<Decoded, WireError> {
    unimplemented!("{} bytes", body.len())
}

/// Writes an `ExportTraceServiceRequest`; consecutive spans of one resource
/// and one scope share their messages.
#[must_use]
pub fn encode(batch: &SpanBatch) -> Vec<u8> {
    unimplemented!("{} spans", batch.len())
}
