//! The recorder: from the start of a span to a finished span in a chunk.
//!
//! It exists because a span must cost little on the application's thread:
//! nothing here allocates, locks or reads a clock for a span that is not
//! recorded. It must never block on the exporter: what does not fit is dropped
//! and counted.

mod builder;
mod clock;
mod core;
mod current;
mod data;
mod exception;
mod finish;
mod handle;
mod inbox;
mod keep;
mod limits;
mod panic;
mod queue;
mod random;
mod span;
mod start;
mod thread;
mod thread_chunk;
mod tracer;
mod value;

pub use builder::{SpanBuilder, span};
pub use current::{Context, ContextGuard};
pub use data::{Event, Link, SpanData, Status};
pub use handle::{SpanHandle, current_span};
pub use keep::KeepPolicy;
pub use limits::SpanLimits;
pub use span::Span;
pub use tracer::{DefaultGuard, Tracer};
pub use value::{Array, KeyValue, Value};

pub(crate) use self::core::{Core, CoreSettings};
#[cfg(any(
    feature = "json-logs",
    feature = "opentelemetry-0_33",
    feature = "otlp-logs"
))]
pub(crate) use clock::wall_unix_ns;
pub(crate) use clock::wall_unix_s;
pub(crate) use data::{Part, Scope};
#[cfg(feature = "tracing")]
pub(crate) use exception::Exception;
pub(crate) use panic::note as note_panic;
pub(crate) use queue::QueueLimits;
pub(crate) use random::random_bits;
pub(crate) use tracer::{set_global, suppress_this_thread};
