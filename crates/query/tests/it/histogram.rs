//! Matching spans over time: counted where they start, whatever finds them.

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use tracewell_model::{StoreError, TimeRange};
use tracewell_query::histogram::{Bucket, Buckets, Counted, Counting, histogram};
use tracewell_testkit::narrow::NarrowStore;
use tracewell_testkit::{Random, TestSpan};

use crate::{filter, matching, store_of};

const SECOND_NS: u64 = 1_000_000_000;

fn counting(query: &str, range: TimeRange, most: usize) -> Counting {
    Counting {
        filter: filter(query),
        range,
        buckets: Buckets::covering(range, most),
    }
}

fn counted(store: &NarrowStore, counting: &Counting) -> Counted {
    let never = AtomicBool::new(false);
    histogram(store, counting, &never, &mut |_| ControlFlow::Continue(())).unwrap()
}

/// One test span a trace, so that what matches can be counted by trace.
fn spans() -> Vec<TestSpan> {
    let mut spans = Random::new(21).spans(400, 1_000 * SECOND_NS);
    for (number, span) in (1u64..).zip(&mut spans) {
        span.trace_id.0[8..].copy_from_slice(&number.to_be_bytes());
    }
    spans
}

#[test]
fn each_matching_span_counts_where_it_starts_and_failed_ones_as_such() {
    let spans = spans();
    let batches: Vec<&[TestSpan]> = spans.chunks(70).collect();
    let store = store_of(&batches);
    let starts = || spans.iter().map(|span| span.start_ns);
    let (first_ns, last_ns) = (starts().min().unwrap(), starts().max().unwrap());
    let middle = TimeRange {
        start_ns: first_ns + (last_ns - first_ns) / 3,
        end_ns: last_ns,
    };
    let whole = TimeRange {
        start_ns: first_ns,
        end_ns: last_ns + 1,
    };
    for query in [
        "{}",
        r#"{ resource.service.name = "cart" }"#,
        "{ error }",
        "{ !error && kind = server }",
        "{ trace:duration > 1s }",
    ] {
        let all = matching(&store, query);
        let failed = matching(&store, "{ error }");
        for range in [whole, middle] {
            for most in [1, 9, 60] {
                let counting = counting(query, range, most);
                let mut want = vec![Bucket::default(); counting.buckets.count];
                for (number, span) in (1u64..).zip(&spans) {
                    if !range.contains(span.start_ns) || !all.contains(&number) {
                        continue;
                    }
                    let bucket = &mut want[counting.buckets.place(span.start_ns).unwrap()];
                    bucket.spans += 1;
                    bucket.failed += u64::from(failed.contains(&number));
                }
                let got = counted(&store, &counting);
                assert_eq!(got.histogram.counts, want, "{query} {range:?} {most}");
                assert_eq!((got.histogram.settled, got.partial), (0, None));
            }
        }
    }
}

#[test]
fn what_is_said_to_be_settled_does_not_change_any_more() {
    let spans = spans();
    let mut sorted = spans.clone();
    sorted.sort_by_key(|span| span.start_ns);
    let batches: Vec<&[TestSpan]> = sorted.chunks(20).collect();
    let store = store_of(&batches);
    let range = TimeRange {
        start_ns: sorted[0].start_ns,
        end_ns: sorted[399].start_ns + 1,
    };
    for query in ["{}", "{ trace:duration >= 0s }"] {
        let counting = counting(query, range, 60);
        let want = counted(&store, &counting).histogram.counts;
        let never = AtomicBool::new(false);
        let mut was_partly_settled = false;
        histogram(&store, &counting, &never, &mut |so_far| {
            let settled = so_far.settled;
            assert_eq!(so_far.counts[settled..], want[settled..], "{query}");
            was_partly_settled |= 0 < settled && settled < want.len();
            ControlFlow::Continue(())
        })
        .unwrap();
        assert!(was_partly_settled, "{query}");
        // Whoever does not wait has what is settled.
        let stopped = histogram(&store, &counting, &never, &mut |so_far| {
            if so_far.settled < want.len() / 2 {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })
        .unwrap();
        let settled = stopped.histogram.settled;
        assert!(settled > 0 && stopped.partial.is_some(), "{query}");
        assert_eq!(stopped.histogram.counts[settled..], want[settled..]);
    }
}

#[test]
fn a_span_that_began_before_is_in_no_bucket() {
    let spans = [
        TestSpan::new(1, 1, "shop", "long", 10).lasting_ns(500),
        TestSpan::new(2, 1, "shop", "in it", 100),
        TestSpan::new(3, 1, "shop", "after it", 200),
    ];
    let store = store_of(&[&spans]);
    let range = TimeRange {
        start_ns: 50,
        end_ns: 200,
    };
    assert_eq!(
        counted(&store, &counting("{}", range, 60))
            .histogram
            .total()
            .spans,
        1
    );
}

#[test]
fn a_histogram_that_nobody_waits_for_is_cancelled() {
    let store = store_of(&[&spans()]);
    let cancelled = AtomicBool::new(true);
    let counting = counting("{}", TimeRange::ALL, 60);
    let outcome = histogram(&store, &counting, &cancelled, &mut |_| {
        ControlFlow::Continue(())
    });
    assert_eq!(outcome.unwrap_err(), StoreError::Cancelled);
}
