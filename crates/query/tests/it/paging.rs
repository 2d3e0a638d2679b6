//! Order, limits, early ends and pages of a search.

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use tracewell_model::{StoreError, TimeRange};
use tracewell_query::search::{Search, SearchEvent, search};
use tracewell_testkit::{Random, TestSpan};

use crate::{everything, pages, run, store_of};

const SECOND_NS: u64 = 1_000_000_000;

/// `count` traces of one span each; trace n starts at n seconds.
fn seconds(numbers: impl Iterator<Item = u64>) -> Vec<TestSpan> {
    numbers
        .map(|n| TestSpan::new(n, 1, "shop", "GET /", n * SECOND_NS))
        .collect()
}

#[test]
fn traces_come_newest_first_wherever_they_lie() {
    let (even, odd) = (seconds((0..40).step_by(2)), seconds((1..40).step_by(2)));
    let store = store_of(&[&even, &odd]);
    let (found, outcome) = run(&store, &everything("{}"));
    assert_eq!(found, (0..40).rev().collect::<Vec<_>>());
    assert_eq!((outcome.cursor, outcome.partial), (None, None));
}

#[test]
fn a_trace_stands_where_its_newest_matching_span_does() {
    let spans = [
        TestSpan::new(1, 1, "shop", "root", 10),
        TestSpan::new(1, 2, "shop", "late", 90).child_of(1),
        TestSpan::new(2, 1, "shop", "root", 50),
        TestSpan::new(2, 2, "shop", "late", 60).child_of(1),
    ];
    let store = store_of(&[&spans]);
    for (query, want) in [
        ("{}", [1, 2]),
        (r#"{ name = "late" }"#, [1, 2]),
        (r#"{ name = "root" }"#, [2, 1]),
    ] {
        assert_eq!(run(&store, &everything(query)).0, want, "{query}");
    }
}

#[test]
fn a_search_that_has_enough_reads_no_further() {
    let batches: Vec<_> = (0..10).map(|i| seconds(i * 100..i * 100 + 100)).collect();
    let batches: Vec<&[TestSpan]> = batches.iter().map(Vec::as_slice).collect();
    let store = store_of(&batches);
    let few = Search {
        limit: 5,
        ..everything("{}")
    };
    let (found, outcome) = run(&store, &few);
    assert_eq!(found, [999, 998, 997, 996, 995]);
    assert_eq!(outcome.report.searched_spans, 100);
    assert!(outcome.cursor.is_some());
}

#[test]
fn pages_of_any_size_hold_every_trace_once_and_in_order() {
    let mut random = Random::new(7);
    let spans = random.spans(600, 1_000 * SECOND_NS);
    let batches: Vec<&[TestSpan]> = spans.chunks(90).collect();
    let store = store_of(&batches);
    for query in [
        "{}",
        r#"{ resource.service.name = "cart" }"#,
        "{ status = error && duration > 1s }",
        "{ span:childCount > 1 }",
        "{ trace:duration > 10s && kind = server }",
        "{ !(span:childCount = 0) || error }",
    ] {
        let (whole, _) = run(&store, &everything(query));
        assert!(whole.len() > 5, "{query} finds {}", whole.len());
        for limit in [1, 3, 7, 50] {
            assert_eq!(pages(&store, query, limit), whole, "{query} by {limit}");
        }
    }
}

#[test]
fn traces_of_one_moment_are_told_apart_by_pages() {
    let spans: Vec<_> = (0..20)
        .map(|n| TestSpan::new(n, 1, "shop", "GET /", 5 * SECOND_NS))
        .collect();
    let store = store_of(&[&spans]);
    let want: Vec<u64> = (0..20).rev().collect();
    assert_eq!(pages(&store, "{}", 3), want);
}

#[test]
fn a_condition_on_the_trace_loses_nothing_between_pages() {
    // Trace 1 may match by its span at 100 and does by the one at 50, so it
    // comes before trace 2 and must not hide it.
    let spans = [
        TestSpan::new(1, 1, "shop", "parent", 50),
        TestSpan::new(1, 2, "shop", "child", 100).child_of(1),
        TestSpan::new(2, 1, "shop", "parent", 90),
        TestSpan::new(2, 2, "shop", "child", 91).child_of(1),
    ];
    let store = store_of(&[&spans]);
    assert_eq!(pages(&store, "{ span:childCount > 0 }", 1), [1, 2]);
}

#[test]
fn only_spans_in_the_range_count() {
    let spans = [
        TestSpan::new(1, 1, "shop", "old", 10),
        TestSpan::new(1, 2, "shop", "new", 100).child_of(1),
        TestSpan::new(2, 1, "shop", "old", 20),
    ]
    .map(|span| span.lasting_ns(1));
    let store = store_of(&[&spans]);
    for (query, range, want) in [
        ("{}", (0, 101), vec![1, 2]),
        ("{}", (20, 21), vec![2]),
        ("{}", (0, 20), vec![1]),
        (r#"{ name = "old" }"#, (15, 200), vec![2]),
        ("{}", (30, 30), vec![]),
    ] {
        let wanted = Search {
            range: TimeRange {
                start_ns: range.0,
                end_ns: range.1,
            },
            ..everything(query)
        };
        assert_eq!(run(&store, &wanted).0, want, "{query} {range:?}");
    }
}

#[test]
fn a_caller_that_breaks_off_hears_no_more() {
    let batches: Vec<_> = (0..3).map(|i| seconds(i * 100..i * 100 + 100)).collect();
    let batches: Vec<&[TestSpan]> = batches.iter().map(Vec::as_slice).collect();
    let store = store_of(&batches);
    let mut heard = 0;
    let outcome = search(
        &store,
        &everything("{}"),
        &AtomicBool::new(false),
        &mut |event| {
            if matches!(event, SearchEvent::Trace(_)) {
                heard += 1;
            }
            if heard == 2 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        },
    );
    assert_eq!(heard, 2);
    assert_eq!(outcome.unwrap().cursor, None);
}

#[test]
fn a_cancelled_search_says_so() {
    let spans = seconds(0..10);
    let store = store_of(&[&spans]);
    let cancelled = AtomicBool::new(true);
    let outcome = search(&store, &everything("{}"), &cancelled, &mut |_| {
        ControlFlow::Continue(())
    });
    assert_eq!(outcome.unwrap_err(), StoreError::Cancelled);
}

#[test]
fn the_last_moments_of_all_are_pages_like_others() {
    const LAST_NS: u64 = u64::MAX;
    let moment = |(trace, ns)| TestSpan::new(trace, 1, "shop", "GET /", ns).lasting_ns(0);
    // Numbers and times run against each other where the times are near.
    let spans: Vec<_> = [
        (1, LAST_NS),
        (2, LAST_NS),
        (3, LAST_NS - 1),
        (9, LAST_NS - 1),
        (4, 7),
    ]
    .map(moment)
    .into();
    let odd: Vec<_> = [(5, LAST_NS - 2), (6, 0)].map(moment).into();
    let store = store_of(&[&spans, &odd]);
    let want = [2, 1, 9, 3, 5, 4, 6];
    for limit in 1..=8 {
        assert_eq!(pages(&store, "{}", limit), want, "{limit} at a time");
        let judged = "{ trace:duration >= 0s }";
        assert_eq!(pages(&store, judged, limit), want, "{limit} at a time");
    }
    let until_last = Search {
        range: TimeRange {
            start_ns: 5,
            end_ns: LAST_NS - 1,
        },
        ..everything("{}")
    };
    assert_eq!(run(&store, &until_last).0, [5, 4]);
}
