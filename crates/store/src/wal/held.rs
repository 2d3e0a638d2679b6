//! Which segments hold entries that may still be needed.
//!
//! Shared between the writer, which fills segments, and the store, which says
//! from where on it still needs the log. It must never let go of the segment
//! being written.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::WalPosition;
use super::segment::SEGMENT_HEADER_BYTES;

#[derive(Debug, Default)]
pub(super) struct Held {
    segments: Mutex<Segments>,
}

#[derive(Debug, Default)]
struct Segments {
    /// Offset of the last entry of each segment; 0 if there is none yet.
    last_entries: BTreeMap<u64, u32>,
    /// Where the entries of each segment end, for those that have any.
    ends: BTreeMap<u64, u32>,
    active: Option<u64>,
}

impl Segments {
    fn is_needless(&self, segment: u64, offset: u32, position: WalPosition) -> bool {
        WalPosition { segment, offset } < position && Some(segment) != self.active
    }
}

impl Held {
    /// Segments left by earlier processes, each with its last entry, and where
    /// their entries end.
    pub(super) fn new(last_entries: BTreeMap<u64, u32>, ends: BTreeMap<u64, u32>) -> Held {
        Held {
            segments: Mutex::new(Segments {
                last_entries,
                ends,
                active: None,
            }),
        }
    }

    fn segments(&self) -> MutexGuard<'_, Segments> {
        // Each change is one insertion or removal: sound after any panic.
        self.segments.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The writer begins a segment.
    pub(super) fn begin(&self, segment: u64) {
        let mut segments = self.segments();
        segments.last_entries.insert(segment, 0);
        segments.active = Some(segment);
    }

    /// The writer wrote entries, the last at this position, up to this offset.
    pub(super) fn wrote(&self, last: WalPosition, end: u32) {
        let mut segments = self.segments();
        segments.last_entries.insert(last.segment, last.offset);
        segments.ends.insert(last.segment, end);
    }

    /// Removes and returns the segments whose entries are all before
    /// `position`, up to the one that is to be kept.
    pub(super) fn release_before(
        &self,
        position: WalPosition,
        first_segment: Option<u64>,
    ) -> Vec<u64> {
        let mut segments = self.segments();
        let all = segments.last_entries.iter();
        let before_first = all.filter(|(s, _)| first_segment.is_none_or(|first| **s < first));
        let needless =
            before_first.filter(|(s, offset)| segments.is_needless(**s, **offset, position));
        let released: Vec<u64> = needless.map(|(segment, _)| *segment).collect();
        for segment in &released {
            segments.last_entries.remove(segment);
            segments.ends.remove(segment);
        }
        released
    }

    /// The oldest segment that [`Held::release_before`] would leave.
    pub(super) fn first_from(&self, position: WalPosition) -> Option<u64> {
        let segments = self.segments();
        let mut left = segments.last_entries.iter();
        let first =
            left.find(|(segment, offset)| !segments.is_needless(**segment, **offset, position));
        first.map(|(segment, _)| *segment)
    }

    /// Whether [`Held::release_before`] would let any segment go.
    pub(super) fn has_needless(&self, position: WalPosition) -> bool {
        let segments = self.segments();
        let mut all = segments.last_entries.iter();
        all.any(|(segment, offset)| segments.is_needless(*segment, *offset, position))
    }

    /// Bytes of the entries at and after `position`.
    pub(super) fn bytes_from(&self, position: WalPosition) -> u64 {
        let segments = self.segments();
        let needed = segments.ends.iter().filter(|(segment, _)| {
            let last = segments.last_entries.get(segment).copied();
            let last = WalPosition {
                segment: **segment,
                offset: last.unwrap_or_default(),
            };
            last >= position
        });
        let bytes = needed.map(|(segment, end)| {
            let start = match *segment == position.segment {
                true => position.offset.max(SEGMENT_HEADER_BYTES),
                false => SEGMENT_HEADER_BYTES,
            };
            u64::from(end.saturating_sub(start))
        });
        bytes.sum()
    }

    /// How many segments are held, the one being written included.
    pub(super) fn count(&self) -> usize {
        self.segments().last_entries.len()
    }
}
