//! W3C Trace Context level 2: `traceparent` and `tracestate`.
//!
//! ```text
//! traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03
//!              version  trace id (32)               span id (16)     flags
//! ```
//!
//! It exists because it is the format that all others are replaced by. It must
//! never continue a trace from a header that the standard calls invalid.

use super::hex::{self, Case};
use super::{Extract, Inject, Propagated, Propagator, trace_state};
use crate::context::{SpanContext, TraceFlags};

const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";
/// The length of version 00, and of the part that later versions share.
const TRACEPARENT_LEN: usize = 55;

/// Reads and writes `traceparent` and `tracestate`.
#[derive(Debug, Clone, Copy, Default)]
pub struct TraceContext;

impl Propagator for TraceContext {
    fn fields(&self) -> &'static [&'static str] {
        &[TRACEPARENT, TRACESTATE]
    }

    fn inject(&self, propagated: &Propagated, carrier: &mut dyn Inject) {
        let span = &propagated.span;
        if !span.is_valid() {
            return;
        }
        let flags = span.flags.w3c();
        carrier.set(
            TRACEPARENT,
            &format!("00-{}-{}-{flags:02x}", span.trace_id, span.span_id),
        );
        if let Some(state) = span.trace_state.as_deref() {
            carrier.set(TRACESTATE, state);
        }
    }

    fn extract(&self, carrier: &dyn Extract, propagated: &mut Propagated) {
        let mut count = 0;
        let mut parsed = None;
        carrier.get_all(TRACEPARENT, &mut |value| {
            count += 1;
            parsed = parse(value);
        });
        // Two of them cannot both be the parent, and neither is to be trusted.
        if let (1, Some(mut span)) = (count, parsed) {
            let mut members = trace_state::Members::default();
            carrier.get_all(TRACESTATE, &mut |value| members.push_header(value));
            span.trace_state = members.finish();
            propagated.take_span(span);
        }
    }
}

fn parse(value: &str) -> Option<SpanContext> {
    let value = value.trim_matches([' ', '\t']);
    let version = hex::byte(value.get(..2)?, Case::Lower)?;
    let rest = value.get(TRACEPARENT_LEN..)?;
    let is_known_length = rest.is_empty() || (version > 0 && rest.starts_with('-'));
    if version == 0xff || !is_known_length {
        return None;
    }
    let mut fields = value.get(2..TRACEPARENT_LEN)?.split('-').skip(1);
    let (trace_id, span_id, flags) = (fields.next()?, fields.next()?, fields.next()?);
    // The total is fixed, so these two lengths fix the third and the count.
    if trace_id.len() != 32 || span_id.len() != 16 || fields.next().is_some() {
        return None;
    }
    Some(SpanContext {
        trace_id: hex::trace_id(trace_id, Case::Lower)?,
        span_id: hex::span_id(span_id, Case::Lower)?,
        flags: TraceFlags(TraceFlags(hex::byte(flags, Case::Lower)?).w3c()),
        trace_state: None,
        is_remote: true,
    })
}
