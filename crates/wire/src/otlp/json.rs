//! OTLP as JSON: protobuf's JSON with hexadecimal ids.
//!
//! Accepts what real SDKs send: 64-bit integers as text or numbers, enums as
//! numbers or names, ids in either case, base64 of either alphabet, `null` for
//! anything absent, unknown fields anywhere, any layout. Names are
//! lowerCamelCase, as the specification says, or protobuf's own. What costs a span and what
//! costs the request is as for [protobuf](super::protobuf); a value of the
//! wrong JSON type costs the request, because the field cannot be read.

mod count;
mod decode;
mod encode;
mod message;

use crate::otlp::Links;
use crate::room::Room;
use crate::{Decoded, WireError};
use encode::Form;
use tracewell_model::SpanBatch;

pub(super) use count::count;

/// Reads an `ExportTraceServiceRequest` in OTLP's JSON form.
///
/// # Errors
/// The body is not JSON, or a field has a wrong type; nothing can be kept.
pub fn decode(body: &[u8]) -> Result<Decoded, WireError> {
    decode_within(body, Room::unlimited())
}

/// As [`decode`], for a sender who may not have all of this machine's memory.
///
/// # Errors
/// As for [`decode`], and [`WireError::is_no_room`].
pub fn decode_within(body: &[u8], room: Room<'_>) -> Result<Decoded, WireError> {
    decode::decode(body, room)
}

/// Writes `{"resourceSpans":[…]}` in OTLP's JSON form.
#[must_use]
pub fn encode(batch: &SpanBatch) -> Vec<u8> {
    encode_with(batch, Links::All)
}

/// As [`encode`], with these links.
#[must_use]
pub fn encode_with(batch: &SpanBatch, links: Links) -> Vec<u8> {
    let form = Form {
        links,
        is_of_protobuf: false,
    };
    encode::encode(batch, form)
}

/// As [`encode`], but as protobuf's own JSON: ids in base64, kinds and status
/// codes by name.
#[must_use]
pub fn encode_of_protobuf(batch: &SpanBatch) -> Vec<u8> {
    let form = Form {
        links: Links::All,
        is_of_protobuf: true,
    };
    encode::encode(batch, form)
}
