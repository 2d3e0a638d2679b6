//! Spans of `tracing` that have not closed, by the number the registry gave
//! them.
//!
//! It exists because the registry's own place for such things takes a box and
//! more locks per span (ADR-007). No code of the application may run while a shard
//! is locked: a field's `Debug` can start spans.

use crate::record::Span;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tracing_core::span::Id;

/// More threads than that share shards.
const SHARDS: usize = 64;

/// The registry's numbers carry the thread that made the span from this bit
/// on (sharded-slab with its default limits), so that threads keep apart. With
/// other numbers the spans merely meet in one shard.
const THREAD_SHIFT: u32 = if usize::BITS == 64 { 38 } else { 22 };

/// A number below 2^51 that is not random: one multiplication spreads it.
#[derive(Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(self.0 ^ u64::from(*byte));
        }
    }

    fn write_u64(&mut self, id: u64) {
        let spread = id.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = spread ^ (spread >> 32);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

type Spans = HashMap<u64, Span, BuildHasherDefault<IdHasher>>;

/// Apart in memory: two threads' locks never share a cache line.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard(Mutex<Spans>);

#[derive(Debug)]
pub(super) struct OpenSpans(Box<[Shard]>);

impl Default for OpenSpans {
    fn default() -> OpenSpans {
        OpenSpans((0..SHARDS).map(|_| Shard::default()).collect())
    }
}

impl OpenSpans {
    fn shard(&self, id: u64) -> MutexGuard<'_, Spans> {
        let number = (id >> THREAD_SHIFT) as usize % SHARDS;
        let Shard(spans) = &self.0[number];
        spans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn insert(&self, id: &Id, span: Span) {
        let id = id.into_u64();
        self.shard(id).insert(id, span);
    }

    /// Reads or changes a span that is known.
    pub(super) fn with<T>(&self, id: &Id, work: impl FnOnce(&mut Span) -> T) -> Option<T> {
        let id = id.into_u64();
        self.shard(id).get_mut(&id).map(work)
    }

    pub(super) fn remove(&self, id: &Id) -> Option<Span> {
        let id = id.into_u64();
        self.shard(id).remove(&id)
    }
}
