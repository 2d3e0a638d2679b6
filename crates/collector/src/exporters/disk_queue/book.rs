//! Which batches of a queue wait, are on their way, and need no more noting.
//!
//! Places only: the batches lie on the disk. A few that have just come are kept, so
//! that a peer that keeps up costs no reading. **It does no I/O and knows no peer.**

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use tracewell_model::SpanBatch;
use tracewell_model::spool::SpoolPlace;

/// Memory for batches that need not be read again.
const KEPT_BYTES_MAX: usize = 16 << 20;

/// A batch that the peer has not.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) place: SpoolPlace,
    pub(super) spans: u32,
    /// If it is still in memory.
    pub(super) batch: Option<Arc<SpanBatch>>,
}

/// See the module's text.
#[derive(Debug, Default)]
pub(super) struct Book {
    /// In the order of their places, which is that of their arrival.
    waiting: VecDeque<Waiting>,
    on_their_way: BTreeMap<SpoolPlace, u32>,
    /// Settled, and noted nowhere yet.
    to_note: Vec<SpoolPlace>,
    /// The last record that is known.
    newest: SpoolPlace,
    kept_bytes: usize,
}

impl Book {
    /// What a spool shows at the start.
    pub(super) fn restored(found: BTreeMap<SpoolPlace, u32>, newest: SpoolPlace) -> Self {
        let waiting = found.into_iter().map(|(place, spans)| Waiting {
            place,
            spans,
            batch: None,
        });
        Self {
            waiting: waiting.collect(),
            newest,
            ..Self::default()
        }
    }

    /// A batch is on the disk.
    pub(super) fn arrived(&mut self, place: SpoolPlace, batch: Arc<SpanBatch>) {
        let (spans, bytes) = (batch.len() as u32, batch.memory_bytes());
        let is_kept = self.kept_bytes + bytes <= KEPT_BYTES_MAX;
        if is_kept {
            self.kept_bytes += bytes;
        }
        self.newest = self.newest.max(place);
        self.waiting.push_back(Waiting {
            place,
            spans,
            batch: is_kept.then_some(batch),
        });
    }

    /// The one whose turn it is; it is on its way from here on.
    pub(super) fn next(&mut self) -> Option<Waiting> {
        let next = self.waiting.pop_front()?;
        if let Some(batch) = &next.batch {
            self.kept_bytes -= batch.memory_bytes();
        }
        self.on_their_way.insert(next.place, next.spans);
        Some(next)
    }

    /// The peer has it, or will never have it.
    pub(super) fn settled(&mut self, place: SpoolPlace) {
        if self.on_their_way.remove(&place).is_some() {
            self.to_note.push(place);
        }
    }

    /// What is to be noted: so many at most, in no order.
    pub(super) fn take_to_note(&mut self, most: usize) -> Vec<SpoolPlace> {
        let left = self.to_note.len().saturating_sub(most);
        self.to_note.split_off(left)
    }

    /// It could not be.
    pub(super) fn not_noted(&mut self, places: Vec<SpoolPlace>) {
        self.to_note.extend(places);
    }

    /// A note is on the disk.
    pub(super) fn noted(&mut self, note: SpoolPlace) {
        self.newest = self.newest.max(note);
    }

    /// Everything before is needed by nobody: batches are settled, and notes stand
    /// behind the batches that they are about. What is settled counts before it is
    /// noted: on a full disk nothing can be noted until something is given up.
    pub(super) fn needed_from(&self) -> SpoolPlace {
        let waiting = self.waiting.front().map(|waiting| waiting.place);
        let on_its_way = self.on_their_way.keys().next().copied();
        let oldest = waiting.into_iter().chain(on_its_way).min();
        oldest.unwrap_or_else(|| self.newest.after())
    }

    /// Spans that the peer has not.
    pub(super) fn spans(&self) -> u64 {
        let waiting = self.waiting.iter().map(|waiting| waiting.spans);
        let all = waiting.chain(self.on_their_way.values().copied());
        all.map(u64::from).sum()
    }

    /// Batches that the peer has not.
    pub(super) fn count(&self) -> u64 {
        (self.waiting.len() + self.on_their_way.len()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracewell_testkit::{TestSpan, batch};

    fn place(number: u32) -> SpoolPlace {
        SpoolPlace(1, number)
    }

    fn one(text_bytes: usize) -> Arc<SpanBatch> {
        let span = TestSpan::new(1, 1, "a", "x", 1).with_text("text", &"x".repeat(text_bytes));
        Arc::new(batch(&[span]))
    }

    #[test]
    fn what_is_needed_moves_on_with_the_oldest() {
        let mut book = Book::restored([(place(8), 1), (place(16), 1)].into(), place(24));
        assert_eq!((book.needed_from(), book.count()), (place(8), 2));
        book.arrived(place(32), one(1));
        let turns = [(); 3].map(|()| book.next().unwrap());
        assert_eq!(turns.map(|turn| turn.place), [8, 16, 32].map(place));
        assert!(book.next().is_none());
        book.settled(place(16));
        book.settled(place(8));
        assert_eq!(book.needed_from(), place(32));
        let mut noted = book.take_to_note(9);
        noted.sort();
        assert_eq!(noted, [8, 16].map(place));
        book.not_noted(noted);
        assert_eq!(book.take_to_note(1).len(), 1);
        assert_eq!(book.take_to_note(1).len(), 1);
        book.noted(place(40));
        book.settled(place(32));
        book.take_to_note(9);
        book.noted(place(48));
        assert_eq!((book.needed_from(), book.count()), (place(48).after(), 0));
    }

    #[test]
    fn only_so_much_is_kept_in_memory() {
        let mut book = Book::default();
        let large = one(6 << 20);
        for number in 1..6 {
            book.arrived(place(number), Arc::clone(&large));
        }
        let mut kept = || book.next().map(|turn| turn.batch.is_some());
        let turns = [kept(), kept(), kept(), kept(), kept(), kept()];
        let expected = [true, true, false, false, false].map(Some);
        assert_eq!(turns[..5], expected);
        assert_eq!(turns[5], None);
        book.arrived(place(9), large);
        assert!(book.next().unwrap().batch.is_some());
    }
}
