//! One span without children that is most of a slow trace.

use crate::finding::{Finding, Kind};
use crate::spelling::quoted;
use crate::trace::Trace;

/// A trace is slow from here: people notice.
const SLOW_NS: u64 = 500_000_000;

/// Percent of the path that is most of it.
const MOST_PERCENT: u64 = 50;

pub(super) fn find(trace: &Trace<'_>) -> Option<Finding> {
    let leaves = trace.places().filter(|place| !trace.has_children(*place));
    let longest = leaves.max_by_key(|place| trace.critical_ns(*place))?;
    let cost_ns = trace.critical_ns(longest);
    let is_worth = cost_ns >= SLOW_NS && trace.is_share(cost_ns, MOST_PERCENT);
    if !is_worth || trace.parent(longest).is_none() {
        return None;
    }
    let percent = trace.percent(cost_ns);
    let title = trace.title(longest);
    let says = match trace.call(longest) {
        Some(call) => format!(
            "{percent} % of the time is in one call of {}: {}.",
            trace.service[longest as usize],
            quoted(trace.calls.text(call.question))
        ),
        None => format!("{percent} % of the time is in {title}, below which nothing is recorded."),
    };
    Some(Finding::new(Kind::SlowCall, vec![longest], cost_ns, says))
}
