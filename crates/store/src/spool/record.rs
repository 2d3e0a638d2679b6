//! What a payload of the log is, by its first byte.
//!
//! ```text
//! 0        a note: whose bytes follow
//! 1, ..    a batch: the byte is the version of its codec
//! ```

use tracewell_model::SpanBatch;
use tracewell_model::batch::codec::CodecError;
use tracewell_model::spool::SpoolRecord;

/// Versions of the codec begin with 1.
const NOTE: u8 = 0;

/// Appends the payload of a record to `payload`, and says how many spans it has.
pub(super) fn encode(record: &SpoolRecord, payload: &mut Vec<u8>) -> u32 {
    match record {
        SpoolRecord::Batch(batch) => {
            batch.encode(payload);
            batch.len() as u32
        }
        SpoolRecord::Note(bytes) => {
            payload.push(NOTE);
            payload.extend_from_slice(bytes);
            0
        }
    }
}

/// The bytes of a note; `None` if it is none.
pub(super) fn note(payload: &[u8]) -> Option<&[u8]> {
    payload.strip_prefix(&[NOTE])
}

/// Reads what [`encode`] wrote.
///
/// # Errors
/// It is no batch, or one of a newer version.
pub(super) fn decode(payload: &[u8]) -> Result<SpoolRecord, CodecError> {
    if let Some(bytes) = note(payload) {
        return Ok(SpoolRecord::Note(bytes.to_vec()));
    }
    let batch = SpanBatch::decode(payload)?;
    Ok(SpoolRecord::Batch(batch.into()))
}
