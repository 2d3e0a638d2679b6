//! The bytes of one log entry.
//!
//! ```text
//! offset size
//!      0    2  mark 0x54 0x57
//!      2    1  kind: 1 batch, 2 end of segment, 3 end set by recovery
//!      3    1  flags: bit 0 payload is one zstd frame; others zero
//!      4    4  offset of this entry in its segment
//!      8    8  sequence number of the segment
//!     16    4  offset of the group this entry was written with: everything
//!              before it was durable when this entry was written
//!     20    4  payload bytes as stored
//!     24    4  payload bytes as given
//!     28    4  spans; of the end of a segment 1 if another was there to follow it
//!     32    4  CRC32C of the payload as stored
//!     36    4  CRC32C of bytes 0..36
//!     40    n  payload as stored, then zeros up to a multiple of 8
//! ```
//!
//! All numbers are little endian. Segment and offset are part of what is
//! checked, so that bytes left from a segment's earlier life, or a copy of an
//! entry inside a payload, are never taken for an entry. This file knows
//! bytes only; it must never read or write a file.

/// Bytes before the payload. An end entry is this alone.
pub(super) const ENTRY_HEADER_BYTES: u32 = 40;

/// The largest payload, before compression; bounds what recovery allocates.
pub const MAX_PAYLOAD_BYTES: u32 = 64 << 20;

/// Entries start at multiples of this, so that a search for the next one after
/// damage looks at every eighth place only.
pub(super) const ALIGNMENT: u32 = 8;

const MARK: [u8; 2] = *b"TW";
const FLAG_ZSTD: u8 = 1;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A batch of spans.
    Batch,
    /// The writer closed the segment here.
    End,
    /// Recovery closed the segment here: what stood behind was torn.
    EndByRecovery,
}

/// An entry without its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EntryHeader {
    pub(super) kind: Kind,
    pub(super) zstd: bool,
    pub(super) offset: u32,
    pub(super) segment: u64,
    pub(super) group: u32,
    pub(super) stored_bytes: u32,
    pub(super) payload_bytes: u32,
    pub(super) spans: u32,
    pub(super) payload_crc: u32,
}

impl EntryHeader {
    /// The entry that closes a segment. `is_followed`: the next one exists.
    pub(super) fn end(kind: Kind, segment: u64, offset: u32, is_followed: bool) -> EntryHeader {
        EntryHeader {
            kind,
            zstd: false,
            offset,
            segment,
            group: offset,
            stored_bytes: 0,
            payload_bytes: 0,
            spans: u32::from(is_followed),
            payload_crc: 0,
        }
    }

    /// Header, payload and padding.
    pub(super) fn total_bytes(&self) -> u64 {
        total_bytes(self.stored_bytes)
    }

    pub(super) fn encode(&self) -> [u8; ENTRY_HEADER_BYTES as usize] {
        let mut bytes = [0; ENTRY_HEADER_BYTES as usize];
        bytes[0..2].copy_from_slice(&MARK);
        bytes[2] = match self.kind {
            Kind::Batch => 1,
            Kind::End => 2,
            Kind::EndByRecovery => 3,
        };
        bytes[3] = if self.zstd { FLAG_ZSTD } else { 0 };
        bytes[4..8].copy_from_slice(&self.offset.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.segment.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.group.to_le_bytes());
        bytes[20..24].copy_from_slice(&self.stored_bytes.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.payload_bytes.to_le_bytes());
        bytes[28..32].copy_from_slice(&self.spans.to_le_bytes());
        bytes[32..36].copy_from_slice(&self.payload_crc.to_le_bytes());
        let crc = crc32c::crc32c(&bytes[..36]);
        bytes[36..40].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads a header; `None` if the bytes are not one.
    pub(super) fn decode(bytes: &[u8]) -> Option<EntryHeader> {
        let bytes = bytes.first_chunk::<{ ENTRY_HEADER_BYTES as usize }>()?;
        if bytes[0..2] != MARK || u32_at(bytes, 36) != crc32c::crc32c(&bytes[..36]) {
            return None;
        }
        let kind = match bytes[2] {
            1 => Kind::Batch,
            2 => Kind::End,
            3 => Kind::EndByRecovery,
            _ => return None,
        };
        let header = EntryHeader {
            kind,
            zstd: bytes[3] == FLAG_ZSTD,
            offset: u32_at(bytes, 4),
            segment: u64_at(bytes, 8),
            group: u32_at(bytes, 16),
            stored_bytes: u32_at(bytes, 20),
            payload_bytes: u32_at(bytes, 24),
            spans: u32_at(bytes, 28),
            payload_crc: u32_at(bytes, 32),
        };
        let known = bytes[3] & !FLAG_ZSTD == 0 && header.payload_bytes <= MAX_PAYLOAD_BYTES;
        known.then_some(header)
    }

    /// Whether bytes that are no valid header began as one of this segment:
    /// the remains of a torn write.
    pub(super) fn began_at(bytes: &[u8], segment: u64) -> bool {
        bytes.len() >= 16 && bytes[0..2] == MARK && u64_at(bytes, 8) == segment
    }
}

/// Header, payload and padding of an entry with a stored payload of this size.
pub(super) fn total_bytes(stored_bytes: u32) -> u64 {
    let bytes = u64::from(ENTRY_HEADER_BYTES) + u64::from(stored_bytes);
    bytes.next_multiple_of(u64::from(ALIGNMENT))
}

/// Reads a little-endian number at a place the caller has checked.
/// Two bytes, little-endian.
pub(super) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let bytes = bytes[at..].first_chunk();
    u32::from_le_bytes(*bytes.expect("the caller checked the length"))
}

/// Reads a little-endian number at a place the caller has checked.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let bytes = bytes[at..].first_chunk();
    u64::from_le_bytes(*bytes.expect("the caller checked the length"))
}
