//! The same calls are counted however spans lie and whatever is remembered.

use super::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use tracewell_store::memory::MemoryStore;
use tracewell_testkit::{Random, TestSpan, batch};

static NEVER: AtomicBool = AtomicBool::new(false);

/// Counts by looking for every parent among all spans.
fn expected(spans: &[TestSpan]) -> Vec<Dependency> {
    let mut calls: BTreeMap<(String, String), u64> = BTreeMap::new();
    let services: HashMap<_, _> = spans
        .iter()
        .map(|span| ((span.trace_id, span.span_id), span.service()))
        .collect();
    for span in spans {
        match services.get(&(span.trace_id, span.parent_span_id)) {
            Some(parent) if *parent != span.service() => {
                let key = ((*parent).to_owned(), span.service().to_owned());
                *calls.entry(key).or_default() += 1;
            }
            _ => {}
        }
    }
    let calls = calls.into_iter();
    calls
        .map(|((parent, child), calls)| Dependency {
            parent,
            child,
            calls,
        })
        .collect()
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
