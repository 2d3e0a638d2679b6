//! Directories that earlier versions wrote, kept in `testdata/`: every later
//! version opens them and finds every span.
//!
//! A sample holds a data directory and `spans.otlp`, the spans in it as OTLP
//! protobuf. A change of a format adds a sample; it never replaces one.

use crate::conformance::open;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use tracewell_model::{TraceId, TraceStore};
use tracewell_store::embedded::StoreOptions;
use tracewell_store::wal::WalOptions;
use tracewell_testkit::random::Random;
use tracewell_testkit::{TestSpan, batch, conformance, flatten};
use tracewell_wire::otlp::protobuf;

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/store")
}

/// Segments as small as the ones in the samples.
fn options() -> StoreOptions {
    StoreOptions {
        wal: WalOptions {
            segment_bytes: 64 << 10,
            spare_segments: 0,
            ..WalOptions::default()
        },
        ..StoreOptions::default()
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the copy can be written");
    for entry in fs::read_dir(from).expect("a sample can be read") {
        let entry = entry.expect("a sample can be read");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a sample can be read").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("the copy can be written");
        }
    }
}

fn by_trace(spans: Vec<TestSpan>) -> BTreeMap<TraceId, Vec<TestSpan>> {
    let mut traces: BTreeMap<TraceId, Vec<TestSpan>> = BTreeMap::new();
    for span in spans {
        traces.entry(span.trace_id).or_default().push(span);
    }
    traces
}

fn sorted(mut spans: Vec<TestSpan>) -> Vec<TestSpan> {
    spans.sort_by_cached_key(|span| (span.start_ns, span.span_id, format!("{span:?}")));
    spans
}

#[test]
fn every_sample_of_every_version_opens_and_holds_its_spans() {
    let samples = fs::read_dir(samples()).expect("testdata/store is part of the repository");
    let mut index_versions = BTreeSet::new();
    for sample in samples {
        let sample = sample.unwrap().path();
        let expected = protobuf::decode(&fs::read(sample.join("spans.otlp")).unwrap()).unwrap();
        let scratch = tempfile::tempdir().unwrap();
        let directory = scratch.path().join("data");
        copy(&sample.join("data"), &directory);
        let store = open(&directory, options());
        let status = store.status();
        assert!(status.blocks > 0, "{}: no block", sample.display());
        assert_eq!(status.spans, expected.batch.len() as u64);
        let log_spans = status.spans - block_spans(&directory);
        assert!(log_spans > 0, "{}: nothing in the log", sample.display());
        for (id, spans) in by_trace(flatten(&expected.batch)) {
            let found = conformance::trace(&store, id);
            assert_eq!(sorted(found), sorted(spans), "{}: {id}", sample.display());
        }
        index_versions.extend(versions_of_indexes(&sample.join("data/blocks")));
    }
    // Whoever writes another version adds a sample of it.
    assert!(index_versions.into_iter().eq(1..=4));
}

/// Bytes 8 to 12 of each index file.
fn versions_of_indexes(blocks: &Path) -> Vec<u32> {
    let files = fs::read_dir(blocks).expect("a sample can be read");
    let paths = files.map(|entry| entry.expect("a sample can be read").path());
    let indexes = paths.filter(|path| path.extension().is_some_and(|end| end == "index"));
    let headers = indexes.map(|path| fs::read(path).expect("a sample can be read"));
    let versions = headers.map(|bytes| bytes[8..].first_chunk().copied());
    versions
        .map(|version| u32::from_le_bytes(version.expect("an index has a header")))
        .collect()
}

/// Spans in blocks, by the manifest's word.
pub(crate) fn block_spans(directory: &Path) -> u64 {
    // Written with the first block.
    let manifest = fs::read_to_string(directory.join("MANIFEST")).unwrap_or_default();
    let spans = manifest
        .lines()
        .filter_map(|line| line.trim().strip_prefix("\"spans\": "));
    spans
        .map(|n| {
            n.trim_end_matches(',')
                .parse::<u64>()
                .expect("spans are a number")
        })
        .sum()
}

/// Writes a sample of what this version writes. Run it by name, with the name
/// of the sample, when a format changed:
///
/// `TRACEWELL_SAMPLE=v1 cargo test -p tracewell-store --test it write_a_sample -- --ignored`
#[test]
#[ignore = "writes into testdata"]
fn write_a_sample() {
    let name = std::env::var("TRACEWELL_SAMPLE").expect("TRACEWELL_SAMPLE names the sample");
    let sample = samples().join(name);
    assert!(!sample.exists(), "{} is frozen", sample.display());
    let mut random = Random::new(1);
    let spans = random.spans(1_200, 1_700_000_000_000_000_000);
    let scratch = tempfile::tempdir().unwrap();
    let directory = scratch.path().join("data");
    let (sealed, logged) = spans.split_at(1_000);
    let eager = StoreOptions {
        seal_bytes: 1,
        ..options()
    };
    let store = open(&directory, eager);
    for part in sealed.chunks(500) {
        conformance::append(&store, part).unwrap();
        while block_spans(&directory) < store.status().spans {
            std::thread::yield_now();
        }
    }
    drop(store);
    let store = open(&directory, options());
    conformance::append(&store, logged).unwrap();
    drop(store);
    copy(&directory, &sample.join("data"));
    fs::write(sample.join("spans.otlp"), protobuf::encode(&batch(&spans))).unwrap();
}
