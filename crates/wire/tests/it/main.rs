//! What the wire formats promise, against the reference implementation of
//! OTLP's messages (opentelemetry-proto), real captures, and hostile bytes.

#![allow(
    clippy::unwrap_used,
    reason = "a test that finds no value where there must be one has failed"
)]

mod arbitrary;
mod bombs;
mod captures;
mod flat;
mod hostile;
mod items;
mod jaeger;
mod json;
mod legacy;
mod protobuf;
mod rejections;
mod repairs;
mod room;
mod shapes;

/// A length-delimited protobuf field, for messages that no encoder writes.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    prost::encoding::encode_varint(content.len() as u64, &mut out);
    out.extend_from_slice(content);
    out
}
