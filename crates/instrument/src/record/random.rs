//! Random ids without locks.
//!
//! They exist per thread, because asking the operating system for each id
//! costs more than the span. Two threads or processes must never share a
//! state: it is 256 bits from the operating system. These are names, not
//! secrets.

use crate::context::{SpanId, TraceId};
use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

thread_local! {
    /// Four cells, not a cell of four: words that were just stored one by one
    /// are slow to load together.
    static STATE: [Cell<u64>; 4] = seed().map(Cell::new);
}

/// The standard library's hash keys come from the operating system; hashing
/// different words with them spreads that over 256 bits without a dependency.
fn seed() -> [u64; 4] {
    let keys = [RandomState::new(), RandomState::new()];
    let mut state = [0; 4];
    for (index, word) in state.iter_mut().enumerate() {
        *word = keys[index % 2].hash_one(index);
    }
    // The one state that the generator cannot leave.
    if state == [0; 4] { [1; 4] } else { state }
}

/// xoshiro256++ (Blackman and Vigna, 2019).
#[inline]
fn next(cells: &[Cell<u64>; 4]) -> u64 {
    let mut state = cells.each_ref().map(Cell::get);
    let result = state[0]
        .wrapping_add(state[3])
        .rotate_left(23)
        .wrapping_add(state[0]);
    let shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = state[3].rotate_left(45);
    for (cell, word) in cells.iter().zip(state) {
        cell.set(word);
    }
    result
}

/// 64 random bits.
pub(crate) fn random_bits() -> u64 {
    STATE.with(next)
}

/// A valid span id.
#[inline]
pub(crate) fn span_id() -> SpanId {
    SpanId(random_bits().max(1))
}

/// A valid trace id, its last seven bytes random (W3C level 2), and the id of
/// its first span.
#[inline]
pub(crate) fn ids() -> (TraceId, SpanId) {
    STATE.with(|state| {
        let high = u128::from(next(state)) << 64;
        let trace_id = TraceId((high | u128::from(next(state))).max(1));
        (trace_id, SpanId(next(state).max(1)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_of_several_threads_are_valid_and_differ() {
        let threads: Vec<_> = (0..4)
            .map(|_| std::thread::spawn(|| (0..1000).map(|_| ids()).collect::<Vec<_>>()))
            .collect();
        let ids: Vec<_> = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect();
        assert!(ids.iter().all(|(t, s)| t.is_valid() && s.is_valid()));
        assert_eq!(
            ids.iter().map(|id| id.0).collect::<HashSet<_>>().len(),
            4000
        );
        assert_eq!(
            ids.iter().map(|id| id.1).collect::<HashSet<_>>().len(),
            4000
        );
    }
}
