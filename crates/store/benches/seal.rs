//! What sealing costs: one batch becomes a block on a disk in memory.
//!
//! The batch is that of a load generator, see `load`.

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tracewell_store::block;
use tracewell_store::files::Files;
use tracewell_store::files::faulty::FaultyFiles;

#[path = "load/spans.rs"]
mod load;
use load::{SPANS, spans_of_a_load_generator};

fn seal(criterion: &mut Criterion) {
    let batch = spans_of_a_load_generator(0);
    let mut group = criterion.benchmark_group("seal");
    group.sample_size(10);
    group.throughput(Throughput::Elements(SPANS));
    group.bench_function("160k spans, 11 of 97 keys", |bencher| {
        bencher.iter(|| {
            let files = FaultyFiles::new();
            let dir = Path::new("/blocks");
            files.create_dir(dir).expect("the disk in memory works");
            let entry = block::write(&files, dir, 1, &block::Birth::default(), black_box(&batch));
            entry.expect("the disk in memory works")
        });
    });
    group.finish();
}

criterion_group!(benches, seal);
criterion_main!(benches);
