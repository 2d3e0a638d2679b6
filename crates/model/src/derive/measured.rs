//! Self times and the critical path of a trace whose tree is known.
//!
//! For whoever shows or explains one trace. The definitions are those of
//! [`Derived`](super::Derived), worked out by the same code; **this only brings
//! the rows into its order and back.**

use super::times::Times;
use super::{PathPart, TraceTimes};
use crate::SpanBatch;
use crate::tree::{NONE, TraceTree};

/// What the times of a trace say; the lists have an entry per place of its
/// [`TraceTree`].
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Measured {
    /// Time in which no child ran, ns.
    pub self_ns: Vec<i64>,
    /// Share of the critical path, ns; 0 off the path.
    pub critical_ns: Vec<i64>,
    /// The path in the order of time, without gaps; its rows are places.
    pub path: Vec<PathPart>,
    /// The place whose duration the path fills.
    pub path_from: Option<u32>,
}

impl Measured {
    /// Measures the spans of `tree`. Costs a sort per span.
    ///
    /// # Panics
    /// If the tree is not that of the batch.
    #[must_use]
    pub fn new(batch: &SpanBatch, tree: &TraceTree) -> Self {
        let spans = batch.spans();
        let row_at = |place: u32| tree.order[place as usize] as usize;
        // Of spans that start together it matters only that the order is
        // always the same: siblings stand by their times in the tree.
        let mut by_time: Vec<u32> = (0..tree.order.len() as u32).collect();
        by_time.sort_by_key(|place| (spans.start_ns[row_at(*place)], *place));
        let mut time_of = vec![0; by_time.len()];
        for (time, place) in (0u32..).zip(&by_time) {
            time_of[*place as usize] = time;
        }
        let places = tree.places();
        let times_of = |row: u32| time_of[places[row as usize] as usize];
        let parents: Vec<u32> = by_time
            .iter()
            .map(|place| tree.parent_row[row_at(*place)].map_or(NONE, times_of))
            .collect();
        // A child stands behind its parent.
        let upwards: Vec<u32> = time_of.iter().rev().copied().collect();
        let in_time = || by_time.iter().map(|place| row_at(*place));
        let start_ns: Vec<u64> = in_time().map(|row| spans.start_ns[row]).collect();
        let duration_ns: Vec<i64> = in_time().map(|row| spans.duration_ns[row]).collect();
        let trace = TraceTimes {
            start_ns: &start_ns,
            duration_ns: &duration_ns,
        };
        let mut times = Times::default();
        times.measure(trace, &parents, &upwards);
        let mut measured = Self {
            self_ns: vec![0; by_time.len()],
            critical_ns: vec![0; by_time.len()],
            ..Self::default()
        };
        for (place, ns) in by_time.iter().zip(times.self_ns()) {
            measured.self_ns[*place as usize] = ns;
        }
        let first = parents.iter().position(|parent| *parent == NONE);
        let root = tree.root.map(times_of);
        if let Some(from) = root.or(first.map(|time| time as u32)) {
            measured.path_from = Some(by_time[from as usize]);
            times.path(&parents, from, |part| {
                let place = by_time[part.row as usize];
                let ns = i64::try_from(part.to_ns - part.from_ns).unwrap_or(i64::MAX);
                measured.critical_ns[place as usize] += ns;
                measured.path.push(PathPart { row: place, ..part });
            });
            measured.path.reverse();
        }
        measured
    }
}
