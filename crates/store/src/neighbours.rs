//! What the stores of one process have in common: the memory of live spans and
//! the turns at what takes much of it.
//!
//! A process that keeps a store for each tenant has one memory limit for all of
//! them. Live spans are counted together; sealing and merging happen in one
//! store at a time. **A store never waits here for another's disk while it
//! takes or shows spans.**

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

/// Clones are the same; the default is a process with one store.
#[derive(Debug, Clone, Default)]
pub struct Neighbours(Arc<Common>);

#[derive(Debug, Default)]
struct Common {
    live_bytes: AtomicU64,
    stores: AtomicUsize,
    sealing: Mutex<()>,
    merging: Mutex<()>,
    making_room: Mutex<()>,
}

impl Neighbours {
    /// One store more, until what this gives is dropped.
    pub(crate) fn join(&self) -> Member {
        self.0.stores.fetch_add(1, Ordering::AcqRel);
        Member(self.clone())
    }

    /// One store seals at a time: it holds its live spans twice for a moment.
    pub(crate) fn turn_to_seal(&self) -> MutexGuard<'_, ()> {
        self.0
            .sealing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// One store at a time looks how much the disk lacks and removes that: the disk
    /// is everybody's.
    pub(crate) fn turn_to_make_room(&self) -> MutexGuard<'_, ()> {
        let turn = self.0.making_room.lock();
        turn.unwrap_or_else(PoisonError::into_inner)
    }

    /// One store merges at a time; `None` while it is another's turn, which may
    /// be long.
    pub(crate) fn turn_to_merge(&self) -> Option<MutexGuard<'_, ()>> {
        match self.0.merging.try_lock() {
            Ok(turn) => Some(turn),
            Err(TryLockError::Poisoned(turn)) => Some(turn.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

/// The place of one store among its neighbours.
#[derive(Debug)]
pub(crate) struct Member(Neighbours);

impl Member {
    /// Live spans have come to one of the stores.
    pub(crate) fn hold(&self, bytes: u64) {
        self.0.0.live_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Live spans have gone.
    pub(crate) fn release(&self, bytes: u64) {
        self.0.0.live_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Live bytes of all stores.
    pub(crate) fn live_bytes(&self) -> u64 {
        self.0.0.live_bytes.load(Ordering::Relaxed)
    }

    /// Has a store that holds this much taken its share of the limit? One alone
    /// may have all of it, one of several half, so that the others go on.
    pub(crate) fn is_at_limit(&self, own_bytes: u64, limit_bytes: u64) -> bool {
        let is_greedy = self.stores() > 1 && own_bytes > limit_bytes / 2;
        is_greedy || self.live_bytes() > limit_bytes
    }

    /// Should a store that holds this much make room for the others? When half
    /// of the limit is taken, those do that hold more than an equal part of it.
    pub(crate) fn should_give_way(&self, own_bytes: u64, limit_bytes: u64) -> bool {
        let stores = self.stores();
        let all_bytes = self.live_bytes();
        stores > 1
            && all_bytes > limit_bytes / 2
            && own_bytes.saturating_mul(stores as u64) >= all_bytes
    }

    /// Should a store that forgets do so, after `forgotten_bytes` of its own have
    /// gone? Not where the others hold the memory: each may have an equal part of
    /// the limit, whatever they do.
    pub(crate) fn should_forget(
        &self,
        own_bytes: u64,
        forgotten_bytes: u64,
        limit_bytes: u64,
    ) -> bool {
        let all_bytes = self.live_bytes().saturating_sub(forgotten_bytes);
        let left_bytes = own_bytes.saturating_sub(forgotten_bytes);
        all_bytes > limit_bytes && left_bytes > limit_bytes / self.stores().max(1) as u64
    }

    /// Are there other stores?
    pub(crate) fn has_neighbours(&self) -> bool {
        self.stores() > 1
    }

    fn stores(&self) -> usize {
        self.0.0.stores.load(Ordering::Acquire)
    }
}

impl Default for Member {
    /// Of a store that is alone.
    fn default() -> Self {
        Neighbours::default().join()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.0.0.stores.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_store_has_all_and_of_several_none_takes_everything() {
        let process = Neighbours::default();
        let first = process.join();
        first.hold(90);
        assert!(!first.is_at_limit(90, 100) && !first.should_give_way(90, 100));
        let second = process.join();
        assert!(first.is_at_limit(90, 100), "it leaves half to the other");
        assert!(!second.is_at_limit(0, 100));
        assert!(first.should_give_way(90, 100) && !second.should_give_way(5, 100));
        second.hold(20);
        assert!(second.is_at_limit(20, 100), "all of it is taken");
        first.release(90);
        assert!(!second.is_at_limit(20, 100) && !second.should_give_way(20, 100));
        drop(first);
        assert!(!second.is_at_limit(80, 100));
    }

    #[test]
    fn one_merges_at_a_time() {
        let process = Neighbours::default();
        let turn = process.turn_to_merge();
        assert!(turn.is_some() && process.clone().turn_to_merge().is_none());
        drop(turn);
        assert!(process.turn_to_merge().is_some());
    }
}
