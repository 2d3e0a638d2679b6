//! Every implementation of `TraceStore` here passes the suite.

use std::sync::Arc;
use tracewell_store::memory::MemoryStore;
use tracewell_testkit::conformance;

#[test]
fn memory_store_conforms() {
    conformance::run(&|| Arc::new(MemoryStore::new(64 << 20)));
}

#[test]
fn memory_store_forgets_the_oldest_within_its_budget() {
    let store = MemoryStore::new(100_000);
    for trace in 0..2_000 {
        let span = tracewell_testkit::TestSpan::new(trace, 1, "cart", "add", 1_000 + trace);
        conformance::append(&store, &[span]).expect("memory never refuses");
    }
    let status = tracewell_model::TraceStore::status(&store);
    assert!(status.bytes < 150_000, "{status:?}");
    assert_eq!(
        status.spans + status.removed_spans,
        2_000,
        "every span is accounted for"
    );
    let newest = tracewell_testkit::spans::trace_id(1_999);
    assert_eq!(conformance::trace(&store, newest).len(), 1);
}
