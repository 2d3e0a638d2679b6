//! Zipkin's first format in Thrift.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    tracewell_fuzz::spans(tracewell_wire::zipkin::v1::thrift::decode, bytes);
});
