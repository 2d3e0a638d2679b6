//! Where the time is: the critical path by operation.

use std::cmp::Reverse;
use std::collections::HashMap;

use tracewell_model::SpanKind;

use crate::trace::Trace;

/// An operation with its share of the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationShare {
    /// Its service.
    pub service: String,
    /// The name of its spans.
    pub name: String,
    /// Their kind.
    pub kind: SpanKind,
    /// Its spans that have a share, by place, the one with most first; at most
    /// [`MAX_SPANS`].
    pub spans: Vec<u32>,
    /// How many have one.
    pub span_count: usize,
    /// Share of the path, ns.
    pub critical_ns: u64,
}

const MAX_SPANS: usize = 100;

pub(crate) fn of(trace: &Trace<'_>) -> Vec<OperationShare> {
    let mut spans_of: HashMap<_, Vec<u32>, foldhash::fast::RandomState> = HashMap::default();
    let share_ns = |place: u32| {
        let ns = trace.measured.critical_ns[place as usize];
        u64::try_from(ns).unwrap_or(0)
    };
    for place in trace.places().filter(|place| share_ns(*place) > 0) {
        let at = place as usize;
        let operation = (trace.service[at], trace.name[at], trace.kind[at]);
        spans_of.entry(operation).or_default().push(place);
    }
    let operations = spans_of
        .into_iter()
        .map(|((service, name, kind), mut spans)| {
            let span_count = spans.len();
            let critical_ns = spans.iter().map(|place| share_ns(*place)).sum();
            spans.sort_by_key(|place| (Reverse(share_ns(*place)), *place));
            spans.truncate(MAX_SPANS);
            OperationShare {
                service: service.to_owned(),
                name: name.to_owned(),
                kind,
                spans,
                span_count,
                critical_ns,
            }
        });
    let mut operations: Vec<_> = operations.collect();
    operations.sort_by_key(|operation| (Reverse(operation.critical_ns), operation.spans[0]));
    operations
}
