//! `jaeger`: `CollectorService/PostSpans` over gRPC, as Jaeger's agents and
//! collectors sent until OTLP took its place. The Collector removed this
//! exporter in 2023; files that name it are everywhere.

use tracewell_wire::jaeger::protobuf;

use super::Protocol;

pub(crate) const JAEGER: Protocol = Protocol {
    method: "/jaeger.api_v2.CollectorService/PostSpans",
    encode: |batch| protobuf::encode(batch, 0..batch.len()),
    left_out: |_| None,
};
