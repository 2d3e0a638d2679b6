//! What a span costs on its way into columns, and from there into the bytes
//! of a request to a peer and of a log entry: one captured request of 1,000 spans for each data set of
//! the budgets. Times are for the request; divide by 1,000 for a span.
//!
//! `requests/*.pb.zst` are bodies that `tracewell load --batch 1000 --seed 1`
//! sent. They are kept as files so that figures of different days compare,
//! whatever becomes of the load generator.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use tracewell_wire::decompress::{Encoding, decompress};
use tracewell_wire::otlp::protobuf;

/// As in the server: with another allocator other things would be slow.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const REQUESTS: [(&str, &[u8]); 2] = [
    ("shop", include_bytes!("requests/shop.pb.zst")),
    ("jaeger", include_bytes!("requests/jaeger.pb.zst")),
];

fn request(packed: &[u8]) -> Vec<u8> {
    decompress(packed, Encoding::Zstd, 1 << 20).expect("the file is zstd")
}

fn decode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode");
    for (name, packed) in REQUESTS {
        let body = request(packed);
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| protobuf::decode(black_box(&body)).expect("it was accepted before"));
        });
    }
    group.finish();
}

fn log_entry(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("log_entry");
    for (name, packed) in REQUESTS {
        let decoded = protobuf::decode(&request(packed)).expect("it was accepted before");
        let mut out = Vec::new();
        decoded.batch.encode(&mut out);
        group.throughput(Throughput::Bytes(out.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                out.clear();
                black_box(&decoded.batch).encode(&mut out);
            });
        });
    }
    group.finish();
}

fn encode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encode");
    for (name, packed) in REQUESTS {
        let body = request(packed);
        let decoded = protobuf::decode(&body).expect("it was accepted before");
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| protobuf::encode(black_box(&decoded.batch)));
        });
    }
    group.finish();
}

criterion_group!(benches, decode, encode, log_entry);
criterion_main!(benches);
