//! Spans as Jaeger's protobuf has them (`api_v2/model.proto`): what its agents
//! and collectors send with `CollectorService/PostSpans`.

mod decode;
mod encode;
mod span;

pub use encode::{encode, encode_spans, put_span_of_chunk};

use crate::room::Room;
use crate::{Decoded, WireError};

/// Reads a `PostSpansRequest`. Empty bytes are an empty request.
///
/// # Errors
/// The body is not protobuf of that form; nothing of it can be kept.
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

/// Reads one `Span` with its process: a record of Kafka as Jaeger writes it.
///
/// # Errors
/// As for [`decode_within`].
pub fn decode_span_within(body: &[u8], room: Room<'_>) -> Result<Decoded, WireError> {
    decode::decode_span(body, room)
}
