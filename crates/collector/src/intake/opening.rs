//! A body on a worker: decompressed, decoded or counted, with the memory budget
//! charged for what it becomes **while** it becomes it.

use std::cell::RefCell;

use bytes::Bytes;
use tracewell_wire::decompress::{Encoding, decompress_into};
use tracewell_wire::{Decoded, Room, WireError};

use crate::admission::Permit;
use crate::refusal::Refusal;

thread_local! {
    /// Where this worker decompresses bodies.
    static PLAIN: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A buffer larger than this is given back after use.
const KEPT_PLAIN_BYTES: usize = 4 << 20;

/// Decoder of one format of one protocol.
pub(crate) type Decoder = fn(&[u8], Room<'_>) -> Result<Decoded, WireError>;

/// Which decoder a plain body wants.
pub(crate) type Choose = fn(&[u8]) -> Option<Decoder>;

/// How a body is decoded.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Decode {
    /// By what its sender says it is.
    Stated(Decoder),
    /// By how it begins, because its sender does not say.
    Sniffed(Choose),
}

/// A whole body, as received.
#[derive(Debug)]
pub(crate) struct RequestBody {
    pub(crate) bytes: Bytes,
    pub(crate) encoding: Encoding,
    pub(crate) decode: Decode,
    /// Limit of the decompressed size.
    pub(crate) limit_bytes: usize,
    /// Holds at least the length of `bytes`.
    pub(crate) permit: Permit,
}

/// Counts what is in a plain body.
type CountItems = Box<dyn FnOnce(&[u8]) -> Option<u64> + Send>;

/// A whole body of a signal that is not stored, as received.
pub(crate) struct IgnoredBody {
    pub(crate) bytes: Bytes,
    pub(crate) encoding: Encoding,
    pub(crate) count: CountItems,
    pub(crate) limit_bytes: usize,
    pub(crate) permit: Permit,
}

/// Opens and decodes a body, with its permit following what it occupies.
pub(super) fn decode(body: RequestBody) -> Result<(Decoded, Permit), Refusal> {
    let RequestBody {
        bytes,
        encoding,
        decode,
        limit_bytes,
        mut permit,
    } = body;
    let decoded = if encoding == Encoding::Identity {
        decode_plain(&bytes, decode, &mut permit)?
    } else {
        with_plain(
            &bytes,
            encoding,
            limit_bytes,
            &mut permit,
            |plain, permit| decode_plain(plain, decode, permit),
        )?
    };
    drop(bytes);
    permit.resize(decoded.batch.memory_bytes())?;
    Ok((decoded, permit))
}

/// Opens a compressed body for `read`; then `permit` holds both.
fn with_plain<T>(
    bytes: &[u8],
    encoding: Encoding,
    limit_bytes: usize,
    permit: &mut Permit,
    read: impl FnOnce(&[u8], &mut Permit) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    PLAIN.with_borrow_mut(|buffer| {
        let held_bytes = permit.held_bytes();
        let opened = within(permit, held_bytes, |mut room| {
            decompress_into(bytes, encoding, limit_bytes, buffer, &mut room)
        });
        let result = opened.and_then(|plain| {
            permit.resize(held_bytes + plain.len())?;
            read(plain, permit)
        });
        if buffer.len() > KEPT_PLAIN_BYTES {
            *buffer = Vec::new();
        }
        result
    })
}

/// Counts what is in a body that is thrown away.
pub(super) fn count(body: IgnoredBody) -> Option<u64> {
    let IgnoredBody {
        bytes,
        encoding,
        count,
        limit_bytes,
        mut permit,
    } = body;
    if encoding == Encoding::Identity {
        return count(&bytes);
    }
    with_plain(&bytes, encoding, limit_bytes, &mut permit, |plain, _| {
        Ok(count(plain))
    })
    .ok()?
}

/// Decodes a body; then `permit` holds the columns beside what it held before.
fn decode_plain(plain: &[u8], decode: Decode, permit: &mut Permit) -> Result<Decoded, Refusal> {
    let held_bytes = permit.held_bytes();
    let decoder = match decode {
        Decode::Stated(decoder) => decoder,
        Decode::Sniffed(choose) => choose(plain).ok_or(Refusal::UnknownFormat)?,
    };
    let decoded = within(permit, held_bytes, |room| decoder(plain, room))?;
    permit.resize(held_bytes + decoded.batch.memory_bytes())?;
    Ok(decoded)
}

/// Runs what asks for room, on top of `held_bytes`, with the budget as the one
/// who grants it.
fn within<T, E: Into<Refusal>>(
    permit: &mut Permit,
    held_bytes: usize,
    run: impl FnOnce(Room<'_>) -> Result<T, E>,
) -> Result<T, Refusal> {
    let mut full = None;
    let mut grant = |bytes| match permit.resize(held_bytes.saturating_add(bytes)) {
        Ok(()) => true,
        Err(error) => {
            full = Some(error);
            false
        }
    };
    let result = run(Room::granted_by(&mut grant));
    match full {
        Some(error) => Err(error.into()),
        None => result.map_err(Into::into),
    }
}
