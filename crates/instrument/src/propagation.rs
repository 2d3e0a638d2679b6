//! Trace context and baggage between processes, in every format in use.
//!
//! It exists so that a trace survives whatever its neighbours speak: W3C,
//! B3, Jaeger, OpenTracing or X-Ray. It must never panic on a header, nor keep more of one
//! than the limits written here.

mod b3;
mod baggage;
mod carrier;
mod hex;
mod jaeger;
mod named;
mod ot_trace;
pub(crate) mod percent;
mod prefixed;
#[cfg(test)]
mod tests;
mod trace_context;
pub(crate) mod trace_state;
mod xray;

pub use b3::{B3, B3Encoding};
pub use baggage::{Baggage, BaggageEntry, MAX_BAGGAGE_BYTES, MAX_BAGGAGE_MEMBERS, W3cBaggage};
pub use carrier::{Extract, Inject};
pub use jaeger::Jaeger;
pub use named::{PropagatorError, Propagators};
pub use ot_trace::OtTrace;
pub use trace_context::TraceContext;
pub use trace_state::{MAX_TRACE_STATE_BYTES, MAX_TRACE_STATE_MEMBERS};
pub use xray::XRay;

use crate::context::SpanContext;
use std::fmt;

/// What travels with a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Propagated {
    /// The span on whose behalf the request is made; not valid when there is none.
    pub span: SpanContext,
    /// What the application sends along.
    pub baggage: Baggage,
}

impl Propagated {
    /// Takes `span` for the caller's. Where an earlier format named the same
    /// span, its tracestate is kept: only W3C carries one.
    fn take_span(&mut self, mut span: SpanContext) {
        let is_same = self.span.trace_id == span.trace_id && self.span.span_id == span.span_id;
        if is_same && span.trace_state.is_none() {
            span.trace_state = self.span.trace_state.take();
        }
        self.span = span;
    }
}

/// One header format, read and written.
pub trait Propagator: Send + Sync + fmt::Debug {
    /// The names of the headers it writes, in lower case; a name that ends in
    /// `-` stands for all that begin with it.
    fn fields(&self) -> &'static [&'static str];

    /// Writes `propagated` to `carrier`. A span that is not valid writes nothing.
    fn inject(&self, propagated: &Propagated, carrier: &mut dyn Inject);

    /// Reads from `carrier` into `propagated`, which stays as it was where the
    /// headers are absent or malformed.
    fn extract(&self, carrier: &dyn Extract, propagated: &mut Propagated);
}
