//! Tests of the crate from outside, in one binary.

mod hostile;
mod interop;
mod round_trip;
mod samples;
