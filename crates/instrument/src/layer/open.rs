//! Spans of `tracing` that have not closed, by the number the registry gave
//! them.
//!
//! It exists because the registry's own place for such things takes a box and
//! more locks per span (ADR-007). No code of the application may run while a shard
//! is locked: a field's `Debug` can start spans.

use crate::process::Origin;
use crate::record::Span;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Mutex, MutexGuard, OnceLock};
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

/// So many spans of a thread lie in a list; as many bits of a number say where.
const NEAR: u64 = 4096;

/// The registry gives a thread's numbers again, the smallest first, so that their
/// last bits are a place in a list. What finds its place taken, by a number that
/// comes from elsewhere or because thousands are open, lies in a map.
#[derive(Debug, Default)]
struct Spans {
    near: Vec<Option<(u64, Span)>>,
    far: HashMap<u64, Span, BuildHasherDefault<IdHasher>>,
}

impl Spans {
    fn insert(&mut self, id: u64, span: Span) {
        let place = (id % NEAR) as usize;
        if place >= self.near.len() {
            self.near.resize_with(place + 1, || None);
        }
        match self.near.get_mut(place) {
            Some(free @ None) => *free = Some((id, span)),
            _ => drop(self.far.insert(id, span)),
        }
    }

    fn get_mut(&mut self, id: u64) -> Option<&mut Span> {
        match self.near.get_mut((id % NEAR) as usize) {
            Some(Some((known, span))) if *known == id => Some(span),
            _ => self.far.get_mut(&id),
        }
    }

    fn remove(&mut self, id: u64) -> Option<Span> {
        match self.near.get_mut((id % NEAR) as usize) {
            Some(place @ Some(_)) if place.as_ref().is_some_and(|(known, _)| *known == id) => {
                place.take().map(|(_, span)| span)
            }
            _ => self.far.remove(&id),
        }
    }
}

/// Apart in memory: two threads' locks never share a cache line.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard(Mutex<Spans>);

#[derive(Debug)]
pub(super) struct OpenSpans {
    shards: Box<[Shard]>,
    /// Where the first span was put in: a layer may be made before a process forks,
    /// and used only after.
    origin: OnceLock<Origin>,
}

impl Default for OpenSpans {
    fn default() -> OpenSpans {
        OpenSpans {
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            origin: OnceLock::new(),
        }
    }
}

impl OpenSpans {
    /// `None` where no span was ever put in, and in a child by fork where its lock
    /// was held at the fork.
    fn shard(&self, id: u64) -> Option<MutexGuard<'_, Spans>> {
        let number = (id >> THREAD_SHIFT) as usize % SHARDS;
        let Shard(spans) = &self.shards[number];
        self.origin.get()?.lock(spans)
    }

    pub(super) fn insert(&self, id: &Id, span: Span) {
        let id = id.into_u64();
        self.origin.get_or_init(Origin::here);
        if let Some(mut spans) = self.shard(id) {
            spans.insert(id, span);
        }
    }

    /// Reads or changes a span that is known.
    pub(super) fn with<T>(&self, id: &Id, work: impl FnOnce(&mut Span) -> T) -> Option<T> {
        let id = id.into_u64();
        self.shard(id)?.get_mut(id).map(work)
    }

    pub(super) fn remove(&self, id: &Id) -> Option<Span> {
        let id = id.into_u64();
        self.shard(id)?.remove(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mock::MockExporter;

    #[cfg(unix)]
    #[test]
    fn a_child_by_fork_waits_for_no_lock_that_somebody_held_at_the_fork() {
        let tracer = MockExporter::new().tracer();
        let open = OpenSpans::default();
        let id = Id::from_u64(1);
        open.insert(&id, tracer.span("before").start());
        let held = open.shard(1);
        match fork::fork().unwrap() {
            fork::Fork::Child => {
                std::thread::spawn(|| {
                    std::thread::sleep(std::time::Duration::from_secs(20));
                    std::process::exit(1);
                });
                open.insert(&id, tracer.span("of the child").start());
                let found = open.with(&id, |_| ()).is_some() || open.remove(&id).is_some();
                std::process::exit(if found { 2 } else { 0 });
            }
            fork::Fork::Parent(child) => {
                drop(held);
                let status = fork::waitpid(child).unwrap();
                assert_eq!(fork::WEXITSTATUS(status), 0);
            }
        }
    }

    #[test]
    fn spans_are_found_by_any_number_whether_their_places_are_free_or_not() {
        let mock = MockExporter::new();
        let open = OpenSpans::default();
        // Near, the same place again, far, and of another thread.
        let numbers = [1, 2, NEAR + 1, 2 * NEAR + 1, u64::MAX, 1 << THREAD_SHIFT];
        let id = |number| Id::from_u64(number);
        for number in numbers {
            let span = mock.tracer().span(number.to_string()).start();
            open.insert(&id(number), span);
        }
        let name = |span: &mut Span| span.name().map(str::to_owned);
        for number in numbers {
            assert_eq!(open.with(&id(number), name), Some(Some(number.to_string())));
        }
        for number in numbers {
            let removed = open
                .remove(&id(number))
                .and_then(|mut span| name(&mut span));
            assert_eq!(removed, Some(number.to_string()));
            assert!(open.with(&id(number), name).is_none());
            assert!(open.remove(&id(number)).is_none());
        }
    }
}
