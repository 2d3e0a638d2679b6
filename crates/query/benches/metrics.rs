//! What figures over time cost: 1.28 million spans in blocks, in CPU time, so that
//! threads show what they cost and not what they hide.
//!
//! The spans are those of a load generator, see the benchmarks of the store.

use std::hint::black_box;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use tracewell_model::clock::SystemClock;
use tracewell_model::{TimeRange, TraceStore};
use tracewell_query::count::count;
use tracewell_query::metrics::{self, Asked, Steps};
use tracewell_query::{lower, traceql};
use tracewell_store::embedded::{EmbeddedStore, StoreOptions};
use tracewell_store::files::faulty::FaultyFiles;

#[path = "../../store/benches/load/spans.rs"]
mod load;
use load::{SPANS, spans_of_a_load_generator};

const PARTS: u64 = 8;

const QUERIES: [&str; 4] = [
    "{ } | rate() by (resource.service.name)",
    "{ } | max_over_time(duration) by (resource.service.name)",
    "{ } | quantile_over_time(duration, 0.5, 0.99) by (resource.service.name, name)",
    "{ kind = server } | rate() by (span.attribute_07)",
];

fn store() -> EmbeddedStore {
    let options = StoreOptions {
        seal_bytes: 1 << 20,
        ..StoreOptions::default()
    };
    let files = Arc::new(FaultyFiles::new());
    let opened = EmbeddedStore::open(files, Path::new("/data"), options, Arc::new(SystemClock));
    let (store, _) = opened.expect("an empty directory opens");
    for part in 0..PARTS {
        let (sender, receiver) = mpsc::channel();
        let ack = Box::new(move |fate| sender.send(fate).expect("it is waited for"));
        let blocks = store.status().blocks;
        store.append(Arc::new(spans_of_a_load_generator(part)), ack);
        let fate = receiver.recv().expect("every append is answered");
        fate.expect("the disk in memory works");
        while store.status().blocks <= blocks {
            std::thread::yield_now();
        }
    }
    store
}

/// CPU time of the process so far, as Linux counts it: in ticks of 10 ms.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("this runs on Linux");
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let fields = after_name.split_whitespace().skip(11).take(2);
    let ticks: u64 = fields.map(|field| field.parse().unwrap_or(0)).sum();
    Duration::from_millis(10 * ticks)
}

fn figures(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("CPU time, 1.28M spans");
    group.sample_size(10);
    let store = store();
    let never = AtomicBool::new(false);
    let begin_ns = 1_700_000_000_000_000_000;
    let steps = Steps::over(begin_ns, begin_ns + 20_000_000_000, None).expect("it is a range");
    let asked = Asked::of(steps);
    for query in QUERIES {
        let parsed = traceql::parse(query).expect("it is right");
        let lowered = lower::metrics(&parsed).expect("it asks for series");
        let ask = || {
            let answer = metrics::series(&store, black_box(&lowered), &asked, &never);
            answer.expect("the disk in memory works")
        };
        assert!(ask().is_exact && !ask().series.is_empty(), "{query}");
        group.bench_function(query, |bencher| {
            bencher.iter_custom(|times| {
                let before = cpu_time();
                (0..times).for_each(|_| _ = black_box(ask()));
                cpu_time() - before
            });
        });
    }
    let filter = lower::search(&traceql::parse("{ }").expect("it is right")).expect("it searches");
    let ask = || count(&store, black_box(&filter), TimeRange::ALL, &never);
    let all = ask().expect("the disk in memory works");
    assert!(all.spans == PARTS * SPANS && all.is_exact, "{all:?}");
    group.bench_function("count { }", |bencher| {
        bencher.iter_custom(|times| {
            let before = cpu_time();
            (0..times).for_each(|_| _ = black_box(ask()));
            cpu_time() - before
        });
    });
    store.shut_down();
    group.finish();
}

criterion_group!(benches, figures);
criterion_main!(benches);
