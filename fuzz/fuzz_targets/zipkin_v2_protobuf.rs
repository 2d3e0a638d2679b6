//! Zipkin's second format in protobuf.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    tracewell_fuzz::spans(tracewell_wire::zipkin::v2::protobuf::decode, bytes);
});
