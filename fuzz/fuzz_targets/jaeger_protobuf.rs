//! Jaeger's `PostSpansRequest`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    tracewell_fuzz::spans(tracewell_wire::jaeger::protobuf::decode, bytes);
});
