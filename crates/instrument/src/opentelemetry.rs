//! OpenTelemetry's API on this recorder, and our samplers and propagators for
//! its own SDK.
//!
//! It exists so that libraries instrumented with the `opentelemetry` crate
//! join the traces of everything else. It must never be a second recorder:
//! what they start are this crate's spans.
//!
//! ```
//! use opentelemetry::trace::{Tracer as _, TraceContextExt as _};
//! use opentelemetry::{KeyValue, global};
//! use tracewell_instrument::mock::{MockExporter, expect};
//! use tracewell_instrument::span;
//!
//! // Once, after `tracewell_instrument::init()`; here with a mock instead.
//! tracewell_instrument::opentelemetry::install();
//! let mock = MockExporter::new();
//! let _default = mock.tracer().set_default();
//!
//! span("checkout").start().in_scope(|| {
//!     // In a library that knows OpenTelemetry only:
//!     global::tracer("payment").in_span("charge", |context| {
//!         context.span().set_attribute(KeyValue::new("amount", 3));
//!         span("INSERT charges").start().end();
//!     });
//! });
//!
//! mock.assert([
//!     expect("checkout").root(),
//!     expect("charge").child_of("checkout").attribute("amount", 3),
//!     expect("INSERT charges").child_of("charge"),
//! ]);
//! ```
//!
//! # What is current
//!
//! From the first [`provider`] or [`install`] on, both sides have one current
//! context per thread:
//!
//! - Whatever was attached last on the thread, by either side, is the parent of
//!   what either side starts. What was attached before that call takes part as
//!   long as nothing is attached over it.
//! - `opentelemetry::Context::current()` has the ids and the baggage of a span of
//!   ours; it can be injected, and handed to other threads and futures. The API
//!   cannot change such a span: it belongs to whoever started it.
//! - [`Context::current`](crate::Context::current) has the ids and the baggage of
//!   a span that was started through the API.
//! - Where the API is given a context, that one counts: its span is the parent,
//!   and without a span the new one is a root.
//! - The other values of OpenTelemetry's context stay as they are when a context
//!   of ours is attached over it, and do not travel with ours to other threads.
//!
//! As with OpenTelemetry's own contexts, nothing may be attached, and no span of
//! `tracing` entered, from within the function handed to
//! `opentelemetry::Context::map_current` or `get_active_span`: the API panics.
//!
//! Attaching a context of ours then costs an allocation and, where there is a
//! tracestate, its copy.
//!
//! # The stock SDK
//!
//! [`TextMap`] makes our [`propagation`](crate::propagation) formats its
//! propagators, and with the feature `opentelemetry-sdk-0_33` `SdkSampler` makes
//! our [`sampling`](crate::sampling) its samplers.

mod convert;
mod current;
#[cfg(feature = "opentelemetry-sdk-0_33")]
mod sampler;
mod span;
mod text_map;
mod tracer;

#[cfg(feature = "opentelemetry-sdk-0_33")]
pub use sampler::SdkSampler;
pub use span::Span;
pub use text_map::TextMap;
pub use tracer::{Tracer, TracerProvider};

pub(crate) use current::{Mirror, newer_than};

/// A provider for `opentelemetry::global::set_tracer_provider`. It records
/// through the process's set-up, also one that is made later, or through the
/// thread's (see [`Tracer::set_default`](crate::Tracer::set_default)).
#[must_use]
pub fn provider() -> TracerProvider {
    current::share();
    TracerProvider::default()
}

/// Makes this recorder OpenTelemetry's global provider, and the formats of the
/// set-up its global propagator.
pub fn install() {
    ::opentelemetry::global::set_tracer_provider(provider());
    ::opentelemetry::global::set_text_map_propagator(TextMap::default());
}
