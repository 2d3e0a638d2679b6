//! The public traces of the shared data: how much is found in them is printed,
//! for reading; `docs/findings.md` says how much of it was right.

use std::collections::BTreeMap;
use std::fs;

use tracewell_model::batch::concat::BatchJoiner;
use tracewell_model::{RowSet, SpanBatch, TraceId};
use tracewell_testkit::shared_data;
use tracewell_wire::decompress::{Encoding, decompress};
use tracewell_wire::otlp;
use tracewell_wire::zipkin;

use crate::bounds::bounded;

fn length_prefixed(file: &str) -> Option<SpanBatch> {
    let packed = fs::read(shared_data::find(file)?).unwrap();
    let bytes = decompress(&packed, Encoding::Gzip, 1 << 30).unwrap();
    let mut joiner = BatchJoiner::new();
    let mut rest = bytes.as_slice();
    while let Some((length, after)) = rest.split_first_chunk() {
        let (request, after) = after.split_at(u32::from_be_bytes(*length) as usize);
        joiner
            .append(&otlp::protobuf::decode(request).unwrap().batch)
            .unwrap();
        rest = after;
    }
    Some(joiner.finish())
}

fn json_lines(file: &str) -> Option<SpanBatch> {
    let packed = fs::read(shared_data::find(file)?).unwrap();
    let bytes = decompress(&packed, Encoding::Gzip, 1 << 30).unwrap();
    let mut joiner = BatchJoiner::new();
    for line in bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        joiner
            .append(&otlp::json::decode(line).unwrap().batch)
            .unwrap();
    }
    Some(joiner.finish())
}

fn zipkin_files(folder: &str) -> Option<SpanBatch> {
    let mut joiner = BatchJoiner::new();
    for file in fs::read_dir(shared_data::find(folder)?).unwrap() {
        let path = file.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let body = fs::read(&path).unwrap();
            joiner
                .append(&zipkin::v2::json::decode(&body).unwrap().batch)
                .unwrap();
        }
    }
    Some(joiner.finish())
}

/// Shows each trace of a batch, as a batch of its own.
fn each_trace(batch: SpanBatch, show: &mut impl FnMut(SpanBatch)) {
    let ids = &batch.spans().trace_id;
    let mut distinct: Vec<TraceId> = ids.clone();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() < 2 {
        return show(batch);
    }
    let middle = distinct[distinct.len() / 2];
    let halves = [true, false].map(|is_low| {
        let rows = RowSet::from_fn(batch.len(), |row| (ids[row] < middle) == is_low);
        let mut joiner = BatchJoiner::new();
        joiner.append_rows(&batch, &rows).unwrap();
        joiner.finish()
    });
    drop(batch);
    for half in halves {
        each_trace(half, show);
    }
}

#[test]
fn real_traces_are_explained_within_their_bounds() {
    let sets = [
        (
            "trainticket",
            length_prefixed("traces/trainticket-2023-01-29_30.otlp.pb.gz"),
        ),
        (
            "fuchsia",
            length_prefixed("traces/fuchsia_trace.otlp.pb.gz"),
        ),
        (
            "python-fanout",
            length_prefixed("traces/otel-python-fanout.otlp.pb.gz"),
        ),
        (
            "otel-demo",
            json_lines("traces/otel-demo/otel-tui_test_data.jsonl.gz"),
        ),
        ("zipkin-lens", zipkin_files("traces/zipkin-lens")),
    ];
    for (name, batch) in sets {
        let Some(batch) = batch else { continue };
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut traces = 0;
        each_trace(batch, &mut |batch| {
            traces += 1;
            let batch = batch.into_distinct();
            for finding in bounded(&batch).findings {
                *counts.entry(finding.kind.name()).or_default() += 1;
            }
        });
        eprintln!("{name}: {traces} traces, {counts:?}");
    }
}
