//! A Thrift `Batch` over HTTP.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    tracewell_fuzz::spans(tracewell_wire::jaeger::thrift::decode, bytes);
});
