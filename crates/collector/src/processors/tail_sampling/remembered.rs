//! What was decided of traces, for spans of theirs that come late.
//!
//! Two lists of limited length, one for each decision: the longest known is
//! forgotten first. **A trace that is forgotten is new when it comes again.**

use std::collections::{HashMap, VecDeque};

use tracewell_model::TraceId;

/// See the module's text.
#[derive(Debug)]
pub(super) struct Remembered {
    decisions: HashMap<TraceId, bool>,
    /// In the order of their decisions; a trace whose decision changed since is in
    /// both, and forgotten with the one that counts.
    sampled: List,
    not_sampled: List,
}

#[derive(Debug)]
struct List {
    traces: VecDeque<TraceId>,
    limit: usize,
}

impl Remembered {
    pub(super) fn new(sampled: usize, not_sampled: usize) -> Self {
        let list = |limit| List {
            traces: VecDeque::new(),
            limit,
        };
        Self {
            decisions: HashMap::new(),
            sampled: list(sampled),
            not_sampled: list(not_sampled),
        }
    }

    pub(super) fn is_sampled(&self, trace: &TraceId) -> Option<bool> {
        self.decisions.get(trace).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.decisions.len()
    }

    pub(super) fn add(&mut self, trace: TraceId, is_sampled: bool) {
        if self.decisions.insert(trace, is_sampled) == Some(is_sampled) {
            return;
        }
        let list = if is_sampled {
            &mut self.sampled
        } else {
            &mut self.not_sampled
        };
        list.traces.push_back(trace);
        while list.traces.len() > list.limit {
            if let Some(oldest) = list.traces.pop_front()
                && self.decisions.get(&oldest) == Some(&is_sampled)
            {
                self.decisions.remove(&oldest);
            }
        }
    }

    /// All of one decision, the longest known first.
    pub(super) fn all(&self, is_sampled: bool) -> Vec<TraceId> {
        let list = if is_sampled {
            &self.sampled
        } else {
            &self.not_sampled
        };
        list.traces.iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_decision_is_remembered_for_its_length() {
        let id = |number: u128| TraceId(number.to_be_bytes());
        let mut remembered = Remembered::new(2, 3);
        for number in 0..10 {
            remembered.add(id(number), number % 2 == 0);
            remembered.add(id(number), number % 2 == 0);
        }
        assert_eq!(remembered.all(true), [id(6), id(8)]);
        assert_eq!(remembered.all(false), [id(5), id(7), id(9)]);
        assert_eq!(remembered.len(), 5);
        assert_eq!(remembered.is_sampled(&id(4)), None);
        assert_eq!(remembered.is_sampled(&id(6)), Some(true));
        assert_eq!(remembered.is_sampled(&id(5)), Some(false));
    }
}
