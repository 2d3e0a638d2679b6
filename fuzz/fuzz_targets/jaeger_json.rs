//! Traces as Jaeger's API gives them.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    tracewell_fuzz::spans(tracewell_wire::jaeger::json::decode, bytes);
});
