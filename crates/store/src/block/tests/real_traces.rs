//! The public traces of the shared data, sealed and read back.

#![expect(clippy::disallowed_methods, reason = "data of the tests")]

use std::fs;

use tracewell_model::batch::concat::BatchJoiner;
use tracewell_model::{SpanBatch, failure};
use tracewell_testkit::{flatten, shared_data};
use tracewell_wire::decompress::{Encoding, decompress};
use tracewell_wire::otlp::protobuf;

use super::{all_ids, block_of, operations_of, read_all, sorted};

/// Enough for several row groups, few enough for an unoptimised test.
const MOST_SPANS: usize = 40_000;

const MOST_BYTES: usize = 1 << 30;

/// Spans of a file of length-prefixed requests, about the first
/// [`MOST_SPANS`]; `None` when it is not there.
fn spans_of(file: &str) -> Option<SpanBatch> {
    let packed = fs::read(shared_data::find(file)?).unwrap();
    let bytes = decompress(&packed, Encoding::Gzip, MOST_BYTES).unwrap();
    let mut joiner = BatchJoiner::new();
    let mut rest = bytes.as_slice();
    while let Some((length, after)) = rest
        .split_first_chunk()
        .filter(|_| joiner.len() < MOST_SPANS)
    {
        let (request, after) = after.split_at(u32::from_be_bytes(*length) as usize);
        joiner
            .append(&protobuf::decode(request).unwrap().batch)
            .unwrap();
        rest = after;
    }
    Some(joiner.finish())
}

#[test]
fn public_traces_come_back_as_they_were() {
    for file in [
        "traces/trainticket-2023-01-29_30.otlp.pb.gz",
        "traces/fuchsia_trace.otlp.pb.gz",
        "traces/otel-python-fanout.otlp.pb.gz",
    ] {
        let Some(batch) = spans_of(file) else { return };
        let (_, block) = block_of(&batch);
        let (read, sent) = (read_all(&block, &all_ids(&batch)), sorted(flatten(&batch)));
        assert!(read == sent, "{file} reads back otherwise");
        let counted: u64 = operations_of(&block)
            .iter()
            .map(|operation| operation.failed)
            .sum();
        assert_eq!(
            counted,
            failure::failed_rows(&batch).count() as u64,
            "{file}"
        );
    }
}
