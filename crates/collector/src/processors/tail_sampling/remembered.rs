//! What was decided of traces, for spans of theirs that come late.
//!
//! Two lists of limited length, one for each decision: the longest known is
//! forgotten first. **A trace that is forgotten is new when it comes again.**

use std::collections::{HashMap, VecDeque};

use tracewell_model::TraceId;

use tracewell_model::trace_state::threshold::{NEVER, Threshold};

/// See the module's text.
#[derive(Debug)]
pub(super) struct Remembered {
    decisions: HashMap<TraceId, Threshold>,
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

    /// What was decided of it; [`NEVER`]: it was not sampled.
    pub(super) fn decision(&self, trace: &TraceId) -> Option<Threshold> {
        self.decisions.get(trace).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.decisions.len()
    }

    pub(super) fn add(&mut self, trace: TraceId, decision: Threshold) {
        let is_sampled = decision != NEVER;
        let before = self.decisions.insert(trace, decision);
        if before.is_some_and(|before| (before != NEVER) == is_sampled) {
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
                && let Some(decision) = self.decisions.get(&oldest)
                && (*decision != NEVER) == is_sampled
            {
                self.decisions.remove(&oldest);
            }
        }
    }

    /// All that were sampled or were not, the longest known first.
    pub(super) fn all(&self, is_sampled: bool) -> Vec<(TraceId, Threshold)> {
        let list = if is_sampled {
            &self.sampled
        } else {
            &self.not_sampled
        };
        let decided = |trace: &TraceId| Some((*trace, *self.decisions.get(trace)?));
        list.traces.iter().filter_map(decided).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_decision_is_remembered_for_its_length() {
        let id = |number: u128| TraceId(number.to_be_bytes());
        let decision = |is_sampled| match is_sampled {
            true => Threshold::parse("8").unwrap(),
            false => NEVER,
        };
        let mut remembered = Remembered::new(2, 3);
        for number in 0..10 {
            remembered.add(id(number), decision(number % 2 == 0));
            remembered.add(id(number), decision(number % 2 == 0));
        }
        let all = |is_sampled| {
            let all = remembered.all(is_sampled).into_iter();
            assert!(all.clone().all(|(_, found)| found == decision(is_sampled)));
            all.map(|(id, _)| id).collect::<Vec<_>>()
        };
        assert_eq!(all(true), [id(6), id(8)]);
        assert_eq!(all(false), [id(5), id(7), id(9)]);
        assert_eq!(remembered.len(), 5);
        assert_eq!(remembered.decision(&id(4)), None);
        assert_eq!(remembered.decision(&id(6)), Some(decision(true)));
        assert_eq!(remembered.decision(&id(5)), Some(NEVER));
    }
}
