//! Which spans are recorded, decided when a span starts.
//!
//! It exists so that the recorder asks one question, whoever answers it. It
//! must never block or allocate when the answer is no.

mod bucket;
mod clock;
mod constant;
mod dynamic;
mod named;
mod operations;
mod ot;
mod parent;
mod rate;
mod ratio;
#[cfg(feature = "jaeger-remote")]
pub mod remote;
#[cfg(test)]
mod tests;
mod threshold;

pub use clock::{Monotonic, SamplingClock};
pub use constant::{AlwaysOff, AlwaysOn};
pub use dynamic::{Dynamic, DynamicTargets};
pub use named::{SamplerError, sampler_from_names};
pub use parent::ParentBased;
pub use rate::RateLimited;
pub use ratio::Ratio;

use crate::context::{SpanContext, TraceId};
use std::fmt;
use std::sync::Arc;

/// What a span is, as OTLP numbers it (opentelemetry/proto/trace/v1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum SpanKind {
    /// Work inside a process.
    #[default]
    Internal = 1,
    /// A request that is answered.
    Server = 2,
    /// A request that is sent.
    Client = 3,
    /// A message that is sent.
    Producer = 4,
    /// A message that is handled.
    Consumer = 5,
}

/// What is known when a span starts.
#[derive(Debug, Clone, Copy)]
pub struct SamplingQuestion<'a> {
    /// The parent, when it is valid.
    pub parent: Option<&'a SpanContext>,
    /// The trace the span will belong to.
    pub trace_id: TraceId,
    /// The span's name.
    pub name: &'a str,
    /// The span's kind.
    pub kind: SpanKind,
    /// The service that records, from its resource.
    pub service: &'a str,
}

/// Whether a span is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SamplingDecision {
    /// It is recorded, and its context says so to others.
    pub is_sampled: bool,
    /// The tracestate of the span and its children.
    pub trace_state: Option<Arc<str>>,
}

impl SamplingQuestion<'_> {
    /// The tracestate of the parent, which a sampler that has nothing to say
    /// about it hands on.
    fn trace_state(&self) -> Option<Arc<str>> {
        self.parent.and_then(|parent| parent.trace_state.clone())
    }
}

/// Decides for each span when it starts. Called on the application's threads.
pub trait Sampler: Send + Sync + fmt::Debug {
    /// The answer.
    fn decide(&self, question: &SamplingQuestion<'_>) -> SamplingDecision;
}
