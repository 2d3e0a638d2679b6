//! Finds the entries in the bytes of one segment, and tells damage from the
//! end.
//!
//! It exists apart from recovery because it is the part that meets hostile
//! bytes: it must never panic, never look outside the slice, and does work
//! proportional to the slice however it was damaged.

use super::entry::{ALIGNMENT, ENTRY_HEADER_BYTES, EntryHeader, Kind};
use super::segment::SEGMENT_HEADER_BYTES;

/// How a segment ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closing {
    /// Without an end entry: it was being written when the process ended.
    Open,
    /// The writer closed it; every entry before was complete.
    ByWriter {
        /// The next segment existed by then.
        is_followed: bool,
    },
    /// An earlier recovery closed it; damage in the last group is known.
    ByRecovery,
}

/// Bytes between good entries, or behind the last, that are no good entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Damage {
    pub(super) start: u32,
    pub(super) end: u32,
    /// Spans of the lost entry, if its header could still be read.
    pub(super) spans: Option<u32>,
}

/// What a segment holds.
#[derive(Debug)]
pub(super) struct Scan {
    pub(super) entries: Vec<EntryHeader>,
    pub(super) damages: Vec<Damage>,
    pub(super) closing: Closing,
    /// Where the end entry stands, or belongs.
    pub(super) end: u32,
    /// Everything before this offset was durable once.
    pub(super) durable: u32,
}

/// Scans the bytes of the segment with this sequence number. Only the first
/// 4 GiB can hold entries.
pub(super) fn scan(bytes: &[u8], sequence: u64) -> Scan {
    let mut found = Scan {
        entries: Vec::new(),
        damages: Vec::new(),
        closing: Closing::Open,
        end: SEGMENT_HEADER_BYTES,
        durable: SEGMENT_HEADER_BYTES,
    };
    while let Some((at, header)) = next_header(bytes, found.end, sequence) {
        if at > found.end {
            found.damages.push(Damage {
                start: found.end,
                end: at,
                spans: None,
            });
        }
        found.end = at;
        match header.kind {
            Kind::Batch => {}
            Kind::End => {
                found.closing = Closing::ByWriter {
                    is_followed: header.spans > 0,
                };
                return found;
            }
            Kind::EndByRecovery => {
                found.closing = Closing::ByRecovery;
                return found;
            }
        }
        found.durable = found.durable.max(header.group);
        let end = at + header.total_bytes() as u32;
        if crc32c::crc32c(payload(bytes, &header)) == header.payload_crc {
            found.entries.push(header);
        } else {
            found.damages.push(Damage {
                start: at,
                end,
                spans: Some(header.spans),
            });
        }
        found.end = end;
    }
    if EntryHeader::began_at(&bytes[bytes.len().min(found.end as usize)..], sequence) {
        found.damages.push(Damage {
            start: found.end,
            end: found.end + ENTRY_HEADER_BYTES,
            spans: None,
        });
    }
    found
}

/// The stored payload of an entry that [`scan`] found in these bytes.
pub(super) fn payload<'a>(bytes: &'a [u8], header: &EntryHeader) -> &'a [u8] {
    let start = (header.offset + ENTRY_HEADER_BYTES) as usize;
    &bytes[start..start + header.stored_bytes as usize]
}

/// The first good header at or after `from`.
fn next_header(bytes: &[u8], from: u32, sequence: u64) -> Option<(u32, EntryHeader)> {
    let last = (bytes.len() as u64).checked_sub(u64::from(ENTRY_HEADER_BYTES))?;
    let last = u32::try_from(last).unwrap_or(u32::MAX - ENTRY_HEADER_BYTES);
    (from..=last).step_by(ALIGNMENT as usize).find_map(|at| {
        let header = EntryHeader::decode(&bytes[at as usize..])?;
        let end = u64::from(at) + header.total_bytes();
        let ours = header.offset == at && header.segment == sequence;
        let inside = end <= bytes.len() as u64 && end <= u64::from(u32::MAX);
        (ours && inside).then_some((at, header))
    })
}
