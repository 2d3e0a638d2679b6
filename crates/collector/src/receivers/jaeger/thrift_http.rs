//! Thrift over HTTP: `POST /api/traces`, one `Batch` in the binary protocol.

use http::StatusCode;
use http::request::Parts;
use tracewell_wire::jaeger;

use crate::intake::Decoder;
use crate::receivers::posted::{Unserved, media_type};

/// Clients append `?format=jaeger.thrift`, which says nothing.
pub(super) fn route(head: &Parts) -> Result<Decoder, Unserved> {
    if !head
        .uri
        .path()
        .trim_end_matches('/')
        .ends_with("/api/traces")
    {
        let text = "404 not found; this port takes Jaeger's Thrift at /api/traces; \
                    OTLP over HTTP goes to the OTLP port (4318 by default)";
        return Err((StatusCode::NOT_FOUND, text));
    }
    match &*media_type(&head.headers) {
        "application/x-thrift" | "application/vnd.apache.thrift.binary" => {
            Ok(jaeger::thrift::decode_within)
        }
        // The status that Jaeger answers with.
        _ => Err((
            StatusCode::BAD_REQUEST,
            "unsupported content type, supported: [application/x-thrift, \
             application/vnd.apache.thrift.binary]",
        )),
    }
}
