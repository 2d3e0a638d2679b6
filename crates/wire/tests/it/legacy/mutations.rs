//! Bytes that nobody should send, made from those that somebody did: no panic,
//! and no memory out of proportion.

use super::captures;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tracewell_testkit::thrift::{Val, binary, compact_call, list, of};
use tracewell_wire::{Decoded, WireError, jaeger, zipkin};

type Decode = fn(&[u8]) -> Result<Decoded, WireError>;

const DECODERS: [Decode; 7] = [
    jaeger::thrift::decode,
    jaeger::thrift::decode_datagram,
    jaeger::protobuf::decode,
    zipkin::v1::json::decode,
    zipkin::v1::thrift::decode,
    zipkin::v2::json::decode,
    zipkin::v2::protobuf::decode,
];

/// What a batch may cost for each byte of the request, and on top of that.
const MEMORY_PER_BYTE: usize = 60;
const MEMORY_FIXED: usize = 10_000;

fn check(decode: Decode, bytes: &[u8]) {
    if let Ok(decoded) = decode(bytes) {
        let memory = decoded.batch.memory_bytes();
        let most = MEMORY_PER_BYTE * bytes.len() + MEMORY_FIXED;
        assert!(memory <= most, "{memory} bytes of {}", bytes.len());
        // What was accepted is well formed for everybody else.
        let again = tracewell_wire::otlp::protobuf::encode(&decoded.batch);
        let back = tracewell_wire::otlp::protobuf::decode(&again).unwrap();
        assert_eq!(back.batch.len(), decoded.batch.len());
    }
}

#[test]
fn mutated_captures_are_no_danger() {
    let small = |capture: &captures::Capture| capture.body.len() < 100_000;
    for capture in captures::all().iter().filter(|one| small(one)) {
        // The same mutations in every run; more of them for what is short.
        let cases = (400_000 / capture.body.len()).clamp(5, 200) as u32;
        let mut runner = TestRunner::new_with_rng(
            Config::with_cases(cases),
            proptest::test_runner::TestRng::deterministic_rng(
                proptest::test_runner::RngAlgorithm::ChaCha,
            ),
        );
        let places = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5);
        let mutation = (places, any::<prop::sample::Index>());
        let run = runner.run(&mutation, |(places, cut)| {
            let mut bytes = capture.body.clone();
            check(capture.decode, &bytes[..cut.index(bytes.len())]);
            for (place, byte) in places {
                let len = bytes.len();
                bytes[place.index(len)] = byte;
            }
            check(capture.decode, &bytes);
            Ok(())
        });
        run.unwrap_or_else(|error| panic!("{}: {error}", capture.name));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn arbitrary_bytes_are_no_danger(bytes: Vec<u8>) {
        for decode in DECODERS {
            check(decode, &bytes);
        }
    }
}

#[test]
fn the_smallest_elements_cost_no_more_than_others() {
    // A byte each in the compact protocol: spans, tags, logs and references of
    // nothing.
    let nothings = |len: usize| Val::List(vec![of([]); len]);
    let ids = |more| {
        let fields = [(1, 7), (3, 8), (8, 9)];
        let mut span = fields.map(|(id, value)| (id, Val::I64(value))).to_vec();
        span.push(more);
        Val::Struct(span)
    };
    for field in [6, 10, 11] {
        let batch = of([(2, list([ids((field, nothings(20_000)))]))]);
        check(
            jaeger::thrift::decode_datagram,
            &compact_call("emitBatch", &batch),
        );
        check(jaeger::thrift::decode, &binary(&batch));
    }
    let batch = of([(2, nothings(20_000))]);
    let decoded = jaeger::thrift::decode(&binary(&batch)).unwrap();
    assert_eq!(decoded.rejected.total(), 20_000);
    let spans = list([of([
        (1, Val::I64(1)),
        (4, Val::I64(1)),
        (6, nothings(20_000)),
    ])]);
    check(zipkin::v1::thrift::decode, &binary(&spans));
    check(
        jaeger::thrift::decode_datagram,
        &compact_call("emitZipkinBatch", &spans),
    );
}
