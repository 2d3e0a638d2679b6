//! Writes groups of entries: one buffer, one write, one sync.
//!
//! It knows neither threads nor callers, so that the crash tests can drive it
//! step by step. Two rules hold here: a group becomes part of the log only
//! after its sync, and after a write or sync of unknown outcome nothing is
//! ever written again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::WalPosition;
use super::compress::Stored;
use super::entry::{ENTRY_HEADER_BYTES, EntryHeader, Kind};
use super::error::WalError;
use super::held::Held;
use super::options::Durability;
use super::prepare::SegmentSource;
use super::segment::{SEGMENT_HEADER_BYTES, Segment};
use crate::files::{FileError, write_all_at};

/// A group is written once it has reached this size: larger ones gain nothing
/// per byte and let the first entry wait for the last.
const GROUP_BYTES: u64 = 4 << 20;

#[derive(Debug)]
struct Active {
    segment: Segment,
    /// Where the next group goes; everything before is written.
    offset: u32,
    /// A write failed for lack of space: what stands behind `offset` is to be
    /// fenced off by an end entry before anything else is accepted.
    fence: bool,
}

impl Active {
    fn has_room(&self, bytes: u64) -> bool {
        let end = u64::from(self.offset) + bytes + u64::from(ENTRY_HEADER_BYTES);
        end <= u64::from(self.segment.bytes)
    }
}

/// Why a segment ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// It is full, and the next one is there.
    Followed,
    /// To fence off what a failed write left.
    Fence,
    /// The process ends. The segment is also cut, so that processes that come
    /// and go do not fill the disk with segments that hold almost nothing.
    Last,
}

#[derive(Debug)]
pub(super) struct Log<S> {
    source: S,
    durability: Durability,
    held: Arc<Held>,
    active: Option<Active>,
    /// Made, and not begun: the reserve, and one that was taken while the active one
    /// could not be closed. The oldest first.
    next: VecDeque<Segment>,
    /// Segments that are there besides when spans are written, so that entries
    /// without spans find room on a disk that is full.
    reserve: Arc<AtomicUsize>,
    buffer: Vec<u8>,
    /// Offset of the last entry in the buffer.
    last_offset: u32,
    poison: Option<WalError>,
}

impl<S: SegmentSource> Log<S> {
    pub(super) fn new(
        source: S,
        durability: Durability,
        held: Arc<Held>,
        reserve: Arc<AtomicUsize>,
    ) -> Log<S> {
        Log {
            source,
            durability,
            held,
            active: None,
            next: VecDeque::new(),
            reserve,
            buffer: Vec::new(),
            last_offset: 0,
            poison: None,
        }
    }

    /// Puts an entry into the present group and says where it will stand.
    /// `None`: the group is full, [`flush`](Log::flush) it first.
    pub(super) fn place(&mut self, entry: &Stored) -> Result<Option<WalPosition>, WalError> {
        let grown = self.buffer.len() as u64 + entry.total_bytes();
        let has_spans = entry.spans > 0;
        if self.buffer.is_empty() {
            self.make_room(grown, has_spans)?;
        } else if grown > GROUP_BYTES || !self.has_room(grown) || !self.has_reserve(has_spans) {
            return Ok(None);
        }
        let active = self.active.as_ref().expect("make_room left a segment");
        let position = WalPosition {
            segment: active.segment.sequence,
            offset: active.offset + self.buffer.len() as u32,
        };
        let header = EntryHeader {
            kind: Kind::Batch,
            zstd: entry.zstd,
            offset: position.offset,
            segment: position.segment,
            group: active.offset,
            stored_bytes: entry.bytes.len() as u32,
            payload_bytes: entry.payload_bytes,
            spans: entry.spans,
            payload_crc: entry.crc,
        };
        self.buffer.extend_from_slice(&header.encode());
        self.buffer.extend_from_slice(&entry.bytes);
        self.buffer.resize(grown as usize, 0);
        self.last_offset = position.offset;
        Ok(Some(position))
    }

