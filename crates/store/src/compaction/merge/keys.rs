//! The columns that decide the order, of all inputs at once, and the order.
//!
//! A trace may lie in several inputs; its spans come together here. Rows of a
//! block already stand trace by trace, so most of the work is per run of a
//! trace, not per span.

use std::collections::HashMap;
use std::ops::Range;

use tracewell_model::batch::identity::Outline;
use tracewell_model::tree::parent_ids;
use tracewell_model::{RowSet, SpanId, SpanKind, TraceId};

use super::inputs::Inputs;
use super::{MergeError, Step};
use crate::bulk::{Bulk, Standing};

/// What is kept of every input row, 33 bytes.
#[derive(Debug, Default)]
pub(super) struct Keys {
    pub(super) span_id: Vec<SpanId>,
    /// As [`parent_ids`] has them.
    pub(super) parent_span_id: Vec<SpanId>,
    pub(super) kind: Vec<SpanKind>,
    pub(super) start_ns: Vec<u64>,
    pub(super) duration_ns: Vec<i64>,
}

/// The rows of the merged block.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// Input rows in the order of the block.
    pub(super) rows: Vec<u32>,
    /// For each trace, in order, the place after its last row.
    pub(super) trace_ends: Vec<u32>,
    /// Traces at which a row group must begin: the first ones of another
    /// standing.
    cuts: Vec<usize>,
}

/// Neighbouring rows of one trace in an input.
#[derive(Debug)]
struct Run {
    trace: u32,
    first: u32,
    rows: u32,
}

/// A trace, as far as the order of traces goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Trace {
    standing: Standing,
    earliest_ns: u64,
    id: TraceId,
    latest_ns: u64,
}

/// The traces that were met.
#[derive(Debug, Default)]
struct Traces {
    number_of: HashMap<TraceId, u32, foldhash::fast::RandomState>,
    /// By number.
    known: Vec<Trace>,
    runs: Vec<Run>,
}

/// Bytes of the key columns of a span on disk, about.
const STORED_KEY_BYTES: u64 = 24;

impl Keys {
    /// Reads the keys and arranges all rows: traces by their standing, earliest
    /// start and id, as in a block that was only sealed, spans of a trace by start and id. Exact duplicates are neighbours.
    pub(super) fn read(
        inputs: &Inputs<'_>,
        step: &mut Step<'_>,
    ) -> Result<(Self, Order), MergeError> {
        let mut keys = Self::with_capacity(inputs.spans());
        let mut traces = Traces::default();
        for part in &inputs.parts {
            let read = part.block.keys_of(part.group);
            let batch = read.map_err(|source| part.unreadable(source))?;
            let spans = batch.spans();
            keys.span_id.extend_from_slice(&spans.span_id);
            keys.parent_span_id.extend_from_slice(&parent_ids(&batch));
            let kinds = spans.kind.iter();
            keys.kind
                .extend(kinds.map(|kind| SpanKind::from_otlp(*kind)));
            keys.start_ns.extend_from_slice(&spans.start_ns);
            keys.duration_ns.extend_from_slice(&spans.duration_ns);
            traces.add(part.first, &spans.trace_id, &spans.start_ns);
            if !step(u64::from(part.rows) * STORED_KEY_BYTES) {
                return Err(MergeError::Stopped);
            }
        }
        let order = keys.arrange(traces);
        Ok((keys, order))
    }

    fn with_capacity(rows: usize) -> Self {
        Self {
            span_id: Vec::with_capacity(rows),
            parent_span_id: Vec::with_capacity(rows),
            kind: Vec::with_capacity(rows),
            start_ns: Vec::with_capacity(rows),
            duration_ns: Vec::with_capacity(rows),
        }
    }

    fn arrange(&self, mut traces: Traces) -> Order {
        if let Some(bulk) = Bulk::of(&self.start_ns) {
            for trace in &mut traces.known {
                trace.standing = bulk.standing(trace.earliest_ns, trace.latest_ns);
            }
        }
        let known = |trace: u32| &traces.known[trace as usize];
        let mut by_start: Vec<u32> = (0..traces.known.len() as u32).collect();
        by_start.sort_unstable_by_key(|trace| known(*trace));
        let is_cut = |place: &usize| {
            let (before, trace) = (by_start[*place - 1], by_start[*place]);
            known(before).standing != known(trace).standing
        };
        let cuts = (1..by_start.len()).filter(is_cut).collect();
        let mut rank = vec![0; by_start.len()];
        for (place, trace) in (0u32..).zip(&by_start) {
            rank[*trace as usize] = place;
        }
        let mut runs = traces.runs;
        runs.sort_unstable_by_key(|run| (rank[run.trace as usize], run.first));
        let mut order = Order {
            rows: Vec::with_capacity(self.span_id.len()),
            trace_ends: Vec::with_capacity(by_start.len()),
            cuts,
        };
        for runs in runs.chunk_by(|a, b| a.trace == b.trace) {
            let from = order.rows.len();
            for run in runs {
                order.rows.extend(run.first..run.first + run.rows);
            }
            let rows = &mut order.rows[from..];
            // A trace from one input usually is in order.
            if !rows.is_sorted_by_key(|row| (self.outline(*row), *row)) {
                rows.sort_unstable_by_key(|row| (self.outline(*row), *row));
            }
            order.trace_ends.push(order.rows.len() as u32);
        }
        order
    }

