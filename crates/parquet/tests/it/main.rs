//! Tests of the crate from outside, in one binary.

mod round_trip;
mod samples;
