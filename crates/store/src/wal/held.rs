//! Which segments hold entries that may still be needed.
//!
//! Shared between the writer, which fills segments, and the store, which says
//! from where on it still needs the log. It must never let go of the segment
//! being written.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::WalPosition;

#[derive(Debug, Default)]
pub(super) struct Held {
    segments: Mutex<Segments>,
}

#[derive(Debug, Default)]
struct Segments {
    /// Offset of the last entry of each segment; 0 if there is none yet.
    last_entries: BTreeMap<u64, u32>,
    active: Option<u64>,
}

impl Held {
    /// Segments left by earlier processes, each with its last entry.
    pub(super) fn new(last_entries: BTreeMap<u64, u32>) -> Held {
        Held {
            segments: Mutex::new(Segments {
                last_entries,
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

    /// The writer wrote entries, the last at this position.
    pub(super) fn wrote(&self, last: WalPosition) {
        self.segments()
            .last_entries
            .insert(last.segment, last.offset);
    }

    /// Removes and returns the segments whose entries are all before
    /// `position`.
    pub(super) fn release_before(&self, position: WalPosition) -> Vec<u64> {
        let mut segments = self.segments();
        let active = segments.active;
        let needless = |(segment, offset): (&u64, &u32)| {
            let last = WalPosition {
                segment: *segment,
                offset: *offset,
            };
            (last < position && Some(*segment) != active).then_some(*segment)
        };
        let released: Vec<u64> = segments.last_entries.iter().filter_map(needless).collect();
        for segment in &released {
            segments.last_entries.remove(segment);
        }
        released
    }

    /// How many segments are held, the one being written included.
    pub(super) fn count(&self) -> usize {
        self.segments().last_entries.len()
    }
}
