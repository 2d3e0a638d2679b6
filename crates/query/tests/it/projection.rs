//! What a search fetches: few columns to judge and to sum up, whole traces
//! only where they are shown whole.

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use tracewell_model::Level;
use tracewell_model::store::ScanColumns;
use tracewell_query::TraceSummary;
use tracewell_query::search::{Detail, Search, SearchEvent, search};
use tracewell_testkit::narrow::NarrowStore;
use tracewell_testkit::{Random, TestSpan, conformance, flatten};

use crate::{everything, store_of};

const START_NS: u64 = 1_700_000_000_000_000_000;

/// Conditions on spans alone, on events, and on whole traces.
const QUERIES: [&str; 6] = [
    "{}",
    r#"{ resource.service.name = "cart" && status = error }"#,
    r#"{ event:name = "exception" }"#,
    r#"{ .user.id != nil || instrumentation:name = "pg" }"#,
    r#"{ span:childCount > 1 && .retry != nil }"#,
    r#"{ rootServiceName = "frontend" }"#,
];

fn random_store() -> NarrowStore {
    let spans = Random::new(5).spans(500, START_NS);
    let parts: Vec<&[TestSpan]> = spans.chunks(70).collect();
    store_of(&parts)
}

/// Summaries of all matches, with their spans.
fn found(store: &NarrowStore, query: &str, detail: Detail) -> Vec<(TraceSummary, Vec<TestSpan>)> {
    let wanted = Search {
        detail,
        ..everything(query)
    };
    let mut found = Vec::new();
    let outcome = search(store, &wanted, &AtomicBool::new(false), &mut |event| {
        if let SearchEvent::Trace(trace) = event {
            found.push((trace.summary(), flatten(trace.batch)));
        }
        ControlFlow::Continue(())
    });
    assert_eq!(outcome.unwrap().partial, None);
    found
}

#[test]
fn a_summary_is_made_without_whole_traces() {
    let store = random_store();
    for query in QUERIES {
        let matches = found(&store, query, Detail::Summary);
        assert!(matches.len() > 3, "{query} finds {}", matches.len());
        let asked = store.take_asked();
        assert!(asked.len() >= matches.len());
        assert!(asked.iter().all(Option::is_some), "{query}");
    }
    let _few = found(
        &store,
        r#"{ span.http.request.method = "GET" }"#,
        Detail::Summary,
    );
    let wanted = TraceSummary::columns().and(ScanColumns {
        attributes: [
            (Level::Span, "http.request.method".into()),
            (Level::Span, "http.method".into()),
        ]
        .into(),
        ..ScanColumns::default()
    });
    let asked = store.take_asked();
    assert!(
        asked
            .iter()
            .all(|columns| columns.as_ref() == Some(&wanted))
    );
}

#[test]
fn whole_traces_are_whole_and_only_those_that_match_are_fetched_so() {
    let store = random_store();
    for query in QUERIES {
        let summaries = found(&store, query, Detail::Summary);
        let _asked = store.take_asked();
        let matches = found(&store, query, Detail::Whole);
        let whole = store.take_asked().iter().filter(|c| c.is_none()).count();
        assert_eq!(whole, matches.len(), "{query}");
        assert_eq!(matches.len(), summaries.len(), "{query}");
        for ((summary, mut spans), (short, _)) in matches.into_iter().zip(summaries) {
            assert_eq!(summary, short, "{query}");
            spans.sort_by_key(|span| (span.span_id, span.start_ns));
            assert_eq!(spans, conformance::trace(&store, summary.trace_id));
        }
    }
}

#[test]
fn few_whole_traces_are_fetched_at_once_however_many_narrow_ones_were() {
    let mut spans: Vec<TestSpan> = (1..=300)
        .map(|trace| TestSpan::new(trace, 1, "shop", "alone", START_NS + 1_000 + trace))
        .collect();
    for trace in 301..=340 {
        spans.push(TestSpan::new(trace, 1, "shop", "above", START_NS + trace));
        spans.push(TestSpan::new(trace, 2, "shop", "below", START_NS + trace).child_of(1));
    }
    let store = store_of(&[&spans]);
    let matches = found(&store, "{ span:childCount > 0 }", Detail::Whole);
    assert_eq!(matches.len(), 40);
    let fetches = store.take_fetches();
    let (whole, narrow): (Vec<_>, Vec<_>) = fetches
        .into_iter()
        .partition(|(_, columns)| columns.is_none());
    let most = narrow.iter().map(|(traces, _)| *traces).max();
    assert!(most > Some(40), "{most:?}");
    // Nobody knows yet what a whole one takes.
    assert!(whole[0].0 <= 10, "{} at once", whole[0].0);
}
