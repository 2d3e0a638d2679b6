//! The headers of OpenTracing's basic tracers and of Lightstep's:
//! `ot-tracer-*` and `ot-baggage-*`.
//!
//! ```text
//! ot-tracer-traceid: 16cd43dd8448eb21     16 digits, or 32
//! ot-tracer-spanid: b7ad6b7169203331
//! ot-tracer-sampled: true
//! ```
//!
//! It exists for services that still run such a tracer. OpenTelemetry's own
//! propagators cut trace ids to 16 digits when they write; this one writes all
//! 32 where there are more than 16, because the others read them, and a trace
//! that was cut is two.

use super::hex::{self, Case};
use super::{Extract, Inject, Propagated, Propagator, percent, prefixed};
use crate::context::{SpanContext, TraceFlags};

const TRACE_ID: &str = "ot-tracer-traceid";
const SPAN_ID: &str = "ot-tracer-spanid";
const SAMPLED: &str = "ot-tracer-sampled";
const BAGGAGE_PREFIX: &str = "ot-baggage-";

/// Reads and writes the headers of OpenTracing's tracers
/// (`OTEL_PROPAGATORS=ottrace`).
#[derive(Debug, Clone, Copy, Default)]
pub struct OtTrace;

impl Propagator for OtTrace {
    fn fields(&self) -> &'static [&'static str] {
        &[TRACE_ID, SPAN_ID, SAMPLED, BAGGAGE_PREFIX]
    }

    fn inject(&self, propagated: &Propagated, carrier: &mut dyn Inject) {
        let span = &propagated.span;
        if span.is_valid() {
            let trace_id = span.trace_id.to_string();
            let (high, low) = trace_id.split_at(16);
            let is_short = high.bytes().all(|digit| digit == b'0');
            carrier.set(TRACE_ID, if is_short { low } else { &trace_id });
            carrier.set(SPAN_ID, &span.span_id.to_string());
            let sampled = if span.is_sampled() { "true" } else { "false" };
            carrier.set(SAMPLED, sampled);
        }
        prefixed::inject(&propagated.baggage, BAGGAGE_PREFIX, plain, carrier);
    }

    fn extract(&self, carrier: &dyn Extract, propagated: &mut Propagated) {
        let ids = carrier.get(TRACE_ID).zip(carrier.get(SPAN_ID));
        if let Some((trace_id, span_id)) = ids
            && let Some(span) = parse(trace_id, span_id, carrier.get(SAMPLED))
        {
            propagated.take_span(span);
        }
        prefixed::extract(carrier, BAGGAGE_PREFIX, &mut propagated.baggage);
    }
}

/// The format knows no encoding, so a value is encoded only where it could not
/// be a header or be taken for an encoded one.
fn plain(value: &str) -> String {
    let is_header = value
        .bytes()
        .all(|byte| matches!(byte, b' '..=b'~') && byte != b'%');
    if is_header && value.trim() == value {
        return value.to_owned();
    }
    let mut text = String::new();
    percent::encode(value, &mut text);
    text
}

fn parse(trace_id: &str, span_id: &str, sampled: Option<&str>) -> Option<SpanContext> {
    let flags = match sampled.map(str::trim) {
        Some("true" | "1") => TraceFlags::SAMPLED,
        Some("false" | "0") => TraceFlags::default(),
        // Absent or unreadable: the decision is ours.
        _ => TraceFlags::DEFERRED,
    };
    Some(SpanContext {
        trace_id: hex::trace_id(trace_id.trim(), Case::Any)?,
        span_id: hex::span_id(span_id.trim(), Case::Any)?,
        flags,
        trace_state: None,
        is_remote: true,
    })
}
