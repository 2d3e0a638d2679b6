//! Zipkin's second format in JSON.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    tracewell_fuzz::spans(tracewell_wire::zipkin::v2::json::decode, bytes);
});
