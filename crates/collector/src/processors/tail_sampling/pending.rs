//! Traces that are not decided yet: what is known of each, in few bytes, and when
//! its time has come.
//!
//! Their spans are on the disk. **A trace costs some 150 bytes here, however many
//! spans it has.**

use std::collections::{HashMap, VecDeque};

use tracewell_model::TraceId;

use super::held::Batches;
use super::rule::TraceFacts;
use super::run::{Run, earlier};

/// What is known of a trace so far.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    due_ns: u64,
    first_start_ns: u64,
    last_end_ns: u64,
    pub(super) matched: u64,
    pub(super) bytes: u64,
    pub(super) spans: u32,
    has_root: bool,
    pub(super) batches: Batches,
}

impl Pending {
    pub(super) fn facts(&self, id: TraceId) -> TraceFacts {
        let run = Run {
            trace: id,
            first_start_ns: self.first_start_ns,
            last_end_ns: self.last_end_ns,
            matched: self.matched,
            bytes: self.bytes,
            spans: self.spans,
            has_root: self.has_root,
        };
        run.facts()
    }
}

/// See the module's text.
#[derive(Debug)]
pub(super) struct PendingTraces {
    traces: HashMap<TraceId, Pending>,
    wait_ns: u64,
    wait_after_root_ns: Option<u64>,
    /// In the order of their first spans, with the time that was theirs when they
    /// were put in: what no longer agrees is passed over.
    since_first: VecDeque<(u64, TraceId)>,
    /// In the order of their roots.
    since_root: VecDeque<(u64, TraceId)>,
}

impl PendingTraces {
    pub(super) fn new(wait_ns: u64, wait_after_root_ns: Option<u64>) -> Self {
        Self {
            traces: HashMap::new(),
            wait_ns,
            wait_after_root_ns,
            since_first: VecDeque::new(),
            since_root: VecDeque::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.traces.len()
    }

    /// The spans of all of them.
    pub(super) fn spans(&self) -> u64 {
        self.traces
            .values()
            .map(|trace| u64::from(trace.spans))
            .sum()
    }

    pub(super) fn get(&self, trace: &TraceId) -> Option<&Pending> {
        self.traces.get(trace)
    }

    pub(super) fn get_mut(&mut self, trace: &TraceId) -> Option<&mut Pending> {
        self.traces.get_mut(trace)
    }

    /// A new trace, without spans yet.
    pub(super) fn begin(&mut self, trace: TraceId, now_ns: u64) -> &mut Pending {
        let due_ns = now_ns.saturating_add(self.wait_ns);
        self.since_first.push_back((due_ns, trace));
        self.traces.entry(trace).or_insert(Pending {
            due_ns,
            first_start_ns: 0,
            last_end_ns: 0,
            matched: 0,
            bytes: 0,
            spans: 0,
            has_root: false,
            batches: Batches::default(),
        })
    }

    /// Adds spans to a trace that is there; they lie in the batch `number`. Answers
    /// whether they are its first of this batch.
    pub(super) fn add(&mut self, run: &Run, number: u32, now_ns: u64) -> bool {
        let Some(trace) = self.traces.get_mut(&run.trace) else {
            return false;
        };
        trace.first_start_ns = earlier(trace.first_start_ns, run.first_start_ns);
        trace.last_end_ns = trace.last_end_ns.max(run.last_end_ns);
        trace.matched |= run.matched;
        trace.bytes += run.bytes;
        trace.spans = trace.spans.saturating_add(run.spans);
        if run.has_root && !trace.has_root {
            trace.has_root = true;
            if let Some(wait_ns) = self.wait_after_root_ns {
                let due_ns = now_ns.saturating_add(wait_ns);
                if due_ns < trace.due_ns {
                    trace.due_ns = due_ns;
                    self.since_root.push_back((due_ns, run.trace));
                }
            }
        }
        trace.batches.add(number)
    }

    pub(super) fn remove(&mut self, trace: &TraceId) -> Option<Pending> {
        self.traces.remove(trace)
    }

    /// Takes a trace out whose time has come.
    pub(super) fn take_due(&mut self, now_ns: u64) -> Option<(TraceId, Pending)> {
        for queue in [&mut self.since_first, &mut self.since_root] {
            while let Some((due_ns, trace)) = queue.front().copied().filter(|f| f.0 <= now_ns) {
                queue.pop_front();
                if self.traces.get(&trace).is_some_and(|t| t.due_ns == due_ns) {
                    return self.traces.remove(&trace).map(|pending| (trace, pending));
                }
            }
        }
        None
    }

    /// Takes the oldest out.
    pub(super) fn take_oldest(&mut self) -> Option<(TraceId, Pending)> {
        while let Some((due_ns, trace)) = self.since_first.pop_front() {
            // One whose root has come has a shorter time, and is old all the same.
            if self.traces.get(&trace).is_some_and(|t| t.due_ns <= due_ns) {
                return self.traces.remove(&trace).map(|pending| (trace, pending));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(trace: u128, has_root: bool) -> Run {
        Run {
            trace: TraceId(trace.to_be_bytes()),
            first_start_ns: 5,
            last_end_ns: 9,
            matched: 0,
            bytes: 1,
            spans: 1,
            has_root,
        }
    }

    fn numbers(found: impl Iterator<Item = (TraceId, Pending)>) -> Vec<u128> {
        found.map(|(id, _)| u128::from_be_bytes(id.0)).collect()
    }

    #[test]
    fn a_trace_costs_less_than_two_hundred_bytes() {
        let entry = size_of::<(TraceId, Pending)>() + size_of::<(u64, TraceId)>();
        assert!(entry <= 120, "{entry}");
    }

    #[test]
    fn time_comes_after_the_first_span_or_after_the_root() {
        let mut pending = PendingTraces::new(100, Some(10));
        for (trace, has_root, now_ns) in [
            (1, false, 0),
            (2, false, 10),
            (3, true, 20),
            (1, false, 30),
            (2, true, 95),
        ] {
            let run = run(trace, has_root);
            if pending.get_mut(&run.trace).is_none() {
                pending.begin(run.trace, now_ns);
            }
            pending.add(&run, 0, now_ns);
        }
        let due = |pending: &mut PendingTraces, now_ns| {
            numbers(std::iter::from_fn(|| pending.take_due(now_ns)))
        };
        assert_eq!(due(&mut pending, 29), [0u128; 0]);
        assert_eq!(due(&mut pending, 30), [3]);
        assert_eq!(due(&mut pending, 99), [0u128; 0]);
        assert_eq!(due(&mut pending, 104), [1]);
        assert_eq!(due(&mut pending, 105), [2]);
        assert_eq!(pending.len(), 0);
    }

    #[test]
    fn the_oldest_goes_first_whatever_its_time() {
        let mut pending = PendingTraces::new(100, Some(10));
        for (trace, has_root) in [(1, false), (2, true), (3, false)] {
            let run = run(trace, has_root);
            pending.begin(run.trace, trace as u64);
            pending.add(&run, 0, trace as u64);
        }
        let found = numbers(std::iter::from_fn(|| pending.take_oldest()));
        assert_eq!(found, [1, 2, 3]);
    }
}
