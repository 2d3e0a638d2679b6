//! What an entry of the log costs: a request of 1,000 spans of the shape
//! `jaeger`, as the columns that the store appends. Times are for the entry;
//! divide by 1,000 for a span.
//!
//! `none` is compression and framing alone. `fsync, alone` is what a single
//! client waits for, `fsync, 32 at once` what each entry costs when many are
//! committed together.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;
use tracewell_store::files::DiskFiles;
use tracewell_store::wal::{Durability, Known, Wal, WalOptions};
use tracewell_wire::decompress::{Encoding, decompress};
use tracewell_wire::otlp::protobuf;

/// Captured from the load generator; see the benchmark of decoding.
const REQUEST: &[u8] = include_bytes!("../../wire/benches/requests/jaeger.pb.zst");
const SPANS: u32 = 1_000;

fn payload() -> Vec<u8> {
    let request = decompress(REQUEST, Encoding::Zstd, 1 << 20).expect("the file is zstd");
    let decoded = protobuf::decode(&request).expect("it was accepted before");
    assert_eq!(decoded.batch.len(), SPANS as usize);
    let mut payload = Vec::new();
    decoded.batch.encode(&mut payload);
    payload
}

fn open(dir: &Path, durability: Durability) -> Wal<()> {
    let options = WalOptions {
        durability,
        ..WalOptions::default()
    };
    let (files, known) = (Arc::new(DiskFiles), Known::default());
    let forget = Box::new(|entries: std::vec::Drain<'_, _>| drop(entries));
    let opened = Wal::open(files, dir, &options, known, |_, _, _| {}, forget);
    opened.expect("an empty directory is a log").0
}

/// Appends `count` entries, waits for all, and lets the log have its segments
/// back, as sealing does.
fn append(wal: &Wal<()>, payload: &[u8], count: usize) {
    let (told, tells) = channel();
    for _ in 0..count {
        let told = told.clone();
        // The receiver lives until the last answer is there.
        let ack = Box::new(move |fate| told.send(fate).unwrap_or(()));
        wal.append(black_box(payload), SPANS, (), ack);
    }
    drop(told);
    let fates = tells.iter().map(|fate| fate.expect("the disk takes it"));
    if let Some(last) = fates.max() {
        wal.release_before(last, None);
    }
}

fn appends(criterion: &mut Criterion) {
    let payload = payload();
    let mut group = criterion.benchmark_group("wal append");
    for (name, durability, at_once) in [
        ("none", Durability::None, 1),
        ("os, alone", Durability::Os, 1),
        ("fsync, alone", Durability::Fsync, 1),
        ("fsync, 32 at once", Durability::Fsync, 32),
    ] {
        // A real disk; the system's temporary directory may be memory.
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory to write");
        let wal = open(&dir.path().join("wal"), durability);
        group.throughput(Throughput::Bytes((payload.len() * at_once) as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| append(&wal, &payload, at_once));
        });
        wal.close().expect("the log ends cleanly");
    }
    group.finish();
}

criterion_group!(benches, appends);
criterion_main!(benches);
