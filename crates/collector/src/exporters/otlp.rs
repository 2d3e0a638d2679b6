//! `otlp`: OTLP over gRPC.

use prost::Message;
use tracewell_wire::otlp::protobuf;

use super::Protocol;
use crate::rpc_status::ExportResponse;

pub(crate) const OTLP: Protocol = Protocol {
    method: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    encode: |batch| vec![protobuf::encode(batch)],
    left_out,
};

/// Of metrics, which are written elsewhere: no batch comes here.
pub(crate) const OTLP_METRICS: Protocol = Protocol {
    method: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    encode: |_| Vec::new(),
    left_out,
};

/// Partial success: the others are good, and nothing is sent again.
pub(super) fn left_out(answer: &[u8]) -> Option<(u64, String)> {
    let partial = ExportResponse::decode(answer).ok()?.partial_success?;
    let spans = u64::try_from(partial.rejected).ok();
    let spans = spans.filter(|spans| *spans > 0)?;
    Some((spans, partial.error_message))
}
