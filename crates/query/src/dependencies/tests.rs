//! The same calls are counted however spans lie and whatever is remembered.

use super::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use tracewell_model::SpanKind;
use tracewell_store::memory::MemoryStore;
use tracewell_testkit::decisions::{spans_of, table};
use tracewell_testkit::spans::{TestLink, span_id, trace_id};
use tracewell_testkit::{Random, TestSpan, batch};

static NEVER: AtomicBool = AtomicBool::new(false);

/// Counts by looking for every parent and every linked span among all spans.
fn expected(spans: &[TestSpan]) -> Vec<Dependency> {
    let mut calls: BTreeMap<(String, String), [u64; 2]> = BTreeMap::new();
    let services: HashMap<_, _> = spans
        .iter()
        .map(|span| ((span.trace_id, span.span_id), span.service()))
        .collect();
    for span in spans {
        let links = span.links.iter().map(|link| (link.trace_id, link.span_id));
        let parent = (span.trace_id, span.parent_span_id);
        for caller in std::iter::once(parent).chain(links) {
            match services.get(&caller) {
                Some(caller) if *caller != span.service() => {
                    let key = ((*caller).to_owned(), span.service().to_owned());
                    let [all, failed] = calls.entry(key).or_default();
                    *all += 1;
                    *failed += u64::from(has_failed(span));
                }
                _ => {}
            }
        }
    }
    let calls = calls.into_iter();
    calls
        .map(|((parent, child), [calls, failed])| Dependency {
            parent,
            child,
            calls,
            failed,
        })
        .collect()
}

fn has_failed(span: &TestSpan) -> bool {
    let batch = batch(std::slice::from_ref(span));
    tracewell_model::failure::failed_rows(&batch).contains(0)
}

fn store_of(parts: &[Vec<TestSpan>]) -> MemoryStore {
    let store = MemoryStore::new(1 << 30);
    for part in parts {
        store.append(
            Arc::new(batch(part)),
            Box::new(|fate| assert_eq!(fate, Ok(()))),
        );
    }
    store
}

/// Orphans are those whose parent never came.
fn scattered(
    random: &mut Random,
    count: usize,
    parts: usize,
) -> (Vec<TestSpan>, Vec<Vec<TestSpan>>) {
    let mut spans = random.spans(count, 1_000);
    spans.retain(|_| !random.once_in(40));
    // Links to spans that are there, in this trace and in others.
    for place in 0..spans.len() {
        if random.once_in(10) {
            let other = &spans[random.below(spans.len() as u64) as usize];
            let link = TestLink {
                trace_id: other.trace_id,
                span_id: other.span_id,
                trace_state: String::new(),
                flags: 0,
                attributes: vec![],
                dropped: 0,
            };
            spans[place].links = vec![link];
        }
    }
    let mut scattered = vec![Vec::new(); parts];
    for span in &spans {
        scattered[random.below(parts as u64) as usize].push(span.clone());
    }
    (spans, scattered)
}

#[test]
fn nothing_is_lost_between_chunks_whatever_is_remembered() {
    let mut random = Random::new(17);
    let (spans, parts) = scattered(&mut random, 3_000, 9);
    let store = store_of(&parts);
    let want = expected(&spans);
    assert!(want.len() > 10);
    for (recent_bytes, fetched_traces) in [
        // One pass; parents fetched by id; everything read twice.
        (usize::MAX, 0),
        (10_000, 10_000),
        (10_000, 0),
        (0, 0),
    ] {
        let limits = Limits {
            recent_bytes,
            fetched_traces,
            ..Limits::default()
        };
        let found = count(&store, TimeRange::ALL, &NEVER, limits).unwrap();
        assert_eq!(found.calls, want, "{limits:?}");
        assert_eq!(found.skipped, 0, "{limits:?}");
    }
}

#[test]
fn what_finds_no_room_is_counted_as_skipped() {
    let spans: Vec<TestSpan> = (2..=10)
        .map(|id| TestSpan::new(1, id, "cart", "get", id).child_of(id + 100))
        .collect();
    let store = store_of(&[spans]);
    let limits = Limits {
        waiting_children: 4,
        ..Limits::default()
    };
    let found = count(&store, TimeRange::ALL, &NEVER, limits).unwrap();
    assert_eq!((found.calls, found.skipped), (Vec::new(), 5));
}

#[test]
fn a_span_that_was_stored_twice_calls_once() {
    let root = TestSpan::new(1, 1, "web", "GET /", 10);
    let child = TestSpan::new(1, 2, "cart", "get", 11).child_of(1);
    let together = vec![
        root.clone(),
        child.clone(),
        child.clone(),
        root.clone(),
        child.clone(),
    ];
    let apart = [vec![root.clone(), child.clone()], vec![root, child]];
    for parts in [&[together][..], &apart] {
        let found = dependencies(&store_of(parts), TimeRange::ALL, &NEVER).unwrap();
        assert_eq!(found.calls.len(), 1);
        assert_eq!(found.calls[0].calls, 1);
    }
}