    /// Writes the group and, if so configured, waits until it is durable.
    /// After an error none of its entries counts as written.
    pub(super) fn flush(&mut self) -> Result<(), WalError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let result = self.write_group();
        self.buffer.clear();
        self.buffer.shrink_to(2 * GROUP_BYTES as usize);
        result
    }

    /// Makes sure that a segment has room for a group of this size, and for spans
    /// that the reserve is there.
    pub(super) fn make_room(&mut self, bytes: u64, has_spans: bool) -> Result<(), WalError> {
        if let Some(poison) = &self.poison {
            return Err(poison.clone());
        }
        let is_fenced = self.active.as_ref().is_some_and(|active| active.fence);
        if is_fenced {
            self.close_segment(Ending::Fence)?;
        }
        let goes_on = self.active.is_some() && self.has_room(bytes);
        // First, because the old one says that another is there.
        let wanted = self.reserved(has_spans) + usize::from(!goes_on);
        while self.next.len() < wanted {
            self.next.push_back(self.source.take()?);
        }
        if goes_on {
            return Ok(());
        }
        self.close_segment(Ending::Followed)?;
        if let Some(segment) = self.next.pop_front() {
            self.held.begin(segment.sequence);
            self.active = Some(Active {
                segment,
                offset: SEGMENT_HEADER_BYTES,
                fence: false,
            });
        }
        Ok(())
    }

    /// Segments that must be left when this has been written.
    fn reserved(&self, has_spans: bool) -> usize {
        match has_spans {
            true => self.reserve.load(Ordering::Relaxed),
            false => 0,
        }
    }

    fn has_reserve(&self, has_spans: bool) -> bool {
        self.next.len() >= self.reserved(has_spans)
    }

    /// Writes what is left and makes everything durable, whatever the setting.
    pub(super) fn finish(&mut self) -> Result<(), WalError> {
        if let Some(poison) = &self.poison {
            return Err(poison.clone());
        }
        self.flush()?;
        self.close_segment(Ending::Last)
    }

    fn has_room(&self, bytes: u64) -> bool {
        self.active.as_ref().is_none_or(|a| a.has_room(bytes))
    }

    fn write_group(&mut self) -> Result<(), WalError> {
        let active = self.active.as_mut().expect("a group has a segment");
        let segment = &active.segment;
        if let Err(source) = write_all_at(&*segment.file, &self.buffer, u64::from(active.offset)) {
            let error = FileError::on("write", &segment.path)(source);
            if error.is_disk_full() {
                active.fence = true;
                return Err(WalError::no_segment(&error));
            }
            return Err(self.poison(&error));
        }
        if self.durability == Durability::Fsync
            && let Err(source) = segment.file.sync()
        {
            let error = FileError::on("sync", &segment.path)(source);
            return Err(self.poison(&error));
        }
        active.offset += self.buffer.len() as u32;
        let last = WalPosition {
            segment: segment.sequence,
            offset: self.last_offset,
        };
        self.held.wrote(last, active.offset);
        Ok(())
    }

    /// Ends the active segment with an end entry.
    fn close_segment(&mut self, ending: Ending) -> Result<(), WalError> {
        let Some(active) = &self.active else {
            return Ok(());
        };
        let segment = &active.segment;
        let (last, is_followed) = (ending == Ending::Last, ending == Ending::Followed);
        let end =
            EntryHeader::end(Kind::End, segment.sequence, active.offset, is_followed).encode();
        if let Err(source) = write_all_at(&*segment.file, &end, u64::from(active.offset)) {
            let error = FileError::on("write", &segment.path)(source);
            // Half an end entry ends nothing: it is written again.
            return Err(match error.is_disk_full() {
                true => WalError::no_segment(&error),
                false => self.poison(&error),
            });
        }
        let mut made_durable = Ok(());
        if last {
            let end = u64::from(active.offset) + u64::from(ENTRY_HEADER_BYTES);
            // A segment that is cut and has no end entry lost something.
            made_durable = segment.file.sync();
            made_durable = made_durable.and_then(|()| segment.file.set_size(end));
        }
        if last || self.durability == Durability::Fsync {
            made_durable = made_durable.and_then(|()| segment.file.sync());
        }
        if let Err(source) = made_durable {
            let error = FileError::on("sync", &segment.path)(source);
            return Err(self.poison(&error));
        }
        self.active = None;
        Ok(())
    }

    fn poison(&mut self, error: &FileError) -> WalError {
        let poison = WalError::poisoned(error);
        self.poison = Some(poison.clone());
        poison
    }
}
