//! Calls that were counted, so that a span that was stored twice calls once.
//!
//! Copies stand in different parts of a store until they are merged. **It
//! never takes two spans for copies that differ** in trace, ids or times, but
//! by the accident of a hash. Past its limit copies are no longer noticed.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hash};

/// Hashes of spans: 64 bits meet by chance once in ten million such counts.
pub(super) struct Counted {
    hasher: foldhash::quality::RandomState,
    seen: HashSet<u64, foldhash::fast::RandomState>,
    most: usize,
}

impl Counted {
    /// Remembers so many spans at most, 18 bytes each.
    pub(super) fn new(most: usize) -> Self {
        Self {
            hasher: foldhash::quality::RandomState::default(),
            seen: HashSet::default(),
            most,
        }
    }

    /// Whether the span was not shown before, as far as is remembered.
    pub(super) fn is_first(&mut self, span: &impl Hash) -> bool {
        if self.seen.len() >= self.most {
            return true;
        }
        self.seen.insert(self.hasher.hash_one(span))
    }
}
