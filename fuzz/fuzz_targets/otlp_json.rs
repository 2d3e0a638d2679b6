//! OTLP in JSON.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    tracewell_fuzz::spans(tracewell_wire::otlp::json::decode, bytes);
});
