//! Programs that put ids into their span names: hundreds of thousands of
//! operations cost neither memory for ever nor the list of services, and what
//! is not listed is found all the same.

use crate::conformance::open;
use crate::embedded::wait_until;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use tracewell_model::filter::{CompareOp, Condition, Field, Intrinsic, Literal};
use tracewell_model::store::{OperationQuery, ScanColumns, ScanRequest};
use tracewell_model::{SpanFilter, TimeRange, TraceStore};
use tracewell_store::embedded::{Compaction, EmbeddedStore, StoreOptions};
use tracewell_testkit::{TestSpan, conformance};

const NAMES: u64 = 200_000;
const BLOCKS: u64 = 5;
const KIB: u64 = 1 << 10;

fn name(number: u64) -> String {
    format!("GET /orders/{number:016x}")
}

/// Every span of "shop" has a name of its own; each block has one of "pay".
fn stored(store: &EmbeddedStore) {
    for block in 0..BLOCKS {
        let names = block * NAMES / BLOCKS..(block + 1) * NAMES / BLOCKS;
        let mut spans: Vec<TestSpan> = names
            .map(|n| TestSpan::new(n / 100, n + 1, "shop", &name(n), 1_000 + n))
            .collect();
        spans.push(TestSpan::new(9_000_000 + block, 1, "pay", "charge", 1_000));
        conformance::append(store, &spans).expect("stored");
        wait_until("a block is written", || store.status().blocks > block);
    }
}

fn options() -> StoreOptions {
    StoreOptions {
        seal_bytes: 1_000,
        // No block is merged with another.
        compaction: Compaction {
            max_spans: 1,
            ..Compaction::default()
        },
        ..StoreOptions::default()
    }
}

#[test]
fn very_many_names_are_bounded_in_memory_and_found() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), options());
    stored(&store);
    wait_until("all is in blocks", || {
        store.status().memory_bytes < BLOCKS * 600 * KIB
    });
    check(&store);
    drop(store);
    let store = open(directory.path(), options());
    check(&store);
    let bytes = store.status().memory_bytes;
    assert!(bytes < BLOCKS * 1_200 * KIB, "{bytes} bytes, searched");
}

fn check(store: &dyn TraceStore) {
    let services = store.services(TimeRange::ALL).expect("reads");
    assert!(!services.has_more, "services are complete");
    let services: Vec<(&str, u64)> = services
        .entries
        .iter()
        .map(|service| (service.name.as_str(), service.spans))
        .collect();
    assert_eq!(services, [("pay", BLOCKS), ("shop", NAMES)]);

    let of_shop = OperationQuery {
        service: Some("shop"),
        limit: 1_000,
        ..OperationQuery::all(TimeRange::ALL)
    };
    let listed = store.operations(&of_shop).expect("reads");
    assert_eq!((listed.entries.len(), listed.has_more), (1_000, true));
    assert!(listed.entries.is_sorted_by(|a, b| a.name < b.name));
    assert!(listed.lacking().is_some_and(|why| why.contains("more")));
    let service = Some("pay");
    let charge = store.operations(&OperationQuery { service, ..of_shop });
    let charge = charge.expect("reads");
    assert_eq!((charge.entries[0].spans, charge.has_more), (BLOCKS, false));

    for number in [0, NAMES / 2, NAMES - 1] {
        let name = name(number);
        let query = OperationQuery {
            prefix: &name.to_lowercase(),
            ..of_shop
        };
        let found = store.operations(&query).expect("reads");
        let names: Vec<&str> = found.entries.iter().map(|o| o.name.as_str()).collect();
        assert_eq!((names, found.has_more), (vec![name.as_str()], false));
        assert_eq!(spans_named(store, &name), 1);
    }
}

fn spans_named(store: &dyn TraceStore, name: &str) -> usize {
    let equals = Condition::Compare(CompareOp::Equal, Literal::Str(name.into()));
    let request = ScanRequest {
        range: TimeRange::ALL,
        filter: &SpanFilter::Test(Field::Intrinsic(Intrinsic::Name), equals),
        traces: None,
        columns: ScanColumns::default(),
        cancelled: &AtomicBool::new(false),
    };
    let mut found = 0;
    let scanned = store.scan(&request, &mut |chunk, _| {
        found += chunk.rows.count();
        ControlFlow::Continue(())
    });
    scanned.expect("reads");
    found
}
