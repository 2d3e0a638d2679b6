//! A span is counted and listed once, and none is hidden by another, however
//! one asks and wherever spans are stored.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tracewell_model::clock::SystemClock;
use tracewell_model::{TimeRange, TraceStore};
use tracewell_query::count::count;
use tracewell_query::search::{SearchEvent, search};
use tracewell_store::embedded::{EmbeddedStore, StoreOptions};
use tracewell_store::files::faulty::FaultyFiles;
use tracewell_testkit::decisions::identities;
use tracewell_testkit::{Random, TestSpan, conformance};

use crate::{everything, filter, store_of};

const START_NS: u64 = 1_700_000_000_000_000_000;

/// Spans and traces by three ways: a condition on spans, one on whole traces,
/// and a search that is added up.
fn ways(store: &dyn TraceStore, query: &str) -> [(u64, u64); 3] {
    let never = AtomicBool::new(false);
    let counted = |query: &str| {
        let all = count(store, &filter(query), TimeRange::ALL, &never).unwrap();
        assert!(all.is_exact && all.partial.is_none(), "{query}: {all:?}");
        (all.spans, all.traces.unwrap())
    };
    let (mut spans, mut traces) = (0, 0);
    search(store, &everything(query), &never, &mut |event| {
        if let SearchEvent::Trace(trace) = event {
            spans += trace.matched.count() as u64;
            traces += 1;
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    let condition = query.trim_matches(['{', '}', ' ']);
    let on_traces = match condition {
        "" => "{ trace:duration >= 0ns }".to_owned(),
        condition => format!("{{ ({condition}) && trace:duration >= 0ns }}"),
    };
    [counted(query), counted(&on_traces), (spans, traces)]
}

#[test]
fn every_case_of_the_decision() {
    for case in identities() {
        let [first, second] = &case.spans;
        let store = store_of(&[std::slice::from_ref(first), std::slice::from_ref(second)]);
        let spans = if case.are_one { 1 } else { 2 };
        let traces = if first.trace_id == second.trace_id {
            1
        } else {
            2
        };
        assert_eq!(ways(&store, "{}"), [(spans, traces); 3], "{}", case.what);
    }
}

/// Spans of which some were sent twice, some a third time with other content,
/// and some share an id with another.
fn generated() -> Vec<Vec<TestSpan>> {
    let mut random = Random::new(7);
    let spans = random.spans(900, START_NS);
    let mut requests: Vec<Vec<TestSpan>> = spans.chunks(60).map(<[_]>::to_vec).collect();
    for at in [3, 7, 7, 11] {
        requests.push(requests[at].clone());
    }
    let mut changed = Vec::new();
    for span in spans.iter().step_by(13) {
        let mut span = span.clone();
        span.name.push_str(" again");
        changed.push(span);
    }
    for span in spans.iter().step_by(17) {
        let mut span = span.clone();
        span.start_ns += 1;
        changed.push(span);
    }
    requests.push(changed.clone());
    requests.push(changed);
    requests
}

/// Counts without any code of ours: spans by what they say in full.
fn oracle(requests: &[Vec<TestSpan>], matches: impl Fn(&TestSpan) -> bool) -> (u64, u64) {
    let mut traces: HashMap<[u8; 16], Vec<&TestSpan>> = HashMap::new();
    for span in requests.iter().flatten().filter(|span| matches(span)) {
        let known = traces.entry(span.trace_id.0).or_default();
        let text = format!("{span:?}");
        if !known.iter().any(|other| format!("{other:?}") == text) {
            known.push(span);
        }
    }
    let spans = traces.values().map(|spans| spans.len() as u64).sum();
    (spans, traces.len() as u64)
}

#[test]
fn all_ways_to_count_agree_live_sealed_and_split() {
    let requests = generated();
    let expected = [
        ("{}", oracle(&requests, |_| true)),
        (
            r#"{ resource.service.name = "cart" }"#,
            oracle(&requests, |span| span.service() == "cart"),
        ),
        (
            r#"{ name =~ ".* again" }"#,
            oracle(&requests, |span| span.name.ends_with(" again")),
        ),
    ];
    let slices: Vec<&[TestSpan]> = requests.iter().map(Vec::as_slice).collect();
    let live = store_of(&slices);
    // Every request becomes a block of its own, some of which are merged.
    let options = StoreOptions {
        seal_bytes: 1,
        ..StoreOptions::default()
    };
    let files = Arc::new(FaultyFiles::new());
    let opened = EmbeddedStore::open(files, Path::new("/data"), options, Arc::new(SystemClock));
    let (sealed, _) = opened.unwrap();
    for request in &requests {
        conformance::append(&sealed, request).unwrap();
    }
    for (query, expected) in expected {
        assert_eq!(ways(&live, query), [expected; 3], "live: {query}");
        assert_eq!(ways(&sealed, query), [expected; 3], "sealed: {query}");
    }
    sealed.shut_down();
}
