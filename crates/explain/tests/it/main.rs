//! Tests of explanations.

#![expect(clippy::unwrap_used, reason = "tests")]

mod bounds;
mod cases;
mod cost;
mod drawn;
mod real_traces;
