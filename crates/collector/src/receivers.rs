//! Receivers accept spans from clients and answer for them.
//!
//! A receiver is the *transport* of a protocol: listeners, limits, status
//! codes. The *shape* of its messages is in `tracewell-wire`. **A receiver
//! never keeps a span and never acknowledges one that its consumer has not.**

mod body;
mod connections;
pub mod otlp;