    /// What orders the spans of a trace; equal only for candidates for exact
    /// duplicates.
    pub(super) fn outline(&self, row: u32) -> Outline {
        let row = row as usize;
        Outline {
            start_ns: self.start_ns[row],
            span_id: self.span_id[row],
            parent_span_id: self.parent_span_id[row],
            duration_ns: self.duration_ns[row],
        }
    }
}

impl Traces {
    /// Adds the rows of a row group.
    fn add(&mut self, first: u32, ids: &[TraceId], starts_ns: &[u64]) {
        let mut from = 0;
        for run in ids.chunk_by(|a, b| a == b) {
            let starts = &starts_ns[from..from + run.len()];
            let earliest_ns = starts.iter().min().copied().unwrap_or(u64::MAX);
            let latest_ns = starts.iter().max().copied().unwrap_or(0);
            let next = self.known.len() as u32;
            let trace = *self.number_of.entry(run[0]).or_insert(next);
            if trace == next {
                self.known.push(Trace {
                    standing: Standing::Within,
                    earliest_ns,
                    id: run[0],
                    latest_ns,
                });
            } else {
                let known = &mut self.known[trace as usize];
                known.earliest_ns = earliest_ns.min(known.earliest_ns);
                known.latest_ns = latest_ns.max(known.latest_ns);
            }
            self.runs.push(Run {
                trace,
                first: first + from as u32,
                rows: run.len() as u32,
            });
            from += run.len();
        }
    }
}

impl Order {
    /// The places of a trace's rows.
    pub(super) fn trace(&self, trace: usize) -> Range<usize> {
        let from = trace.checked_sub(1).map_or(0, |last| self.trace_ends[last]);
        from as usize..self.trace_ends[trace] as usize
    }

    /// Forgets the rows at these places.
    pub(super) fn remove(&mut self, dropped: &RowSet) {
        let mut gone = 0;
        let mut place = 0;
        for end in &mut self.trace_ends {
            while place < *end {
                gone += u32::from(dropped.contains(place as usize));
                place += 1;
            }
            // Of equal spans one stays, so no trace becomes empty.
            *end -= gone;
        }
        let mut place = 0;
        self.rows.retain(|_| {
            place += 1;
            !dropped.contains(place - 1)
        });
    }

    /// Row groups of at most `most` rows. A trace lies in one, unless it is
    /// longer than that; traces of different standing share none.
    pub(super) fn groups(&self, most: usize) -> Vec<Range<usize>> {
        let mut groups = Vec::new();
        let mut cuts = self.cuts.iter().peekable();
        let mut start = 0;
        for trace in 0..self.trace_ends.len() {
            let rows = self.trace(trace);
            let is_cut = cuts.next_if_eq(&&trace).is_some() && start < rows.start;
            if is_cut || (rows.end - start > most && rows.len() <= most) {
                groups.push(start..rows.start);
                start = rows.start;
            }
            while rows.end - start > most {
                groups.push(start..start + most);
                start += most;
            }
        }
        if start < self.rows.len() {
            groups.push(start..self.rows.len());
        }
        groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_split_only_when_it_is_longer_than_a_group() {
        type Case<'a> = (&'a [u32], &'a [usize], &'a [Range<usize>]);
        #[rustfmt::skip]
        let cases: [Case<'_>; 8] = [
            (&[], &[], &[]),
            (&[10], &[], std::slice::from_ref(&(0..10))),
            (&[4, 8, 12], &[], &[0..8, 8..12]),
            (&[4, 10, 13], &[], &[0..10, 10..13]),
            (&[25], &[], &[0..10, 10..20, 20..25]),
            (&[4, 25, 30, 40], &[], &[0..10, 10..20, 20..30, 30..40]),
            (&[1, 4, 25, 26, 30], &[1, 3], &[0..1, 1..11, 11..21, 21..25, 25..30]),
            (&[10, 30, 31], &[1, 2], &[0..10, 10..20, 20..30, 30..31]),
        ];
        for (ends, cuts, groups) in cases {
            let order = Order {
                cuts: cuts.to_vec(),
                rows: (0..ends.last().copied().unwrap_or(0)).collect(),
                trace_ends: ends.to_vec(),
            };
            assert_eq!(order.groups(10), groups, "{ends:?} {cuts:?}");
        }
    }
}
