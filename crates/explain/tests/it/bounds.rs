//! What holds of every explanation, whatever the spans.

use tracewell_explain::Explanation;
use tracewell_model::{SpanBatch, TraceTree};
use tracewell_testkit::batch;
use tracewell_testkit::random::Random;
use tracewell_testkit::spans::{span_id, trace_id};

/// The explanation of a trace, checked.
pub(crate) fn bounded(batch: &SpanBatch) -> Explanation {
    let tree = TraceTree::new(batch);
    let found = Explanation::new(batch, &tree);
    let spans = batch.len() as u32;
    assert_eq!(found.self_ns.len(), batch.len());
    let of_parts = found.path.iter().map(|part| part.to_ns - part.from_ns);
    assert_eq!(of_parts.sum::<u64>(), found.path_ns);
    let of_operations = found.operations.iter().map(|one| one.critical_ns);
    assert_eq!(of_operations.sum::<u64>(), found.path_ns);
    if let Some(place) = found.path_from {
        let row = tree.order[place as usize] as usize;
        let duration_ns = batch.spans().duration_ns[row].max(0) as u64;
        assert!(found.path_ns <= duration_ns);
    }
    for finding in &found.findings {
        assert!(finding.cost_ns <= found.path_ns, "{finding:?}");
        assert!(!finding.spans.is_empty(), "{finding:?}");
        assert!(finding.spans.len() <= finding.span_count, "{finding:?}");
        assert!(finding.spans.is_sorted(), "{finding:?}");
        assert!(finding.spans.iter().all(|place| *place < spans));
        assert!(finding.says.ends_with('.'), "{finding:?}");
    }
    found
}

#[test]
fn any_spans_are_explained() {
    let mut random = Random::new(16);
    for _ in 0..300 {
        let count = random.below(60) as usize;
        let mut spans = random.spans(count, 1_000_000_000);
        for span in &mut spans {
            span.trace_id = trace_id(1);
            // Parents elsewhere, orphans, cycles, ids that repeat.
            if random.once_in(4) {
                span.parent_span_id = span_id(random.below(80));
            }
            if random.once_in(20) {
                span.span_id = span_id(1 + random.below(20));
            }
        }
        bounded(&batch(&spans));
    }
}

#[test]
fn no_span_and_times_at_their_ends() {
    assert_eq!(bounded(&batch(&[])).path_from, None);
    let mut spans = Random::new(1).spans(12, 0);
    for (index, span) in spans.iter_mut().enumerate() {
        span.trace_id = trace_id(1);
        span.start_ns = if index % 2 == 0 { 0 } else { u64::MAX - 3 };
        span.end_ns = u64::MAX;
    }
    bounded(&batch(&spans));
}
