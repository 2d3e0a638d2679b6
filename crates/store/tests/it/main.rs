//! Tests of the store from outside.

#![expect(
    clippy::unwrap_used,
    reason = "clippy exempts test functions, not what they call"
)]

mod conformance;
mod embedded;
