//! Distributed tracing for Rust applications.
//!
//! It exists so that one line puts an application's spans into any OTLP
//! backend, cheaply enough to leave on. It must never block, panic or slow an
//! application because its backend is away.

pub mod context;
pub mod propagation;
pub mod sampling;
