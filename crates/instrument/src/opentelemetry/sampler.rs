//! Our samplers for OpenTelemetry's own SDK.
//!
//! It exists so that programs which stay with the stock SDK have rate limits,
//! dynamic rates and consistent thresholds. It must never decide otherwise than
//! our recorder would.

use super::convert::{
    from_attributes, from_kind, from_link, from_span_context, to_attribute, to_trace_state,
};
use crate::context::TraceId;
use crate::sampling::{Sampler, SamplingQuestion};
use ::opentelemetry::trace::{Link, SpanKind, TraceContextExt as _};
use ::opentelemetry::{Context as OtelContext, KeyValue};
use opentelemetry_sdk::trace::{SamplingDecision, SamplingResult, ShouldSample};
use std::sync::Arc;

/// What `service.name` is where nobody said (semantic conventions, resource).
const UNKNOWN_SERVICE: &str = "unknown_service";

/// A sampler of [`sampling`](crate::sampling) for the stock SDK.
///
/// Keeping errors and slow traces is not a sampler's work but the recorder's,
/// and not to be had with the stock SDK.
///
/// ```
/// use opentelemetry_sdk::trace::SdkTracerProvider;
/// use std::sync::Arc;
/// use tracewell_instrument::opentelemetry::SdkSampler;
/// use tracewell_instrument::sampling::{ParentBased, Ratio};
///
/// let sampler = ParentBased::new(Arc::new(Ratio::new(0.1)));
/// let provider = SdkTracerProvider::builder()
///     .with_sampler(SdkSampler::new(Arc::new(sampler)).service("shop"))
///     .build();
/// # drop(provider);
/// ```
#[derive(Debug, Clone)]
pub struct SdkSampler {
    sampler: Arc<dyn Sampler>,
    service: Arc<str>,
    reads_attributes: bool,
}

impl SdkSampler {
    /// Decides as `sampler` does.
    #[must_use]
    pub fn new(sampler: Arc<dyn Sampler>) -> SdkSampler {
        SdkSampler {
            reads_attributes: sampler.reads_attributes(),
            sampler,
            service: UNKNOWN_SERVICE.into(),
        }
    }

    /// The service's name, for samplers that have a rate for each;
    /// `unknown_service` unless said. The SDK does not tell samplers its
    /// resource.
    #[must_use]
    pub fn service(mut self, name: &str) -> SdkSampler {
        self.service = name.into();
        self
    }
}

impl ShouldSample for SdkSampler {
    fn should_sample(
        &self,
        parent_context: Option<&OtelContext>,
        trace_id: ::opentelemetry::TraceId,
        name: &str,
        span_kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let parent = parent_context
            .map(|context| from_span_context(context.span().span_context()))
            .filter(|parent| parent.is_valid());
        let (attributes, links) = if self.reads_attributes {
            let links = links.iter().map(from_link).collect();
            (from_attributes(attributes.to_vec()), links)
        } else {
            (Vec::new(), Vec::new())
        };
        let trace_id = TraceId(u128::from_be_bytes(trace_id.to_bytes()));
        let decision = self.sampler.decide(&SamplingQuestion {
            parent: parent.as_ref(),
            kind: from_kind(span_kind),
            service: &self.service,
            attributes: &attributes,
            links: &links,
            ..SamplingQuestion::root(trace_id, name)
        });
        SamplingResult {
            decision: if decision.is_sampled {
                SamplingDecision::RecordAndSample
            } else {
                SamplingDecision::Drop
            },
            attributes: decision.attributes.into_iter().map(to_attribute).collect(),
            trace_state: to_trace_state(decision.trace_state.as_deref()),
        }
    }
}
