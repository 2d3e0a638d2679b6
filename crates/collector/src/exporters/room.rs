//! How much may wait before an exporter, counted as `sizer` says.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tracewell_model::SpanBatch;

/// What a queue's size is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sizer {
    /// Batches.
    #[default]
    Requests,
    /// Spans.
    Items,
    /// Bytes: of memory, or of the disk where the queue is there.
    Bytes,
}

impl Sizer {
    pub(super) fn of(self, batch: &SpanBatch) -> u64 {
        match self {
            Self::Bytes => batch.memory_bytes() as u64,
            Self::Requests | Self::Items => self.of_spans(batch.len() as u64),
        }
    }

    /// What a batch counts for that is not in memory; nothing in bytes, which the
    /// disk counts.
    pub(super) fn of_spans(self, spans: u64) -> u64 {
        match self {
            Self::Requests => 1,
            Self::Items => spans,
            Self::Bytes => 0,
        }
    }

    /// With a number, for people.
    pub(super) fn said(self, size: u64) -> String {
        match self {
            Self::Requests => format!("{size} batches"),
            Self::Items => format!("{size} spans"),
            Self::Bytes => format!("{size} bytes"),
        }
    }
}

/// Room for so much. One batch alone always has some: a limit below its size
/// would hold it back for ever.
#[derive(Debug)]
pub(super) struct Room {
    limit: u64,
    taken: AtomicU64,
}

impl Room {
    pub(super) fn new(limit: u64) -> Self {
        Self {
            limit,
            taken: AtomicU64::new(0),
        }
    }

    /// Takes some, or says how much is taken already.
    pub(super) fn take(&self, size: u64) -> Result<(), u64> {
        let more = |taken: u64| {
            let wanted = taken.saturating_add(size);
            (taken == 0 || wanted <= self.limit).then_some(wanted)
        };
        let taken = self
            .taken
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
        taken.map(|_before| ())
    }

    /// Takes some for what is here already, whatever the limit.
    pub(super) fn take_for_restored(&self, size: u64) {
        self.taken.fetch_add(size, Ordering::AcqRel);
    }

    pub(super) fn give_back(&self, size: u64) {
        self.taken.fetch_sub(size, Ordering::AcqRel);
    }
}

/// Some of a [`Room`], given back when it is dropped.
pub(super) struct Place {
    room: Arc<Room>,
    size: u64,
}

impl Place {
    /// As [`Room::take`].
    pub(super) fn take(room: &Arc<Room>, size: u64) -> Result<Self, u64> {
        room.take(size)?;
        Ok(Self {
            room: Arc::clone(room),
            size,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.room.give_back(self.size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_given_back_and_one_alone_is_let_in() {
        let room = Arc::new(Room::new(10));
        let large = Place::take(&room, 30).map_err(|taken| panic!("{taken}"));
        assert_eq!(room.take(1), Err(30));
        drop(large);
        assert_eq!(room.take(6), Ok(()));
        assert_eq!(room.take(5), Err(6));
        assert_eq!(room.take(4), Ok(()));
        room.take_for_restored(100);
        assert_eq!(room.take(1), Err(110));
    }
}
