//! What reading costs: traces by id and searches, in one sealed block.
//!
//! The store is the real one on a real disk, its pages in the cache of the
//! operating system. The spans are those of a load generator, see `load`.

use std::hint::black_box;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use tracewell_model::clock::SystemClock;
use tracewell_model::filter::{CompareOp, Condition, Field, Literal, Place};
use tracewell_model::store::{ScanChunk, ScanColumns, ScanReport, ScanRequest};
use tracewell_model::{SpanFilter, TimeRange, TraceId, TraceStore};
use tracewell_store::embedded::{EmbeddedStore, StoreOptions};
use tracewell_store::files::DiskFiles;

#[path = "load/spans.rs"]
mod load;
use load::spans_of_a_load_generator;

/// Longer than sealing takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A store whose spans lie in one block, and their trace ids.
fn sealed(directory: &std::path::Path) -> (EmbeddedStore, Vec<TraceId>) {
    let options = StoreOptions {
        seal_bytes: 1,
        ..StoreOptions::default()
    };
    let files = Arc::new(DiskFiles);
    let (store, _) = EmbeddedStore::open(files, directory, options, Arc::new(SystemClock))
        .expect("an empty directory opens");
    let batch = Arc::new(spans_of_a_load_generator(0));
    let mut ids = batch.spans().trace_id.clone();
    ids.sort_unstable();
    ids.dedup();
    let (sender, receiver) = mpsc::channel();
    let ack = Box::new(move |fate| sender.send(fate).expect("it is waited for"));
    store.append(batch, ack);
    receiver
        .recv()
        .expect("every append is answered")
        .expect("the disk works");
    let since = Instant::now();
    while store.status().blocks == 0 {
        assert!(since.elapsed() < PATIENCE, "nothing was sealed");
        std::thread::yield_now();
    }
    (store, ids)
}

/// Spans with this attribute.
fn attribute(key: &str, value: &str) -> SpanFilter {
    let value = Literal::Str(value.to_owned());
    let field = Field::Attribute(Place::Span, vec![key.into()]);
    SpanFilter::Test(field, Condition::Compare(CompareOp::Equal, value))
}

fn matches(store: &EmbeddedStore, filter: &SpanFilter) -> usize {
    let mut found = 0;
    let request = ScanRequest {
        range: TimeRange::ALL,
        filter,
        traces: None,
        columns: ScanColumns::default(),
        cancelled: &AtomicBool::new(false),
    };
    let mut visit = |chunk: &ScanChunk<'_>, _: &ScanReport| {
        found += chunk.rows.iter().count();
        ControlFlow::Continue(())
    };
    store.scan(&request, &mut visit).expect("the disk works");
    found
}

fn read(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let (store, ids) = sealed(directory.path());
    let cancelled = AtomicBool::new(false);
    let mut next = 0;
    criterion.bench_function("by id, 16 spans of 160k", |bencher| {
        bencher.iter(|| {
            next = (next + 7_919) % ids.len();
            store
                .traces(black_box(&ids[next..=next]), None, &cancelled)
                .expect("the disk works")
        });
    });
    for (name, filter, is_there) in [
        ("frequent key", attribute("attribute_05", "value-7"), true),
        ("absent value", attribute("attribute_05", "nothing"), false),
    ] {
        assert_eq!(matches(&store, &filter) > 0, is_there, "{name}");
        criterion.bench_function(&format!("scan 160k, {name}"), |bencher| {
            bencher.iter(|| matches(&store, black_box(&filter)));
        });
    }
    store.shut_down();
}

criterion_group!(benches, read);
criterion_main!(benches);