#[test]
fn large_traces_are_resolved_like_small_ones() {
    let span = |id: u64| {
        let service = ["web", "cart", "db"][id as usize % 3];
        TestSpan::new(1, id, service, "op", id).child_of(id / 2)
    };
    let spans: Vec<TestSpan> = (1..=500).map(span).collect();
    let found = dependencies(
        &store_of(std::slice::from_ref(&spans)),
        TimeRange::ALL,
        &NEVER,
    )
    .unwrap();
    assert_eq!(found.calls, expected(&spans));
}

fn calls_of(spans: &[TestSpan], range: TimeRange) -> Vec<(String, String, u64)> {
    let found = dependencies(&store_of(&[spans.to_vec()]), range, &NEVER).unwrap();
    let calls = found.calls.into_iter();
    calls
        .map(|call| (call.parent, call.child, call.calls))
        .collect()
}

fn call(parent: &str, child: &str) -> (String, String, u64) {
    (parent.to_owned(), child.to_owned(), 1)
}

#[test]
fn a_shared_id_is_one_call_and_its_children_are_the_servers() {
    let client = TestSpan::new(1, 2, "web", "call", 11)
        .child_of(1)
        .kind(SpanKind::Client);
    let server = TestSpan::new(1, 2, "cart", "call", 12)
        .child_of(1)
        .kind(SpanKind::Server);
    let spans = [
        TestSpan::new(1, 1, "web", "GET /", 10),
        client.clone(),
        server.clone(),
        TestSpan::new(1, 3, "db", "SELECT", 13).child_of(2),
    ];
    let expected = [call("cart", "db"), call("web", "cart")];
    assert_eq!(calls_of(&spans, TimeRange::ALL), expected);
    // Also where the call has no parent.
    let spans = [client.child_of(0), server.child_of(0)];
    assert_eq!(calls_of(&spans, TimeRange::ALL), [call("web", "cart")]);
}

#[test]
fn a_link_is_a_call_also_from_another_trace() {
    let linked = |to: u64| TestLink {
        trace_id: trace_id(to),
        span_id: span_id(1),
        trace_state: String::new(),
        flags: 0,
        attributes: vec![],
        dropped: 0,
    };
    let mut consumer = TestSpan::new(1, 2, "worker", "receive", 20);
    consumer.links = vec![linked(1)];
    let mut elsewhere = TestSpan::new(2, 2, "mailer", "receive", 30);
    elsewhere.links = vec![linked(1)];
    let producer = TestSpan::new(1, 1, "shop", "publish", 10);
    let mut spans = vec![producer, consumer, elsewhere];
    let expected = [call("shop", "mailer"), call("shop", "worker")];
    assert_eq!(calls_of(&spans, TimeRange::ALL), expected);
    // A client that lists its parent among its links still calls once.
    spans[1].parent_span_id = span_id(1);
    assert_eq!(calls_of(&spans, TimeRange::ALL), expected);
}

#[test]
fn a_call_belongs_to_the_range_in_which_its_child_starts() {
    let spans = [
        TestSpan::new(1, 1, "shop", "publish", 10).lasting_ns(5),
        TestSpan::new(1, 2, "worker", "receive", 100)
            .child_of(1)
            .lasting_ns(100),
    ];
    for (start_ns, end_ns, is_counted) in [(0, 50, false), (50, 150, true), (150, 300, false)] {
        let calls = calls_of(&spans, TimeRange { start_ns, end_ns });
        let expected = if is_counted {
            vec![call("shop", "worker")]
        } else {
            vec![]
        };
        assert_eq!(calls, expected, "{start_ns} to {end_ns}");
    }
}

#[test]
fn every_case_of_the_decision() {
    let columns = ["spans by start", "calls"];
    for (line, cells) in table("017-calls-between-services.md", &columns) {
        let mut spans = spans_of(1, &cells[0]);
        for span in &mut spans {
            span.resource[0].1 = span.name.as_str().into();
        }
        let calls = calls_of(&spans, TimeRange::ALL).into_iter();
        let calls: Vec<_> = calls.map(|(a, b, n)| (format!("{a}→{b}"), n)).collect();
        let expected = cells[1].split_whitespace();
        let expected: Vec<_> = expected.map(|call| (call.to_owned(), 1)).collect();
        assert_eq!(calls, expected, "line {line}");
    }
}
