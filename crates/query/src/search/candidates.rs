//! Traces that may match, in the order in which they will be judged.
//!
//! The scan adds them, newest first only roughly; they are taken out in exact
//! order once nothing newer can come. **Never more than
//! [`MAX_WAITING`] wait and never more than [`MAX_KNOWN`] are remembered**,
//! whatever a search matches; both are charged to the memory of queries before
//! they grow.

use std::collections::hash_map::Entry;
use std::collections::{BinaryHeap, HashMap};
use tracewell_model::{QueryMemory, Reservation, RowSet, SpanBatch, TraceId};

/// Traces that wait to be judged, some 15 MB. Past it the oldest are given up.
const MAX_WAITING: usize = 200_000;

/// Traces that were added, judged ones included: they must be known again when
/// an older span of theirs shows. Some 70 MB.
const MAX_KNOWN: usize = 1_000_000;

/// Bytes of a trace that is remembered: table, its growth, and the queue.
const KNOWN_BYTES: usize = 80;

/// Traces that may match, by the newest span of theirs that may.
#[derive(Default)]
pub(super) struct Candidates {
    /// `None` for a trace that was taken out.
    newest: HashMap<TraceId, Option<u64>>,
    /// May hold entries that a newer one has overtaken.
    order: BinaryHeap<(u64, TraceId)>,
    gave_up: bool,
    memory: Reservation,
    is_over_budget: bool,
}

impl Candidates {
    /// None yet, within what queries may hold.
    pub(super) fn within(memory: &QueryMemory) -> Self {
        Self {
            memory: memory.reservation(),
            ..Self::default()
        }
    }

    /// Adds the traces of these rows, up to the memory there is.
    pub(super) fn add(&mut self, batch: &SpanBatch, rows: &RowSet) {
        let spans = batch.spans();
        for row in rows.iter() {
            if self.newest.len() == self.newest.capacity() && !self.has_room_to_grow() {
                self.is_over_budget = true;
                break;
            }
            let (id, start_ns) = (spans.trace_id[row], spans.start_ns[row]);
            match self.newest.entry(id) {
                Entry::Vacant(entry) => {
                    entry.insert(Some(start_ns));
                }
                Entry::Occupied(mut entry) => match entry.get_mut() {
                    Some(newest) if *newest < start_ns => *newest = start_ns,
                    _ => continue,
                },
            }
            self.order.push((start_ns, id));
        }
        if self.order.len() > MAX_WAITING {
            self.give_up_oldest();
        }
    }

    /// Holds what the table takes once it has doubled, the old one included
    /// while entries move, and the queue beside it.
    fn has_room_to_grow(&mut self) -> bool {
        let bytes = (self.newest.capacity() * 2).max(64) * KNOWN_BYTES;
        self.memory.resize(bytes).is_ok()
    }

    /// Was there no memory for more?
    pub(super) fn is_over_budget(&self) -> bool {
        self.is_over_budget
    }

    fn give_up_oldest(&mut self) {
        let mut order = std::mem::take(&mut self.order).into_sorted_vec();
        order.retain(|(start_ns, id)| self.newest.get(id) == Some(&Some(*start_ns)));
        let keep_from = order.len().saturating_sub(MAX_WAITING / 2);
        for (_, id) in order.drain(..keep_from) {
            self.newest.remove(&id);
            self.gave_up = true;
        }
        self.order = order.into();
    }

    /// Does any trace wait?
    pub(super) fn is_waiting(&self) -> bool {
        !self.order.is_empty()
    }

    /// Were any given up?
    pub(super) fn gave_up(&self) -> bool {
        self.gave_up
    }

    /// Can no more be remembered?
    pub(super) fn is_full(&self) -> bool {
        self.newest.len() > MAX_KNOWN
    }

    /// Takes out the newest, if what can still come is older than it: nothing
    /// after `later_until_ns`, or nothing at all.
    pub(super) fn pop(&mut self, later_until_ns: Option<u64>) -> Option<TraceId> {
        while let Some((start_ns, _)) = self.order.peek() {
            if Some(*start_ns) <= later_until_ns {
                return None;
            }
            let (start_ns, id) = self.order.pop()?;
            if self.newest.get(&id) == Some(&Some(start_ns)) {
                self.newest.insert(id, None);
                return Some(id);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracewell_testkit::{TestSpan, batch};

    fn added(candidates: &mut Candidates, starts: impl Iterator<Item = (u64, u64)>) {
        let spans: Vec<_> = starts
            .map(|(trace, start_ns)| TestSpan::new(trace, 1, "s", "n", start_ns))
            .collect();
        candidates.add(&batch(&spans), &RowSet::all(spans.len()));
    }

    fn numbers(candidates: &mut Candidates, later_until_ns: Option<u64>) -> Vec<u64> {
        std::iter::from_fn(|| candidates.pop(later_until_ns))
            .map(|id| u128::from_be_bytes(id.0) as u64)
            .collect()
    }

    #[test]
    fn each_trace_comes_once_where_its_newest_span_stands() {
        let mut candidates = Candidates::default();
        added(
            &mut candidates,
            [(1, 10), (2, 50), (1, 90), (3, 0)].into_iter(),
        );
        assert_eq!(numbers(&mut candidates, Some(59)), [1]);
        added(
            &mut candidates,
            [(1, 95), (2, 55), (4, u64::MAX - 2_000_000)].into_iter(),
        );
        assert_eq!(numbers(&mut candidates, None), [4, 2, 3]);
    }

    #[test]
    fn without_memory_for_more_the_rest_is_left_out_and_said() {
        let mut candidates = Candidates::within(&QueryMemory::new(256 << 10, 128 << 10));
        added(&mut candidates, (0..100_000).map(|n| (n, n)));
        assert!(candidates.is_over_budget());
        assert!(!numbers(&mut candidates, None).is_empty());
    }

    #[test]
    fn when_too_many_wait_the_oldest_are_given_up() {
        let mut candidates = Candidates::default();
        let count = MAX_WAITING as u64 + 1;
        added(&mut candidates, (0..count).map(|n| (n, n)));
        assert!(candidates.gave_up());
        let kept = numbers(&mut candidates, None);
        assert_eq!(kept.len(), MAX_WAITING / 2);
        assert_eq!(kept[0], count - 1);
    }
}
