//! Distributed tracing for Rust applications.
//!
//! It exists so that one line puts an application's spans into any OTLP
//! backend, cheaply enough to leave on. It must never block, panic or slow an
//! application because its backend is away.

#[cfg(test)]
extern crate axum_0_8 as axum;

pub mod context;
pub mod correlation;
mod export;
#[cfg(feature = "tracing")]
pub mod layer;
pub mod middleware;
pub mod mock;
#[cfg(feature = "opentelemetry-0_33")]
pub mod opentelemetry;
mod process;
pub mod processing;
pub mod propagation;
mod record;
pub mod sampling;
pub mod setup;
mod statistics;

pub use export::{BatchSettings, Compression, FlushError, Protocol, TlsSettings};
#[cfg(feature = "tracing")]
pub use layer::layer;
pub use record::{
    Array, Context, ContextGuard, DefaultGuard, Event, KeepPolicy, KeyValue, Link, Span,
    SpanBuilder, SpanData, SpanHandle, SpanLimits, Status, Tracer, Value, current_span, span,
};
pub use sampling::SpanKind;
pub use setup::{Builder, Guard, SetupError, builder, init, propagators};
pub use statistics::Statistics;

/// The code of the README, which is compiled where tests are.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
