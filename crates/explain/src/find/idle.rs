//! Long times on the path in which a span that has children has none at work.
//!
//! A leaf is what somebody chose to record as one; calls wait for the other
//! side. Neither is a gap.

use tracewell_model::SpanKind;

use crate::finding::{Finding, Kind};
use crate::trace::Trace;

/// Shorter gaps are everyday computing.
const LEAST_NS: u64 = 100_000_000;

/// Percent of the path that a gap takes.
const LEAST_PERCENT: u64 = 20;

pub(super) fn find(trace: &Trace<'_>) -> Vec<Finding> {
    let parts = trace.measured.path.iter().filter(|part| {
        let ns = part.to_ns - part.from_ns;
        let is_waiting = matches!(
            trace.kind[part.row as usize],
            SpanKind::Client | SpanKind::Producer
        );
        ns >= LEAST_NS
            && trace.is_share(ns, LEAST_PERCENT)
            && !is_waiting
            && trace.has_children(part.row)
    });
    let found = parts.map(|part| {
        let place = part.row;
        let before = trace
            .children(place)
            .filter(|child| trace.end_ns[*child as usize] <= part.from_ns)
            .max_by_key(|child| trace.end_ns[*child as usize]);
        let after = trace
            .children(place)
            .find(|child| trace.start_ns[*child as usize] >= part.to_ns);
        let name = |child: u32| trace.name[child as usize];
        let when = match (before, after) {
            (Some(before), Some(after)) => {
                format!("between {} and {}", name(before), name(after))
            }
            (Some(before), None) => format!("after {}", name(before)),
            (None, Some(after)) => format!("before {}", name(after)),
            (None, None) => "while no child ran".to_owned(),
        };
        let cost_ns = part.to_ns - part.from_ns;
        let says = format!(
            "For {} % of the time nothing is recorded in {}, {when}.",
            trace.percent(cost_ns),
            trace.title(place)
        );
        Finding::new(Kind::IdleGap, vec![place], cost_ns, says)
    });
    found.collect()
}
