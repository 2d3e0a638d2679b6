//! Servers that start before they were called: their clocks disagree with
//! those of their callers. **Times stay as they were sent.**

use tracewell_model::SpanKind;

use super::Hashed;
use crate::finding::{Finding, Kind};
use crate::trace::Trace;

/// Clocks of one host, and times that were rounded, differ less.
const LEAST_NS: u64 = 1_000_000;

pub(super) fn find(trace: &Trace<'_>) -> Vec<Finding> {
    let spans = trace.batch().spans();
    let mut pairs: Hashed<_, (Vec<u32>, u64)> = Hashed::default();
    for place in trace.places() {
        let Some(parent) = trace.parent(place) else {
            continue;
        };
        let resource = |place: u32| spans.resource[trace.row(place)];
        let other_side = matches!(
            trace.kind[place as usize],
            SpanKind::Server | SpanKind::Consumer
        );
        if !other_side || resource(place) == resource(parent) {
            continue;
        }
        let early_ns =
            trace.start_ns[parent as usize].saturating_sub(trace.start_ns[place as usize]);
        if early_ns >= LEAST_NS {
            let pair = (
                trace.service[parent as usize],
                trace.service[place as usize],
            );
            let (places, most_ns) = pairs.entry(pair).or_default();
            places.push(place);
            *most_ns = early_ns.max(*most_ns);
        }
    }
    let found = pairs.into_iter().map(|((caller, called), (places, most_ns))| {
        let says = format!(
            "{called} began before {caller} had called it, by up to {} ms: one of their clocks is wrong.",
            most_ns.div_ceil(1_000_000)
        );
        Finding::new(Kind::ClockSkew, places, 0, says)
    });
    found.collect()
}
