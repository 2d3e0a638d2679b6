//! Spans as a load generator sends them, for the benchmarks.
//!
//! 160,000 spans, traces of 16 that arrive interleaved, 11 attributes each out
//! of 97 keys with 1,000 values. It must give the same spans in each run.

use tracewell_model::batch::builder::RawValue;
use tracewell_model::{Level, SpanBatch, SpanBatchBuilder, SpanHeader, SpanId, TraceId};
use tracewell_testkit::Random;

/// Spans of the batch.
pub(crate) const SPANS: u64 = 160_000;
const TRACE_SPANS: u64 = 16;
const ATTRIBUTES: u64 = 11;
const KEYS: u64 = 97;
const VALUES: u64 = 1000;
const BEGIN_NS: u64 = 1_700_000_000_000_000_000;

/// Traces that are being sent at one time.
const OPEN_TRACES: u64 = 64;

/// The batch that is sent as the first, the second and so on.
pub(crate) fn spans_of_a_load_generator(part: u64) -> SpanBatch {
    let mut random = Random::new(3 + part);
    let mut builder = SpanBatchBuilder::new();
    let resources: Vec<u32> = (0..10)
        .map(|n| {
            let resource = builder.resource(b"", 0, b"").expect("text is UTF-8");
            let name = format!("service-{n}");
            let name = RawValue::Str(name.as_bytes());
            builder
                .attribute(Level::Resource, resource, b"service.name", name)
                .expect("text is UTF-8");
            resource
        })
        .collect();
    let scope = builder
        .scope(b"load", b"1.0", b"", 0)
        .expect("text is UTF-8");
    for number in part * SPANS..(part + 1) * SPANS {
        let round = number / (OPEN_TRACES * TRACE_SPANS);
        let trace = round * OPEN_TRACES + number % OPEN_TRACES;
        let mut trace_random = Random::new(trace);
        let trace_id = u128::from(trace_random.number()) << 64 | u128::from(trace_random.number());
        let row = builder.next_span();
        // The number of keys is prime, so these are distinct.
        let (first, step) = (random.below(KEYS), 1 + random.below(KEYS - 1));
        for n in 0..ATTRIBUTES {
            let key = format!("attribute_{:02}", (first + n * step) % KEYS);
            let value = format!("value-{}", random.below(VALUES));
            let value = RawValue::Str(value.as_bytes());
            builder
                .attribute(Level::Span, row, key.as_bytes(), value)
                .expect("text is UTF-8");
        }
        let name = format!("operation-{}", random.below(40));
        let start_ns = BEGIN_NS + number * 10_000 + random.below(1_000_000);
        let header = SpanHeader {
            trace_id: TraceId(trace_id.to_be_bytes()),
            span_id: SpanId(random.number().to_be_bytes()),
            parent_span_id: SpanId(trace_random.number().to_be_bytes()),
            name: name.as_bytes(),
            kind: 1 + random.below(3) as i32,
            start_ns,
            end_ns: start_ns + random.below(50_000_000),
            flags: 1,
            resource: resources[random.below(10) as usize],
            scope,
            ..SpanHeader::default()
        };
        builder.span(&header).expect("text is UTF-8");
    }
    builder.finish()
}
