//! Sides of requests that wait for the other side: so many, and so long.

use std::collections::VecDeque;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};
use tracewell_model::{SpanId, TraceId};

/// The trace, and the span of the client: its server has it as its parent.
pub(super) type Key = (TraceId, SpanId);

/// Which side of a request a span is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Server,
}

/// What one span says of a request.
#[derive(Debug, Clone)]
pub(super) struct Half {
    pub(super) side: Side,
    pub(super) service: Arc<str>,
    pub(super) duration_ns: u64,
    pub(super) is_failed: bool,
    pub(super) is_message: bool,
    /// For how many it counts.
    pub(super) weight: f64,
    /// Labels of its dimensions, as they are written.
    pub(super) dimensions: Box<str>,
    /// Who a client says the other side is.
    pub(super) peer: Option<Box<str>>,
}

/// See the module's text.
#[derive(Debug)]
pub(super) struct Waiting {
    halves: HashMap<Key, (Half, u64)>,
    /// When each ends, the first first; of some the other side has come already.
    ends: VecDeque<(u64, Key)>,
    limit: usize,
    ttl_ns: u64,
}

impl Waiting {
    pub(super) fn new(limit: usize, ttl_ns: u64) -> Self {
        Self {
            halves: HashMap::new(),
            ends: VecDeque::new(),
            limit,
            ttl_ns,
        }
    }

    /// The other side of this one, which waits no longer.
    pub(super) fn take_other(&mut self, key: &Key, side: Side) -> Option<Half> {
        self.halves.get(key).filter(|(half, _)| half.side != side)?;
        self.halves.remove(key).map(|(half, _)| half)
    }

    /// Lets one wait. One that waits already stays as it is.
    ///
    /// # Errors
    /// There is no room for it.
    pub(super) fn put(&mut self, key: Key, half: Half, now_ns: u64) -> Result<(), Half> {
        if self.halves.contains_key(&key) {
            return Ok(());
        }
        if self.halves.len() >= self.limit {
            return Err(half);
        }
        if self.ends.len() >= self.limit.saturating_mul(2) {
            let halves = &self.halves;
            self.ends
                .retain(|(end, key)| halves.get(key).is_some_and(|(_, own)| own == end));
        }
        let end_ns = now_ns.saturating_add(self.ttl_ns);
        self.ends.push_back((end_ns, key));
        self.halves.insert(key, (half, end_ns));
        Ok(())
    }

    /// One that has waited for too long.
    pub(super) fn take_expired(&mut self, now_ns: u64) -> Option<Half> {
        while let Some((end_ns, key)) = self.ends.front().copied() {
            if end_ns > now_ns {
                return None;
            }
            self.ends.pop_front();
            // It may wait anew, under the same key.
            if self.halves.get(&key).is_some_and(|(_, own)| *own == end_ns) {
                return self.halves.remove(&key).map(|(half, _)| half);
            }
        }
        None
    }

    /// How many places are taken.
    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.ends.len()
    }
}
