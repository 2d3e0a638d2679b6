//! What counting costs: matches in one sealed block and one live batch, with
//! and without spans that were sent twice.
//!
//! The spans are those of a load generator, see the benchmarks of the store.

use std::hint::black_box;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, mpsc};

use criterion::{Criterion, criterion_group, criterion_main};
use tracewell_model::batch::concat::BatchJoiner;
use tracewell_model::clock::SystemClock;
use tracewell_model::{RowSet, SpanBatch, TimeRange, TraceStore};
use tracewell_query::count::count;
use tracewell_query::{lower, traceql};
use tracewell_store::embedded::{EmbeddedStore, StoreOptions};
use tracewell_store::files::faulty::FaultyFiles;

#[path = "../../store/benches/load/spans.rs"]
mod load;
use load::{SPANS, spans_of_a_load_generator};

fn append(store: &EmbeddedStore, batch: SpanBatch) {
    let (sender, receiver) = mpsc::channel();
    let ack = Box::new(move |fate| sender.send(fate).expect("it is waited for"));
    store.append(Arc::new(batch), ack);
    let fate = receiver.recv().expect("every append is answered");
    fate.expect("the disk in memory works");
}

/// A store whose spans lie in one block; then one span in so many again, live.
fn store(again_one_in: Option<usize>) -> EmbeddedStore {
    let options = StoreOptions {
        seal_bytes: 1 << 20,
        ..StoreOptions::default()
    };
    let files = Arc::new(FaultyFiles::new());
    let opened = EmbeddedStore::open(files, Path::new("/data"), options, Arc::new(SystemClock));
    let (store, _) = opened.expect("an empty directory opens");
    let batch = spans_of_a_load_generator(0);
    let again = again_one_in.map(|one_in| {
        let rows = RowSet::from_fn(batch.len(), |row| row % one_in == 0);
        let mut joiner = BatchJoiner::new();
        joiner.append_rows(&batch, &rows).expect("it is a part");
        joiner.finish()
    });
    append(&store, batch);
    while store.status().blocks == 0 {
        std::thread::yield_now();
    }
    if let Some(again) = again {
        append(&store, again);
    }
    store
}

fn counting(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("count 160k");
    group.sample_size(10);
    for (name, again_one_in) in [("once", None), ("1 in 1000 twice", Some(1_000))] {
        let store = store(again_one_in);
        for query in ["{ }", "{ error }", "{ trace:duration >= 0ns }"] {
            let filter =
                lower::search(&traceql::parse(query).expect("it is right")).expect("it searches");
            let never = AtomicBool::new(false);
            let ask = || count(&store, black_box(&filter), TimeRange::ALL, &never);
            if query != "{ error }" {
                let found = ask().expect("the disk in memory works");
                assert!(found.spans == SPANS, "{query}: {found:?}");
            }
            group.bench_function(format!("{name}, {query}"), |bencher| bencher.iter(ask));
        }
        store.shut_down();
    }
    group.finish();
}

criterion_group!(benches, counting);
criterion_main!(benches);
