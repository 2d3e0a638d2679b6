//! Bodies in every compression; the first byte says in which.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tracewell_fuzz::compressed(bytes));
