//! The order in which Jaeger and Zipkin list the spans of a trace.

use std::cmp::Reverse;

use tracewell_model::SpanBatch;

/// Rows in the order of their start; of those that start together the longest,
/// which is the parent, comes first.
pub(crate) fn rows_by_start(batch: &SpanBatch) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..batch.len()).collect();
    sort_by_start(batch, &mut rows);
    rows
}

/// The same with some of the rows.
pub(crate) fn sort_by_start(batch: &SpanBatch, rows: &mut [usize]) {
    let spans = batch.spans();
    rows.sort_by_key(|row| {
        let longest_first = Reverse(spans.duration_ns[*row]);
        (spans.start_ns[*row], longest_first, spans.span_id[*row])
    });
}
