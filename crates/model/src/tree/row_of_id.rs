//! Span id → row of one trace.
//!
//! Few ids are looked through, which is faster than any table; many go into
//! open addressing with a random key, so that nobody can choose ids that
//! collide. The table is as large as the trace needs, not as the largest ever
//! seen: emptying it costs what filling it does.

use super::NONE;
use crate::ids::SpanId;
use foldhash::fast::RandomState;
use std::hash::BuildHasher;

/// Up to this many ids are looked through one by one.
const FEW: usize = 12;

/// The first row of each id.
#[derive(Debug, Default)]
pub(super) struct RowOfId {
    /// A power of two, at least twice the rows; empty for few rows.
    slots: Vec<u32>,
    state: RandomState,
}

impl RowOfId {
    /// Forgets all rows and takes those of a trace. Does any id come twice?
    pub(super) fn fill(&mut self, ids: &[SpanId]) -> bool {
        self.slots.clear();
        if ids.len() <= FEW {
            return (1..ids.len()).any(|row| ids[..row].contains(&ids[row]));
        }
        let mut is_repeated = false;
        self.slots.resize((ids.len() * 2).next_power_of_two(), NONE);
        for (row, id) in (0u32..).zip(ids) {
            let slot = self.slot(ids, *id);
            if self.slots[slot] == NONE {
                self.slots[slot] = row;
            } else {
                is_repeated = true;
            }
        }
        is_repeated
    }

    /// The first row with this id; `ids` are those of the last
    /// [`RowOfId::fill`].
    pub(super) fn get(&self, ids: &[SpanId], id: SpanId) -> Option<u32> {
        if self.slots.is_empty() {
            return ids.iter().position(|known| *known == id).map(|r| r as u32);
        }
        let row = self.slots[self.slot(ids, id)];
        (row != NONE).then_some(row)
    }

    /// The slot that has the id, or the free one where it belongs.
    fn slot(&self, ids: &[SpanId], id: SpanId) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = self.state.hash_one(u64::from_ne_bytes(id.0)) as usize & mask;
        while self.slots[slot] != NONE && ids[self.slots[slot] as usize] != id {
            slot = (slot + 1) & mask;
        }
        slot
    }
}
