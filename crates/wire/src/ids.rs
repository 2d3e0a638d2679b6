//! Ids as protobuf of the protocols before OTLP has them: bytes, of which older
//! clients send fewer. **An id of another length is never cut or filled up**, it
//! is a fault of its span.

use tracewell_model::{SpanId, TraceId};

use crate::rejected::{Fault, FaultProblem, RejectReason};

/// 16 bytes, or 8 of clients that know no more.
pub(crate) fn trace_id(
    bytes: &[u8],
    reason: RejectReason,
    field: &'static str,
) -> Result<TraceId, Fault> {
    let mut id = [0; 16];
    match bytes.len() {
        16 => id.copy_from_slice(bytes),
        8 => id[8..].copy_from_slice(bytes),
        got => {
            let problem = FaultProblem::Bytes { want: 16, got };
            return Err(Fault::new(reason, field, problem));
        }
    }
    Ok(TraceId(id))
}

/// 8 bytes.
pub(crate) fn span_id(
    bytes: &[u8],
    reason: RejectReason,
    field: &'static str,
) -> Result<SpanId, Fault> {
    let (want, got) = (8, bytes.len());
    let id = bytes.try_into();
    id.map(SpanId)
        .map_err(|_| Fault::new(reason, field, FaultProblem::Bytes { want, got }))
}
