//! Thrift over HTTP: `POST /api/traces`, one `Batch` in the binary protocol; and
//! what clients ask about sampling.

use http::StatusCode;
use http::request::Parts;
use tracewell_wire::jaeger;

use super::sampling::over_http;
use crate::intake::Decoder;
use crate::receivers::posted::{Other, Unserved, media_type};

/// Answers `/api/sampling` and `/sampling`.
pub(super) fn sampling_answers() -> Other {
    Box::new(|port, who, head| {
        let path = head.uri.path().trim_end_matches('/');
        let is_asked = path.ends_with("/sampling") || path.ends_with("/baggageRestrictions");
        is_asked.then(|| over_http(&port.sampling(who), head))
    })
}

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
