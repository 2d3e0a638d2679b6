//! Tests of the crate from outside, in one binary.

#![expect(
    clippy::unwrap_used,
    reason = "a test that finds no value where there must be one has failed"
)]

mod hostile;
mod interop;
mod round_trip;
mod samples;
