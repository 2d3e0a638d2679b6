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
use crate::record::{KeyValue, Link, Value};
use std::borrow::Cow;
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
#[non_exhaustive]
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
    /// Attributes known at the start; empty unless the sampler
    /// [`reads_attributes`](Sampler::reads_attributes).
    pub attributes: &'a [KeyValue],
    /// Links known at the start.
    pub links: &'a [Link],
}

/// Whether a span is recorded.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SamplingDecision {
    /// It is recorded, and its context says so to others.
    pub is_sampled: bool,
    /// The tracestate of the span and its children.
    pub trace_state: Option<Arc<str>>,
    /// Set on the span, if it is recorded.
    pub attributes: Vec<KeyValue>,
}

impl SamplingDecision {
    /// With this tracestate; [`SamplingQuestion::trace_state`] for a sampler that
    /// has nothing to say about it.
    #[must_use]
    pub fn new(is_sampled: bool, trace_state: Option<Arc<str>>) -> SamplingDecision {
        SamplingDecision {
            is_sampled,
            trace_state,
            attributes: Vec::new(),
        }
    }

    /// Sets an attribute on the span, if it is recorded.
    #[must_use]
    pub fn attribute(
        mut self,
        key: impl Into<Cow<'static, str>>,
        value: impl Into<Value>,
    ) -> SamplingDecision {
        self.attributes.push(KeyValue::new(key, value));
        self
    }
}

impl<'a> SamplingQuestion<'a> {
    /// About a root span of kind internal: for tests of samplers, which change
    /// the fields that matter to them.
    #[must_use]
    pub fn root(trace_id: TraceId, name: &'a str) -> SamplingQuestion<'a> {
        SamplingQuestion {
            parent: None,
            trace_id,
            name,
            kind: SpanKind::Internal,
            service: "",
            attributes: &[],
            links: &[],
        }
    }

    /// The tracestate of the parent, which a sampler that has nothing to say
    /// about it hands on.
    #[must_use]
    pub fn trace_state(&self) -> Option<Arc<str>> {
        self.parent.and_then(|parent| parent.trace_state.clone())
    }

    /// The value of an attribute.
    #[must_use]
    pub fn attribute(&self, key: &str) -> Option<&'a Value> {
        let found = self.attributes.iter().find(|it| it.key == key)?;
        Some(&found.value)
    }
}

/// Decides for each span when it starts. Called on the application's threads.
///
/// ```
/// use tracewell_instrument::sampling::{Sampler, SamplingDecision, SamplingQuestion};
///
/// /// Leaves out what a probe asks for.
/// #[derive(Debug)]
/// struct WithoutProbes;
///
/// impl Sampler for WithoutProbes {
///     fn decide(&self, question: &SamplingQuestion<'_>) -> SamplingDecision {
///         let path = question.attribute("url.path");
///         let is_probe = path.is_some_and(|path| *path == "/health".into());
///         SamplingDecision::new(!is_probe, question.trace_state())
///     }
///
///     fn reads_attributes(&self) -> bool {
///         true
///     }
/// }
/// ```
pub trait Sampler: Send + Sync + fmt::Debug {
    /// The answer.
    fn decide(&self, question: &SamplingQuestion<'_>) -> SamplingDecision;

    /// Whether it wants to see attributes: then fields of `tracing`, and what
    /// middleware says of a request, are read before it is asked, also for spans
    /// that it will refuse. Asked once, at the set-up.
    fn reads_attributes(&self) -> bool {
        false
    }
}
