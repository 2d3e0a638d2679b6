//! The order of rows in a block: trace by trace, traces in time order.
//!
//! A trace is one run of rows and traces that ran together stand together, so
//! a search of the last minutes reads few pages and a trace few more. Traces
//! with spans far from most of the block ([`crate::bulk`]) stand apart from the
//! others, whose range of starts they would stretch.

use std::collections::HashMap;

use tracewell_model::{SpanBatch, TraceId};

use crate::bulk::{Bulk, Standing};

/// A trace of the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Trace {
    standing: Standing,
    earliest_ns: u64,
    id: TraceId,
    /// Its number in the order in which traces first occur.
    number: u32,
    latest_ns: u64,
}

/// Rows of a batch in the order of the block.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct BlockOrder {
    rows: Vec<u32>,
    /// The places after the last rows of one standing.
    ends: Vec<usize>,
}

impl BlockOrder {
    /// Rows of one standing, which share no row group with those of others; in
    /// the order of the block.
    pub(super) fn parts(&self) -> impl Iterator<Item = &[u32]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .map(|(start, end)| &self.rows[start..*end])
    }
}

/// Rows of the batch by standing and earliest start of their trace, trace id,
/// start, span id. Spans that agree in all of these keep their order.
pub(super) fn block_order(batch: &SpanBatch) -> BlockOrder {
    let spans = batch.spans();
    let (mut traces, number_of) = traces(batch);
    traces.sort_unstable();
    // Counting sort: rows per trace, where each trace begins, rows in place.
    let mut rows_of = vec![0u32; traces.len()];
    number_of
        .iter()
        .for_each(|number| rows_of[*number as usize] += 1);
    let mut next = vec![0u32; traces.len()];
    let mut begin = 0;
    for trace in &traces {
        next[trace.number as usize] = begin;
        begin += rows_of[trace.number as usize];
    }
    let mut placed = vec![(0u64, 0u64, 0u32); batch.len()];
    for (row, number) in number_of.iter().enumerate() {
        let place = &mut next[*number as usize];
        let span_id = u64::from_be_bytes(spans.span_id[row].0);
        placed[*place as usize] = (spans.start_ns[row], span_id, row as u32);
        *place += 1;
    }
    let mut rest = placed.as_mut_slice();
    for trace in &traces {
        let (of_trace, after) = rest.split_at_mut(rows_of[trace.number as usize] as usize);
        of_trace.sort_unstable();
        rest = after;
    }
    let ends = traces.chunk_by(|a, b| a.standing == b.standing);
    let rows = |trace: &Trace| rows_of[trace.number as usize] as usize;
    let ends = ends.scan(0, |end, of_standing| {
        *end += of_standing.iter().map(rows).sum::<usize>();
        Some(*end)
    });
    BlockOrder {
        ends: ends.collect(),
        rows: placed.into_iter().map(|(.., row)| row).collect(),
    }
}

/// The traces of a batch, by number, and the number of each row's trace.
fn traces(batch: &SpanBatch) -> (Vec<Trace>, Vec<u32>) {
    let spans = batch.spans();
    let mut numbers: HashMap<TraceId, u32, foldhash::fast::RandomState> = HashMap::default();
    let mut traces: Vec<Trace> = Vec::new();
    let mut number_of = Vec::with_capacity(batch.len());
    let mut last: Option<(TraceId, u32)> = None;
    for (id, start_ns) in spans.trace_id.iter().zip(&spans.start_ns) {
        // Clients send several spans of a trace in a row.
        let known = last
            .filter(|(last, _)| last == id)
            .map(|(_, number)| number);
        let number = known.unwrap_or_else(|| {
            *numbers.entry(*id).or_insert_with(|| {
                traces.push(Trace {
                    standing: Standing::Within,
                    earliest_ns: *start_ns,
                    latest_ns: *start_ns,
                    id: *id,
                    number: traces.len() as u32,
                });
                (traces.len() - 1) as u32
            })
        });
        let trace = &mut traces[number as usize];
        trace.earliest_ns = trace.earliest_ns.min(*start_ns);
        trace.latest_ns = trace.latest_ns.max(*start_ns);
        number_of.push(number);
        last = Some((*id, number));
    }
    if let Some(bulk) = Bulk::of(&spans.start_ns) {
        for trace in &mut traces {
            trace.standing = bulk.standing(trace.earliest_ns, trace.latest_ns);
        }
    }
    (traces, number_of)
}

#[cfg(test)]
mod tests {
    use tracewell_testkit::{Random, TestSpan, batch};

    use super::*;

    fn rows(spans: &[TestSpan]) -> Vec<u32> {
        let order = block_order(&batch(spans));
        assert_eq!(order.parts().flatten().count(), spans.len());
        order.rows
    }

    #[test]
    fn traces_stand_in_time_order_and_their_spans_within() {
        let spans = [
            TestSpan::new(1, 5, "a", "late", 90),
            TestSpan::new(2, 1, "a", "first", 10),
            TestSpan::new(1, 4, "a", "same start", 20),
            TestSpan::new(1, 3, "a", "same start, smaller id", 20),
            TestSpan::new(0, 1, "a", "as early as trace 1, smaller id", 20),
            TestSpan::new(2, 1, "a", "twice", 10),
            TestSpan::new(2, 2, "a", "last", 95),
        ];
        assert_eq!(rows(&spans), [1, 5, 6, 4, 3, 2, 0]);
        assert_eq!(rows(&[]), Vec::<u32>::new());
    }

    #[test]
    fn the_order_is_that_of_the_documented_key() {
        const DAY_NS: u64 = 86_400_000_000_000;
        let mut spans = Random::new(7).spans(2000, 1_000 * DAY_NS);
        for (odd, span) in spans.iter_mut().step_by(97).enumerate() {
            span.start_ns = [0, 2_000 * DAY_NS, u64::MAX][odd % 3];
        }
        let batch = batch(&spans);
        let columns = batch.spans();
        let bulk = Bulk::of(&columns.start_ns).unwrap();
        let ends = |id: TraceId| {
            let of_trace = columns.trace_id.iter().zip(&columns.start_ns);
            let starts = of_trace.filter(|(other, _)| **other == id);
            let starts = starts.map(|(_, start)| *start);
            (starts.clone().min().unwrap(), starts.max().unwrap())
        };
        let standing = |row: u32| {
            let (earliest, latest) = ends(columns.trace_id[row as usize]);
            bulk.standing(earliest, latest)
        };
        let mut expected: Vec<u32> = (0..batch.len() as u32).collect();
        expected.sort_by_cached_key(|row| {
            let standing = standing(*row);
            let row = *row as usize;
            let id = columns.trace_id[row];
            (
                standing,
                ends(id).0,
                id,
                columns.start_ns[row],
                columns.span_id[row],
            )
        });
        let order = block_order(&batch);
        assert_eq!(order.rows, expected);
        let parts: Vec<&[u32]> = order.parts().collect();
        let wanted: Vec<&[u32]> = expected
            .chunk_by(|a, b| standing(*a) == standing(*b))
            .collect();
        assert_eq!(parts, wanted);
        assert!(parts.len() >= 3, "{}", parts.len());
    }
}
