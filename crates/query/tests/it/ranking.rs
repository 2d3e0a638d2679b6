//! The traces that lead: over everything that matches, page by page, and when
//! somebody does not wait for the end.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tracewell_model::{StatusCode, StoreError, TimeRange};
use tracewell_query::ranking::{Measure, Ranked, Ranking, RankingEvent, rank};
use tracewell_query::{SearchEvent, TraceSummary, search};
use tracewell_store::memory::MemoryStore;
use tracewell_testkit::narrow::NarrowStore;
use tracewell_testkit::{Random, TestSpan, conformance};

use crate::{Number, everything, filter, store_of};

const SECOND_NS: u64 = 1_000_000_000;

const MEASURES: [Measure; 4] = [
    Measure::Longest,
    Measure::Shortest,
    Measure::Errors,
    Measure::Spans,
];

fn ranking(query: &str, measure: Measure, limit: usize) -> Ranking {
    Ranking {
        filter: filter(query),
        range: TimeRange::ALL,
        measure,
        limit,
        after: None,
    }
}

fn ranked(store: &NarrowStore, wanted: &Ranking) -> (Vec<TraceSummary>, Ranked) {
    let mut best = Vec::new();
    let outcome = rank(store, wanted, &AtomicBool::new(false), &mut |event| {
        if let RankingEvent::Trace(summary) = event {
            best.push(*summary);
        }
        ControlFlow::Continue(())
    });
    (best, outcome.unwrap())
}

fn number(summary: &TraceSummary) -> Number {
    u128::from_be_bytes(summary.trace_id.0) as u64
}

fn random_store() -> NarrowStore {
    let spans = Random::new(11).spans(900, 1_000 * SECOND_NS);
    let batches: Vec<&[TestSpan]> = spans.chunks(90).collect();
    store_of(&batches)
}

/// Summaries of all that matches as a search hands them out, newest first.
fn all(store: &NarrowStore, query: &str) -> Vec<TraceSummary> {
    let mut all = Vec::new();
    search(
        store,
        &everything(query),
        &AtomicBool::new(false),
        &mut |event| {
            if let SearchEvent::Trace(found) = event {
                all.push(found.summary());
            }
            ControlFlow::Continue(())
        },
    )
    .unwrap();
    all
}

fn key(summary: &TraceSummary, measure: Measure) -> u64 {
    match measure {
        Measure::Longest => summary.duration_ns,
        Measure::Shortest => u64::MAX - summary.duration_ns,
        Measure::Errors => summary.failed.into(),
        Measure::Spans => summary.spans.into(),
    }
}

#[test]
fn the_best_are_those_of_everything_that_matches_and_pages_go_on() {
    let store = random_store();
    for query in [
        "{}",
        r#"{ resource.service.name = "cart" }"#,
        "{ error }",
        "{ span:childCount > 1 }",
    ] {
        let found = all(&store, query);
        assert!(found.len() > 10, "{query} finds {}", found.len());
        for measure in MEASURES {
            // Stable: of equals the newer stays in front.
            let mut want = found.clone();
            want.sort_by_key(|summary| std::cmp::Reverse(key(summary, measure)));
            for limit in [3, 10, 500] {
                let (mut pages, mut wanted) = (Vec::new(), ranking(query, measure, limit));
                loop {
                    let (best, outcome) = ranked(&store, &wanted);
                    assert!(best.len() <= limit);
                    assert_eq!(outcome.partial, None);
                    assert_eq!(outcome.traces, found.len() as u64);
                    pages.extend(best);
                    wanted.after = outcome.cursor;
                    if outcome.cursor.is_none() {
                        break;
                    }
                }
                assert_eq!(pages, want, "{query} {measure:?} by {limit}");
            }
        }
    }
}

#[test]
fn the_whole_trace_counts_and_not_what_of_it_matches_or_lies_in_the_range() {
    let spans = [
        TestSpan::new(1, 1, "shop", "old", 10).lasting_ns(500),
        TestSpan::new(1, 2, "shop", "late", 90)
            .child_of(1)
            .status(StatusCode::Error),
        TestSpan::new(1, 3, "db", "late", 95).child_of(2),
        TestSpan::new(2, 1, "shop", "late", 100).lasting_ns(200),
    ];
    let store = store_of(&[&spans]);
    let mut wanted = ranking(r#"{ name = "late" }"#, Measure::Longest, 10);
    wanted.range.start_ns = 80;
    for (measure, want) in [
        (Measure::Longest, [1, 2]),
        (Measure::Shortest, [2, 1]),
        (Measure::Errors, [1, 2]),
        (Measure::Spans, [1, 2]),
    ] {
        wanted.measure = measure;
        let (best, _) = ranked(&store, &wanted);
        let numbers: Vec<_> = best.iter().map(number).collect();
        assert_eq!(numbers, want, "{measure:?}");
        let first = best.iter().find(|of| number(of) == 1).unwrap();
        assert_eq!((first.spans, first.matched_count), (3, 2));
    }
}

#[test]
fn whoever_stops_the_looking_gets_the_best_of_what_was_seen() {
    let store = random_store();
    let (mut seen, mut best) = (0, Vec::new());
    let wanted = ranking("{}", Measure::Longest, 5);
    let outcome = rank(&store, &wanted, &AtomicBool::new(false), &mut |event| {
        match event {
            RankingEvent::Progress(_, 20) => return ControlFlow::Break(()),
            RankingEvent::Progress(_, traces) => seen = traces,
            RankingEvent::Trace(summary) => best.push(*summary),
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!((seen, outcome.traces), (19, 20));
    let mut want = all(&store, "{}");
    want.truncate(20);
    want.sort_by_key(|summary| std::cmp::Reverse(summary.duration_ns));
    assert_eq!(best, want[..5]);
    let partial = outcome.partial.unwrap();
    assert!(partial.contains("newest 20 traces"), "{partial}");
}

#[test]
fn a_trace_that_leads_but_cannot_be_summed_up_is_said_to_be_missing() {
    let spans = [1, 2, 3].map(|trace| TestSpan::new(trace, 1, "shop", "n", trace));
    let inner = Arc::new(MemoryStore::new(1 << 30));
    conformance::append(inner.as_ref(), &spans).unwrap();
    let store = NarrowStore::with_too_large_names(inner, spans[1].trace_id);
    let (best, outcome) = ranked(&store, &ranking("{}", Measure::Spans, 10));
    assert_eq!(best.iter().map(number).collect::<Vec<_>>(), [3, 1]);
    let partial = outcome.partial.unwrap();
    assert!(partial.contains("too large"), "{partial}");
}

#[test]
fn a_ranking_that_nobody_waits_for_is_cancelled() {
    let store = random_store();
    let cancelled = AtomicBool::new(true);
    let wanted = ranking("{}", Measure::Errors, 5);
    let outcome = rank(&store, &wanted, &cancelled, &mut |_| {
        ControlFlow::Continue(())
    });
    assert_eq!(outcome.unwrap_err(), StoreError::Cancelled);
}

#[test]
fn ranking_fetches_little_of_most_and_names_only_of_the_best() {
    let store = random_store();
    let _best = ranked(&store, &ranking("{}", Measure::Spans, 5));
    let asked = store.take_asked();
    let with_names = asked.iter().flatten().filter(|columns| columns.names);
    assert_eq!(with_names.count(), 5);
    assert!(asked.len() > 50);
}
