//! One of several alike that ran side by side, for which all others waited.

use super::Hashed;
use crate::finding::{Finding, Kind};
use crate::trace::Trace;

/// Others that ran while it did.
const LEAST_OTHERS: usize = 3;

/// How much longer than half of the others it took.
const LEAST_TIMES: u64 = 2;

/// Percent of the path that was waited for it alone.
const LEAST_PERCENT: u64 = 10;

pub(super) fn find(trace: &Trace<'_>) -> Vec<Finding> {
    let parents = trace
        .places()
        .filter(|place| trace.tree.subtree[*place as usize] > 4);
    let mut findings = Vec::new();
    for parent in parents {
        let mut alike: Hashed<_, Vec<u32>> = Hashed::default();
        for child in trace.children(parent) {
            let at = child as usize;
            let question = trace.call(child).map(|call| call.question);
            // Names of clients say too little: `GET` of this and of that.
            let operation = (trace.service[at], trace.name[at], question);
            alike.entry(operation).or_default().push(child);
        }
        findings.extend(
            alike
                .into_values()
                .filter_map(|group| straggler(trace, parent, &group)),
        );
    }
    findings
}

fn straggler(trace: &Trace<'_>, parent: u32, group: &[u32]) -> Option<Finding> {
    let last = *group
        .iter()
        .max_by_key(|place| trace.end_ns[**place as usize])?;
    let (start_ns, end_ns) = (trace.start_ns[last as usize], trace.end_ns[last as usize]);
    let others = group.iter().copied().filter(|place| {
        let at = *place as usize;
        *place != last && trace.start_ns[at] < end_ns && trace.end_ns[at] > start_ns
    });
    let others: Vec<u32> = others.collect();
    if others.len() < LEAST_OTHERS {
        return None;
    }
    let mut durations: Vec<u64> = others
        .iter()
        .map(|place| trace.duration_ns(*place))
        .collect();
    durations.sort_unstable();
    let usual_ns = durations[durations.len() / 2];
    if trace.duration_ns(last) < usual_ns.saturating_mul(LEAST_TIMES) {
        return None;
    }
    let others_end_ns = others
        .iter()
        .map(|place| trace.end_ns[*place as usize])
        .max()?;
    let cost_ns = trace.critical_within_ns(last, others_end_ns, end_ns);
    if !trace.is_share(cost_ns, LEAST_PERCENT) {
        return None;
    }
    let says = format!(
        "Of {} that ran side by side below {}, one {} kept the others waiting for {} % of the time.",
        group.len(),
        trace.title(parent),
        trace.title(last),
        trace.percent(cost_ns)
    );
    Some(Finding::new(Kind::Straggler, vec![last], cost_ns, says))
}
