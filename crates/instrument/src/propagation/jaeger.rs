//! The headers of Jaeger clients: `uber-trace-id` and `uberctx-*`.
//!
//! ```text
//! uber-trace-id: 0af7651916cd43dd8448eb211c80319c:b7ad6b7169203331:0:1
//!                trace id (zeros may be missing)  span id     parent  flags
//! ```
//!
//! It exists for services that still run a Jaeger client. It must never read
//! more baggage than the W3C form may carry.

use super::hex::{self, Case};
use super::{Extract, Inject, Propagated, Propagator, percent, prefixed};
use crate::context::{SpanContext, TraceFlags};

const UBER_TRACE_ID: &str = "uber-trace-id";
const BAGGAGE_PREFIX: &str = "uberctx-";
const SAMPLED: u8 = 0x01;
const DEBUG: u8 = 0x02;
/// Two ids, 16 digits of parent, flags and colons, percent-encoded at worst.
const MAX_HEADER_BYTES: usize = 128;

/// Reads and writes Jaeger's headers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Jaeger;

impl Propagator for Jaeger {
    fn fields(&self) -> &'static [&'static str] {
        &[UBER_TRACE_ID, BAGGAGE_PREFIX]
    }

    fn inject(&self, propagated: &Propagated, carrier: &mut dyn Inject) {
        let span = &propagated.span;
        if span.is_valid() {
            let is_debug = span.is_sampled() && span.flags.contains(TraceFlags::DEBUG);
            let flags = u8::from(span.is_sampled()) * SAMPLED + u8::from(is_debug) * DEBUG;
            // The parent has been without use since Jaeger 1.0; clients send 0.
            carrier.set(
                UBER_TRACE_ID,
                &format!("{}:{}:0:{flags:x}", span.trace_id, span.span_id),
            );
        }
        prefixed::inject(&propagated.baggage, BAGGAGE_PREFIX, encoded, carrier);
    }

    fn extract(&self, carrier: &dyn Extract, propagated: &mut Propagated) {
        if let Some(span) = carrier.get(UBER_TRACE_ID).and_then(parse) {
            propagated.take_span(span);
        }
        prefixed::extract(carrier, BAGGAGE_PREFIX, &mut propagated.baggage);
    }
}

fn encoded(value: &str) -> String {
    let mut text = String::new();
    percent::encode(value, &mut text);
    text
}

fn parse(header: &str) -> Option<SpanContext> {
    if header.len() > MAX_HEADER_BYTES {
        return None;
    }
    // Some clients encode the colons.
    let header = percent::decode(header.trim());
    let mut fields = header.split(':');
    let (trace_id, span_id) = (fields.next()?, fields.next()?);
    let (_parent, flags) = (fields.next()?, fields.next()?);
    if fields.next().is_some() {
        return None;
    }
    let jaeger_flags = hex::byte(flags, Case::Any)?;
    let is_sampled = jaeger_flags & SAMPLED != 0;
    Some(SpanContext {
        trace_id: hex::trace_id(trace_id, Case::Any)?,
        span_id: hex::span_id(span_id, Case::Any)?,
        flags: TraceFlags::default()
            .with(TraceFlags::SAMPLED, is_sampled)
            .with(TraceFlags::DEBUG, is_sampled && jaeger_flags & DEBUG != 0),
        trace_state: None,
        is_remote: true,
    })
}
