//! What a span costs on the application's thread, in four libraries.
//!
//! Each iteration starts and ends 1,000 spans, so that microseconds of an
//! iteration are nanoseconds of a span. What takes the finished spans away runs
//! between the iterations and is not timed. A case has the caches to itself:
//! what is compared is work, not who was evicted by whom.

mod cases;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

/// Spans of one iteration.
const ROUND: u32 = 1000;

/// One library doing one thing.
struct Case {
    name: &'static str,
    /// Starts and ends [`ROUND`] spans.
    round: Box<dyn Fn()>,
    /// Takes the finished spans away.
    between: Box<dyn Fn()>,
}

fn cost(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("1000 spans");
    group.throughput(Throughput::Elements(u64::from(ROUND)));
    for Case {
        name,
        round,
        between,
    } in cases::all()
    {
        group.bench_function(name, |bencher| {
            bencher.iter_batched(&between, |()| round(), BatchSize::PerIteration);
        });
    }
    group.finish();
}

criterion_group!(benches, cost);
criterion_main!(benches);
