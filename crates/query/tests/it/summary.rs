//! Traces in short.

use tracewell_model::{RowSet, StatusCode};
use tracewell_query::{TraceSummary, TraceTree};
use tracewell_testkit::{TestSpan, batch};

fn summary(spans: &[TestSpan]) -> TraceSummary {
    let batch = batch(spans);
    TraceSummary::new(&batch, &TraceTree::new(&batch), &RowSet::all(batch.len()))
}

#[test]
fn a_trace_is_summed_up_by_service() {
    let found = summary(&[
        TestSpan::new(1, 1, "shop", "GET /", 100).lasting_ns(400),
        TestSpan::new(1, 2, "db", "SELECT", 200)
            .child_of(1)
            .lasting_ns(100)
            .status(StatusCode::Error),
        TestSpan::new(1, 3, "db", "SELECT", 300)
            .child_of(1)
            .lasting_ns(100),
        TestSpan::new(1, 4, "cache", "get", 350)
            .child_of(99)
            .lasting_ns(0),
    ]);
    assert_eq!(found.root, Some(("shop".to_owned(), "GET /".to_owned())));
    assert_eq!((found.start_ns, found.duration_ns), (100, 400));
    assert_eq!((found.spans, found.failed, found.orphans), (4, 1, 1));
    let services: Vec<_> = found
        .services
        .iter()
        .map(|service| (service.name.as_str(), service.spans, service.failed))
        .collect();
    assert_eq!(services, [("shop", 1, 0), ("db", 2, 1), ("cache", 1, 0)]);
    assert_eq!((found.matched_count, found.matched.len()), (4, 3));
    let bars: Vec<_> = found
        .bars
        .iter()
        .map(|bar| (bar.service, bar.start, bar.width, bar.failed, bar.depth))
        .collect();
    let want = [
        (0, 0.0, 1.0, false, 0),
        (1, 0.25, 0.25, true, 1),
        (1, 0.5, 0.25, false, 1),
        (2, 0.625, 0.0, false, 0),
    ];
    assert_eq!(bars, want);
}

#[test]
fn only_the_longest_spans_are_drawn_and_stay_in_order() {
    let spans: Vec<_> = (0..200)
        .map(|n| TestSpan::new(1, n + 1, "shop", "work", 1_000 + n).lasting_ns(n % 100 * 1_000))
        .collect();
    let found = summary(&spans);
    assert_eq!(found.bars.len(), 64);
    assert!(found.bars.is_sorted_by(|a, b| a.start <= b.start));
    let shortest = found
        .bars
        .iter()
        .map(|bar| bar.width)
        .fold(f64::MAX, f64::min);
    assert!(shortest * found.duration_ns as f64 > 67_000.0);
}

#[test]
fn a_trace_without_root_or_length_has_a_summary() {
    let found = summary(&[TestSpan::new(1, 1, "", "", 5).child_of(9).lasting_ns(0)]);
    assert_eq!((found.root, found.duration_ns, found.orphans), (None, 0, 1));
    assert_eq!((found.bars[0].start, found.bars[0].width), (0.0, 0.0));
}
