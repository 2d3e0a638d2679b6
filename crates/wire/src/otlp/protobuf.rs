//! OTLP as protobuf: straight from the wire into columns, and back.
//!
//! Hand-written, because generated types cost five times as much: a struct, a
//! `Vec` and a `String` for everything that is only looked at once.
//!
//! What is malformed as protobuf (a length past the end, a wrong wire type)
//! fails the request with the place. What is malformed as a span costs that
//! span alone: an id of a wrong length or of zeros. So does a link with an id
//! of a wrong length: a link that leads nowhere would be worse than a rejection
//! that says why. What can be put right is, and counted: text that is not
//! UTF-8, an attribute nested too deep.

mod chunks;
mod count;
pub(super) mod decode;
mod encode;
pub(super) mod entity;
pub mod parts;
pub(super) mod repair;
pub(super) mod resource;
pub(super) mod span;
pub(super) mod value;

pub(super) use count::count;

use std::ops::ControlFlow;

use crate::otlp::Links;
use crate::room::Room;
use crate::{Decoded, WireError};
use tracewell_model::SpanBatch;

/// Reads an `ExportTraceServiceRequest`. Empty bytes are an empty request.
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

/// Writes an `ExportTraceServiceRequest`; consecutive spans of one resource
/// and one scope share their messages.
#[must_use]
pub fn encode(batch: &SpanBatch) -> Vec<u8> {
    encode::encode(batch)
}

/// As [`encode`], with these links, but in messages of at most `chunk_bytes` each, handed to
/// `each` until it breaks. Only a span that is larger by itself makes a larger
/// message, and is alone in it.
pub fn encode_chunks<B>(
    batch: &SpanBatch,
    links: Links,
    chunk_bytes: usize,
    each: impl FnMut(Vec<u8>) -> ControlFlow<B>,
) -> ControlFlow<B> {
    chunks::encode_chunks(batch, links, chunk_bytes, each)
}
