//! What people type.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| tracewell_fuzz::query(text));
