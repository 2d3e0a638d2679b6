//! A table of operations that never grows.
//!
//! ```text
//! hash of (service, name) -> one set of 8 slots -> the slot with that hash,
//!                                                  or an empty or idle one,
//!                                                  or the slot for all others
//! ```
//!
//! It exists because span names can be made of anything, ids included. It must
//! never lock or allocate after it was made.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

const SETS: usize = 128;
const SLOTS_IN_SET: usize = 8;
/// An operation that was not seen for so long gives its slot to a new one.
const IDLE_NS: u64 = 600 * 1_000_000_000;

/// What is kept per operation.
pub(super) trait Operation: Default {
    /// Begins anew, for another operation.
    fn reset(&self, now_ns: u64);
}

#[derive(Default)]
struct Slot<T> {
    /// 0 is nobody.
    hash: AtomicU64,
    seen_ns: AtomicU64,
    operation: T,
}

/// 1024 operations, and one slot that all further ones share.
pub(super) struct Operations<T> {
    slots: Box<[Slot<T>]>,
    others: T,
    hasher: RandomState,
}

impl<T: Operation> Operations<T> {
    pub(super) fn new() -> Operations<T> {
        Operations {
            slots: (0..SETS * SLOTS_IN_SET).map(|_| Slot::default()).collect(),
            others: T::default(),
            hasher: RandomState::new(),
        }
    }

    /// What is kept for this operation. Two that start at once on one slot may
    /// both get it for a moment; they then share a count.
    pub(super) fn get(&self, service: &str, name: &str, now_ns: u64) -> &T {
        let hash = self.hasher.hash_one((service, name)).max(1);
        let first = (hash as usize % SETS) * SLOTS_IN_SET;
        let set = &self.slots[first..first + SLOTS_IN_SET];
        if let Some(slot) = set
            .iter()
            .find(|slot| slot.hash.load(Ordering::Relaxed) == hash)
        {
            slot.seen_ns.store(now_ns, Ordering::Relaxed);
            return &slot.operation;
        }
        let free = set.iter().find(|slot| {
            let is_idle = now_ns.saturating_sub(slot.seen_ns.load(Ordering::Relaxed)) > IDLE_NS;
            let holder = slot.hash.load(Ordering::Relaxed);
            (holder == 0 || is_idle)
                && slot
                    .hash
                    .compare_exchange(holder, hash, Ordering::Relaxed, Ordering::Relaxed)
                    .is_ok()
        });
        match free {
            Some(slot) => {
                slot.seen_ns.store(now_ns, Ordering::Relaxed);
                slot.operation.reset(now_ns);
                &slot.operation
            }
            None => &self.others,
        }
    }
}

impl<T> fmt::Debug for Operations<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let taken = self
            .slots
            .iter()
            .filter(|slot| slot.hash.load(Ordering::Relaxed) != 0);
        f.debug_struct("Operations")
            .field("taken", &taken.count())
            .finish_non_exhaustive()
    }
}
