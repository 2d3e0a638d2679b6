//! Which spans of a scan look the same, for whoever counts each span once
//! (ADR-011).
//!
//! Hashes stand for outlines: 64 bits meet by chance once in ten million counts of
//! a million spans. They are gathered in lists, one for each thread, that are sorted
//! where they become long: that needs half the memory of a table, and lists can be
//! joined. **Past what can be remembered nothing is told apart**, and it says so.

use std::collections::HashSet;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicUsize, Ordering};
use tracewell_model::{RowSet, SpanBatch, TraceId};

/// Turns outlines into numbers; clones give the same ones.
type Hasher = foldhash::quality::RandomState;

/// Outlines that more than one span has.
type Alike = HashSet<u64, foldhash::fast::RandomState>;

/// Room in lists that is taken at a time, at most: 512 KiB.
const MAX_PIECE: usize = 1 << 16;

/// What the outlines of one scan share, whichever thread gathers them.
pub(crate) struct Memory {
    hasher: Hasher,
    piece: usize,
    spans: AtomicUsize,
    traces: AtomicUsize,
}

impl Memory {
    /// Remembers at least `most` spans, and as many traces: of both 16 bytes each.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            hasher: Hasher::default(),
            piece: (most / 32).clamp(1, MAX_PIECE),
            spans: AtomicUsize::new(2 * most),
            traces: AtomicUsize::new(2 * most),
        }
    }

    /// Of one thread.
    pub(crate) fn outlines(&self) -> Outlines<'_> {
        Outlines {
            hasher: self.hasher.clone(),
            spans: Distinct::new(&self.spans, self.piece),
            traces: Distinct::new(&self.traces, self.piece),
            alike: Alike::default(),
            missed: 0,
        }
    }
}

/// The outlines of the spans that were shown.
pub(crate) struct Outlines<'m> {
    hasher: Hasher,
    spans: Distinct<'m>,
    traces: Distinct<'m>,
    alike: Alike,
    /// Spans that could not be remembered.
    missed: u64,
}

impl Outlines<'_> {
    pub(crate) fn add(&mut self, batch: &SpanBatch, rows: &RowSet) {
        let spans = batch.spans();
        let mut last = None;
        for row in rows.iter() {
            let trace = spans.trace_id[row];
            // Spans of a trace mostly stand together.
            if last != Some(trace) {
                last = Some(trace);
                self.traces.add(self.hasher.hash_one(trace), &mut |_| {});
            }
            let alike = &mut self.alike;
            let hash = outline(&self.hasher, trace, batch, row);
            let is_known = self.spans.add(hash, &mut |hash| _ = alike.insert(hash));
            self.missed += u64::from(!is_known);
        }
    }

    /// Takes over what another remembers.
    pub(crate) fn merge(&mut self, other: Self) {
        let alike = &mut self.alike;
        alike.extend(other.alike);
        self.spans
            .join(other.spans, &mut |hash| _ = alike.insert(hash));
        self.traces.join(other.traces, &mut |_| {});
        self.missed += other.missed;
    }

    /// What there was.
    pub(crate) fn finish(mut self) -> Seen {
        let alike = &mut self.alike;
        self.spans.settle(&mut |hash| _ = alike.insert(hash));
        self.traces.settle(&mut |_| {});
        let traces = self.traces.hashes.len() as u64;
        Seen {
            spans: self.spans.hashes.len() as u64 + self.missed,
            traces: (!self.traces.is_full).then_some(traces),
            is_exact: self.missed == 0,
            hasher: self.hasher,
            alike: self.alike,
        }
    }
}

/// What was seen, each outline once.
pub(crate) struct Seen {
    pub(crate) spans: u64,
    /// `None` of more than can be remembered.
    pub(crate) traces: Option<u64>,
    /// Were all remembered?
    pub(crate) is_exact: bool,
    hasher: Hasher,
    alike: Alike,
}

impl Seen {
    /// Do no two spans look the same?
    pub(crate) fn are_all_different(&self) -> bool {
        self.alike.is_empty()
    }

    /// Those of these spans that look like another.
    pub(crate) fn alike(&self, batch: &SpanBatch, rows: &RowSet) -> RowSet {
        let mut alike = RowSet::none(batch.len());
        for row in rows.iter() {
            let trace = batch.spans().trace_id[row];
            if self
                .alike
                .contains(&outline(&self.hasher, trace, batch, row))
            {
                alike.insert(row);
            }
        }
        alike
    }
}

fn outline(hasher: &Hasher, trace: TraceId, batch: &SpanBatch, row: usize) -> u64 {
    hasher.hash_one((trace, batch.outline(row)))
}

/// Numbers, each once.
struct Distinct<'m> {
    /// How many more may be held.
    room: &'m AtomicUsize,
    piece: usize,
    held: usize,
    hashes: Vec<u64>,
    is_full: bool,
}

impl<'m> Distinct<'m> {
    fn new(room: &'m AtomicUsize, piece: usize) -> Self {
        Self {
            room,
            piece,
            held: 0,
            hashes: Vec::new(),
            is_full: false,
        }
    }

    /// False when there is no room for more. `again` hears, sooner or later, of
    /// those that were there already.
    fn add(&mut self, hash: u64, again: &mut dyn FnMut(u64)) -> bool {
        if self.hashes.len() == self.held && !self.is_full && !self.grow() {
            self.settle(again);
            self.is_full = self.hashes.len() > self.held / 2;
        }
        if !self.is_full {
            self.hashes.push(hash);
        }
        !self.is_full
    }

    fn grow(&mut self) -> bool {
        let piece = self.piece;
        let taken = self
            .room
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| {
                room.checked_sub(piece)
            });
        if taken.is_ok() {
            self.held += piece;
            self.hashes.reserve_exact(piece);
        }
        taken.is_ok()
    }

    fn join(&mut self, other: Self, again: &mut dyn FnMut(u64)) {
        self.hashes.extend(other.hashes);
        self.held += other.held;
        self.is_full |= other.is_full;
        self.settle(again);
    }

    fn settle(&mut self, again: &mut dyn FnMut(u64)) {
        self.hashes.sort_unstable();
        self.hashes.dedup_by(|hash, before| {
            let is_again = hash == before;
            if is_again {
                again(*hash);
            }
            is_again
        });
    }
}
