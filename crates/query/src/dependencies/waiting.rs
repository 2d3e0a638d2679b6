//! Children whose parent has not been seen yet.
//!
//! Many wait for ever, because their parent never came; **never more than the
//! limit do**.

use super::Hashed;
use super::run::{CallCounts, Called, Run};
use tracewell_model::{SpanId, TraceId};

const NONE: u32 = u32::MAX;

#[derive(Debug)]
struct Child {
    parent: SpanId,
    called: Called,
    /// The next child of the trace, or the next free place.
    next: u32,
}

#[derive(Debug)]
pub(super) struct Waiting {
    first: Hashed<TraceId, u32>,
    children: Vec<Child>,
    free: u32,
    len: usize,
    limit: usize,
}

impl Waiting {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            first: Hashed::default(),
            children: Vec::new(),
            free: NONE,
            len: 0,
            limit,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The traces of those that wait.
    pub(super) fn traces(&self) -> impl Iterator<Item = TraceId> {
        self.first.keys().copied()
    }

    /// Lets a child wait; false if there is no room.
    pub(super) fn push(&mut self, trace_id: TraceId, parent: SpanId, called: Called) -> bool {
        if self.len >= self.limit {
            return false;
        }
        let place = match self.free {
            NONE => self.children.len() as u32,
            free => free,
        };
        let before = self.first.insert(trace_id, place);
        let child = Child {
            parent,
            called,
            next: before.unwrap_or(NONE),
        };
        match self.children.get_mut(place as usize) {
            Some(free) => {
                self.free = free.next;
                *free = child;
            }
            None => self.children.push(child),
        }
        self.len += 1;
        true
    }

    /// Counts the children whose parent is in this run; they wait no longer.
    pub(super) fn resolve(&mut self, run: &Run, counts: &mut CallCounts) {
        if self.is_empty() {
            return;
        }
        let Some(first) = self.first.get_mut(&run.trace_id()) else {
            return;
        };
        let (mut place, mut kept) = (*first, NONE);
        while place != NONE {
            let child = &mut self.children[place as usize];
            let next = child.next;
            match run.service(child.parent) {
                Some(parent) => {
                    counts.add(parent, child.called);
                    child.next = self.free;
                    self.free = place;
                    self.len -= 1;
                }
                None => {
                    child.next = kept;
                    kept = place;
                }
            }
            place = next;
        }
        *first = kept;
        if kept == NONE {
            self.first.remove(&run.trace_id());
        }
    }
}
