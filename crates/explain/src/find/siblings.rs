//! The calls that each span makes itself, in the order of time.

use crate::calls::Call;
use crate::trace::Trace;

/// A child that is a call, or wraps one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sibling {
    pub(super) place: u32,
    pub(super) call: Call,
}

/// A span with the calls below it, at least two.
pub(super) struct Family {
    pub(super) parent: u32,
    pub(super) calls: Vec<Sibling>,
}

pub(super) fn families(trace: &Trace<'_>) -> Vec<Family> {
    let parents = trace.places().filter(|place| trace.has_children(*place));
    let families = parents.map(|parent| {
        let calls = trace.children(parent).filter_map(|place| {
            let call = *trace.call(place)?;
            Some(Sibling { place, call })
        });
        Family {
            parent,
            calls: calls.collect(),
        }
    });
    families.filter(|family| family.calls.len() > 1).collect()
}

/// Does nearly each begin after the one before it has ended?
pub(super) fn are_in_sequence(trace: &Trace<'_>, places: &[u32]) -> bool {
    let follows = |pair: &&[u32]| {
        let [before, after] = **pair else {
            return false;
        };
        trace.start_ns[after as usize] >= trace.end_ns[before as usize]
    };
    let pairs = places.len().saturating_sub(1);
    let following = places.windows(2).filter(|pair| follows(pair)).count();
    pairs > 0 && following * 10 >= pairs * 9
}
