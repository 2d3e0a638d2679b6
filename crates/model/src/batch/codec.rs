//! A batch as bytes: the payload of a WAL entry.
//!
//! ```text
//! u8  version (1)
//! u32 spans, resources, scopes, events, links, attribute columns, overflow entries
//! spans:      trace ids 16n | span ids 8n | parents 8n | text state | u32s flags |
//!             text name | i32s kind | starts (zigzag varint deltas) | durations
//!             (zigzag varints) | i32s status | text message | sparse ×3 |
//!             u32s resource | u32s scope
//! resources:  text schema | sparse dropped | blobs entity refs
//! scopes:     text name | text version | text schema | sparse dropped
//! events:     ascending span rows | times (deltas) | text name | sparse dropped
//! links:      ascending span rows | trace ids | span ids | text state | u32s flags | sparse
//! attributes: per column: u8 level | u8 type | key | ascending rows | values
//! overflow:   u8s level | u32s row | strings key | blobs value
//! ```
//!
//! Integers are little-endian; counts and lengths are varints; `u32s` are
//! stored at the width the largest needs; `text` is a dictionary and codes of
//! one byte at least. The form is meant to be compressed:
//! like stands beside like. Decoding trusts nothing: every length is checked
//! against the bytes that are left, every code and row against its table.
//! **It never changes without a new version**, and old versions stay readable.

mod read;
mod write;

use super::SpanBatch;

/// Version this code writes.
pub const VERSION: u8 = 1;

/// Why bytes are not an encoded batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// Written by a newer Tracewell.
    #[error("encoded batch has version {0}, this program reads up to {VERSION}")]
    Version(u8),
    /// The bytes end too early, or a number in them is impossible.
    #[error("encoded batch is damaged: {0}")]
    Damaged(&'static str),
}

impl SpanBatch {
    /// Appends the encoding of the batch to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        write::batch(self, out);
    }

    /// Reads what [`SpanBatch::encode`] wrote.
    ///
    /// # Errors
    /// The bytes are damaged or of a newer version. Memory use is bounded by a
    /// small multiple of their length.
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        read::batch(bytes)
    }
}
