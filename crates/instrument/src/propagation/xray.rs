//! The header of AWS X-Ray.
//!
//! ```text
//! x-amzn-trace-id: Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=1
//!                         the trace id, after 8 and 32 digits    span id      0, 1, or ? for yours
//! ```
//!
//! It exists for what runs behind AWS gateways, queues and functions. It must
//! never take a load balancer's `Root` alone for a parent.

use super::hex::{self, Case};
use super::{Extract, Inject, Propagated, Propagator};
use crate::context::{SpanContext, TraceFlags, TraceId};

const X_AMZN_TRACE_ID: &str = "x-amzn-trace-id";
/// AWS documents 256 bytes for what it passes on.
const MAX_FIELDS: usize = 16;

/// Reads and writes `X-Amzn-Trace-Id`.
#[derive(Debug, Clone, Copy, Default)]
pub struct XRay;

impl Propagator for XRay {
    fn fields(&self) -> &'static [&'static str] {
        &[X_AMZN_TRACE_ID]
    }

    fn inject(&self, propagated: &Propagated, carrier: &mut dyn Inject) {
        let span = &propagated.span;
        if !span.is_valid() {
            return;
        }
        let (seconds, unique) = (span.trace_id.0 >> 96, span.trace_id.0 & (u128::MAX >> 32));
        let sampled = u8::from(span.is_sampled());
        let parent = span.span_id;
        carrier.set(
            X_AMZN_TRACE_ID,
            &format!("Root=1-{seconds:08x}-{unique:024x};Parent={parent};Sampled={sampled}"),
        );
    }

    fn extract(&self, carrier: &dyn Extract, propagated: &mut Propagated) {
        if let Some(span) = carrier.get(X_AMZN_TRACE_ID).and_then(parse) {
            propagated.take_span(span);
        }
    }
}

fn parse(header: &str) -> Option<SpanContext> {
    let (mut trace_id, mut span_id) = (None, None);
    let mut flags = TraceFlags::DEFERRED;
    for field in header.split(';').take(MAX_FIELDS) {
        let Some((key, value)) = field.trim().split_once('=') else {
            continue;
        };
        match key {
            "Root" => trace_id = Some(parse_root(value)?),
            "Parent" if value.len() == 16 => span_id = hex::span_id(value, Case::Any),
            "Sampled" => match value {
                "1" => flags = TraceFlags::SAMPLED,
                "0" => flags = TraceFlags::default(),
                _ => {}
            },
            _ => {}
        }
    }
    Some(SpanContext {
        trace_id: trace_id?,
        span_id: span_id?,
        flags,
        trace_state: None,
        is_remote: true,
    })
}

fn parse_root(root: &str) -> Option<TraceId> {
    let (seconds, unique) = root.strip_prefix("1-")?.split_once('-')?;
    if seconds.len() != 8 || unique.len() != 24 {
        return None;
    }
    let (seconds, unique) = (
        hex::parse(seconds, Case::Any)?,
        hex::parse(unique, Case::Any)?,
    );
    Some(TraceId((seconds << 96) | unique)).filter(|id| id.is_valid())
}
