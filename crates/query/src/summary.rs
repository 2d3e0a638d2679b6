//! A trace in one line: what a result list shows.

use crate::spansets::{ShownSpanset, Spanset, TraceFilter, rows_of};
use std::cell::OnceCell;
use tracewell_model::failure::failed_rows;
use tracewell_model::store::ScanColumns;
use tracewell_model::{RowSet, SpanBatch, SpanId, TraceId, TraceTree, tree};

/// Spans drawn in a mini timeline, at most.
const MAX_BARS: usize = 64;

/// Matched spans that are named, at most.
const MAX_MATCHED: usize = 3;

/// A service's part in a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceCount {
    /// `service.name`; empty for spans without one.
    pub name: String,
    /// Its spans.
    pub spans: u32,
    /// Its spans that failed.
    pub failed: u32,
}

/// A span in a mini timeline. Fractions are of the trace's duration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// Index into [`TraceSummary::services`].
    pub service: usize,
    /// Where it begins, 0 to 1.
    pub start: f64,
    /// How long it is, 0 to 1.
    pub width: f64,
    /// Did it fail?
    pub failed: bool,
    /// Depth in the tree.
    pub depth: u16,
}

/// A trace in short.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceSummary {
    /// Its id.
    pub trace_id: TraceId,
    /// Service and name of the root span, if it came.
    pub root: Option<(String, String)>,
    /// Earliest start, ns since the epoch.
    pub start_ns: u64,
    /// Latest end minus earliest start, ns.
    pub duration_ns: u64,
    /// Spans.
    pub spans: u32,
    /// Spans that failed.
    pub failed: u32,
    /// Spans whose parent never came.
    pub orphans: u32,
    /// Spans at which a cycle of parents is cut.
    pub cut: u32,
    /// Services by first appearance.
    pub services: Vec<ServiceCount>,
    /// How many spans matched the search.
    pub matched_count: u32,
    /// Some of the spans that matched.
    pub matched: Vec<SpanId>,
    /// The longest spans, in time order.
    pub bars: Vec<Bar>,
    /// Groups, numbers and selected fields, of a query that has any.
    pub spansets: Vec<ShownSpanset>,
}

impl TraceSummary {
    /// What [`TraceSummary::new`] and [`TraceTree`] look at.
    #[must_use]
    pub fn columns() -> ScanColumns {
        ScanColumns {
            names: true,
            services: true,
            failures: true,
            ..ScanColumns::default()
        }
        .and(tree::structure_columns())
    }

    /// Sums up a trace with the spansets that were found in it; `tree` is its
    /// own, made if nobody did.
    #[must_use]
    pub(crate) fn of_found(
        filter: &TraceFilter,
        batch: &SpanBatch,
        tree: &OnceCell<TraceTree>,
        spansets: &[Spanset],
    ) -> Self {
        let tree = tree.get_or_init(|| TraceTree::new(batch));
        Self {
            spansets: filter.shown(batch, tree, spansets),
            ..Self::new(batch, tree, &rows_of(spansets, batch))
        }
    }

    /// Sums up a trace of at least one span.
    #[must_use]
    pub fn new(batch: &SpanBatch, tree: &TraceTree, matched: &RowSet) -> Self {
        let (spans, failed) = (batch.spans(), failed_rows(batch));
        let service_of = batch.resource_services();
        let service = |row: usize| service_of[spans.resource[row] as usize];
        let mut services: Vec<ServiceCount> = Vec::new();
        let mut service_index = vec![usize::MAX; service_of.len()];
        for row in tree.order.iter().map(|row| *row as usize) {
            let slot = &mut service_index[spans.resource[row] as usize];
            if *slot == usize::MAX {
                let known = services.iter().position(|known| known.name == service(row));
                *slot = known.unwrap_or_else(|| {
                    services.push(ServiceCount {
                        name: service(row).to_owned(),
                        spans: 0,
                        failed: 0,
                    });
                    services.len() - 1
                });
            }
            services[*slot].spans += 1;
            services[*slot].failed += u32::from(failed.contains(row));
        }
        let root = tree.root.map(|row| row as usize);
        let bar = |place: usize| {
            let row = tree.order[place] as usize;
            let total = tree.duration_ns.max(1) as f64;
            Bar {
                service: service_index[spans.resource[row] as usize],
                start: spans.start_ns[row].saturating_sub(tree.start_ns) as f64 / total,
                width: spans.duration_ns[row].max(0) as f64 / total,
                failed: failed.contains(row),
                depth: tree.depth[place],
            }
        };
        Self {
            trace_id: spans.trace_id[0],
            root: root.map(|row| (service(row).to_owned(), spans.name.get(row).to_owned())),
            start_ns: tree.start_ns,
            duration_ns: tree.duration_ns,
            spans: batch.len() as u32,
            failed: failed.count() as u32,
            orphans: tree.orphans.count() as u32,
            cut: tree.cut.count() as u32,
            matched_count: matched.count() as u32,
            matched: matched
                .iter()
                .take(MAX_MATCHED)
                .map(|row| spans.span_id[row])
                .collect(),
            bars: longest_places(batch, tree).into_iter().map(bar).collect(),
            services,
            spansets: Vec::new(),
        }
    }
}

/// Places of the longest spans, in reading order.
fn longest_places(batch: &SpanBatch, tree: &TraceTree) -> Vec<usize> {
    let mut places: Vec<usize> = (0..tree.order.len()).collect();
    if places.len() > MAX_BARS {
        let duration = |place: &usize| batch.spans().duration_ns[tree.order[*place] as usize];
        places.select_nth_unstable_by_key(MAX_BARS, |place| std::cmp::Reverse(duration(place)));
        places.truncate(MAX_BARS);
        places.sort_unstable();
    }
    places
}
