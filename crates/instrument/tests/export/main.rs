//! Exporting to a collector made for these tests, which decodes with
//! independent code.
//!
//! It exists because what counts is what arrives. No test may need a fixed
//! port, a sleep or the process's environment.

#![allow(
    clippy::unwrap_used,
    reason = "a test that unwraps says where it failed"
)]

mod collector;
mod delivery;
mod encoding;
mod process;
mod setup;
mod shutdown;
