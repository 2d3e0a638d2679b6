//! A trace that does not fit the memory of queries is refused while it is put
//! together, from live batches and from blocks alike, and gives back all that
//! was held for it.

use crate::embedded::{eager, wait_until};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tracewell_model::clock::SystemClock;
use tracewell_model::{OverBudget, QueryMemory, SpanBatch, StoreError, TraceStore};
use tracewell_store::embedded::{EmbeddedStore, StoreOptions};
use tracewell_store::files::faulty::FaultyFiles;
use tracewell_store::memory::MemoryStore;
use tracewell_testkit::spans::trace_id;
use tracewell_testkit::{TestSpan, conformance};

const LARGE: u64 = 1;
const SMALL: u64 = 2;

fn memory() -> QueryMemory {
    QueryMemory::new(512 << 10, 256 << 10)
}

fn fill(store: &dyn TraceStore) {
    let large: Vec<_> = (1..=20_000)
        .map(|span| TestSpan::new(LARGE, span, "cart", "add", 1_000_000 + span))
        .collect();
    let small = [TestSpan::new(SMALL, 1, "cart", "add", 1_000_000)];
    for spans in large.chunks(1_000).chain([&small[..]]) {
        conformance::append(store, spans).expect("stored");
    }
}

fn only_the_large_trace_is_refused(store: &dyn TraceStore, memory: &QueryMemory) {
    let never = AtomicBool::new(false);
    let refused = store.traces(&[trace_id(LARGE)], None, &never);
    let each_bytes = 256 << 10;
    assert_eq!(
        refused.err(),
        Some(StoreError::OverBudget(OverBudget::Query { each_bytes }))
    );
    let small = store
        .traces(&[trace_id(SMALL)], None, &never)
        .expect("fits");
    assert!(memory.held_bytes() > 0);
    assert_eq!(small.traces[0].as_ref().map(SpanBatch::len), Some(1));
    drop(small);
    assert_eq!(memory.held_bytes(), 0);
}

#[test]
fn in_memory() {
    let memory = memory();
    let store = MemoryStore::new(64 << 20).with_query_memory(memory.clone());
    fill(&store);
    only_the_large_trace_is_refused(&store, &memory);
}

#[test]
fn in_blocks() {
    let memory = memory();
    let options = StoreOptions {
        query_memory: memory.clone(),
        ..eager()
    };
    let (files, clock) = (Arc::new(FaultyFiles::new()), Arc::new(SystemClock));
    let (store, _) = EmbeddedStore::open(files, Path::new("/data"), options, clock).unwrap();
    fill(&store);
    wait_until("blocks are sealed", || store.status().blocks > 0);
    only_the_large_trace_is_refused(&store, &memory);
}
