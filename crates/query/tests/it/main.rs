//! Tests of the query engine over the store in memory: what a person who
//! searches, opens a trace or completes a query gets to see.

#![expect(clippy::unwrap_used, reason = "tests")]

mod count;
mod damage;
mod dependencies;
mod failures;
mod find;
mod histogram;
mod identity;
mod metrics;
mod newer;
mod nil;
mod paging;
mod patterns;
mod pipelines;
mod projection;
mod promql;
mod ranking;
mod reference;
mod relations;
mod sealed;
mod search;
mod structure;
mod summary;
mod tags;
mod times;
mod values;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tracewell_model::TimeRange;
use tracewell_query::search::{Cursor, Detail, Search, SearchEvent, SearchOutcome, search};
use tracewell_query::spansets::TraceFilter;
use tracewell_query::{lower, traceql};
use tracewell_store::memory::MemoryStore;
use tracewell_testkit::narrow::NarrowStore;
use tracewell_testkit::{TestSpan, conformance};

/// A store that got these batches in this order, and gives only columns that
/// it was asked for.
fn store_of(batches: &[&[TestSpan]]) -> NarrowStore {
    let store = NarrowStore::new(Arc::new(MemoryStore::new(1 << 30)));
    for batch in batches {
        conformance::append(&store, batch).unwrap();
    }
    store
}

fn filter(query: &str) -> TraceFilter {
    let parsed = traceql::parse(query).unwrap_or_else(|error| panic!("{query}: {error}"));
    lower::search(&parsed).unwrap_or_else(|error| panic!("{query}: {error}"))
}

fn everything(query: &str) -> Search {
    Search {
        filter: filter(query),
        range: TimeRange::ALL,
        limit: 1_000,
        after: None,
        detail: Detail::Summary,
    }
}

/// Last digits of a trace id, as tests number them.
type Number = u64;

/// Runs a search to its end: the traces in the order they came.
fn run(store: &NarrowStore, wanted: &Search) -> (Vec<Number>, SearchOutcome) {
    let mut found = Vec::new();
    let outcome = search(store, wanted, &AtomicBool::new(false), &mut |event| {
        if let SearchEvent::Trace(trace) = event {
            let id = u128::from_be_bytes(trace.place.trace_id.0);
            found.push(id as u64);
        }
        ControlFlow::Continue(())
    });
    (found, outcome.unwrap())
}

/// The traces that match, sorted by number.
fn matching(store: &NarrowStore, query: &str) -> Vec<Number> {
    let (mut found, _) = run(store, &everything(query));
    found.sort_unstable();
    found
}

/// All pages of a search, each of `limit` traces.
fn pages(store: &NarrowStore, query: &str, limit: usize) -> Vec<Number> {
    let mut wanted = Search {
        limit,
        ..everything(query)
    };
    let mut all = Vec::new();
    loop {
        let (found, outcome) = run(store, &wanted);
        assert!(found.len() <= limit, "{} of {limit}", found.len());
        all.extend(found);
        wanted.after = outcome.cursor;
        match outcome.cursor {
            Some(Cursor { .. }) => {}
            None => return all,
        }
    }
}
