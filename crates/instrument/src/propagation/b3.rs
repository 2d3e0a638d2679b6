//! B3, the headers of Zipkin: one or several.
//!
//! ```text
//! b3: 0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1-05e3ac9a4f6e3b90
//!     trace id (32 or 16)              span id          |  parent (not used)
//!                                                       0, 1, or d for debug
//! ```
//!
//! It exists for service meshes and Zipkin clients that have nothing else. It
//! must never take a span id of the caller's for one of its own, as Zipkin does.

use super::hex::{self, Case};
use super::{Extract, Inject, Propagated, Propagator};
use crate::context::{SpanContext, SpanId, TraceFlags, TraceId};
use std::hash::{BuildHasher, RandomState};

const SINGLE: &str = "b3";
const TRACE_ID: &str = "x-b3-traceid";
const SPAN_ID: &str = "x-b3-spanid";
const SAMPLED: &str = "x-b3-sampled";
const FLAGS: &str = "x-b3-flags";

/// How B3 is written. Both are read, and the single header wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum B3Encoding {
    /// One header, `b3`.
    #[default]
    Single,
    /// Several, `x-b3-traceid` and so on.
    Multi,
}

/// Reads both forms of B3 and writes one.
///
/// A caller that says no without ids (`b3: 0`) gets a parent that exists
/// nowhere, unsampled: so the answer reaches the samplers and everybody behind.
#[derive(Debug, Clone, Copy, Default)]
pub struct B3 {
    /// The form that is written.
    pub encoding: B3Encoding,
}

impl B3 {
    /// Writes `b3` (`OTEL_PROPAGATORS=b3`).
    pub const SINGLE: B3 = B3 {
        encoding: B3Encoding::Single,
    };
    /// Writes `x-b3-*` (`OTEL_PROPAGATORS=b3multi`).
    pub const MULTI: B3 = B3 {
        encoding: B3Encoding::Multi,
    };
}

impl Propagator for B3 {
    fn fields(&self) -> &'static [&'static str] {
        match self.encoding {
            B3Encoding::Single => &[SINGLE],
            B3Encoding::Multi => &[TRACE_ID, SPAN_ID, SAMPLED, FLAGS],
        }
    }

    fn inject(&self, propagated: &Propagated, carrier: &mut dyn Inject) {
        let span = &propagated.span;
        if !span.is_valid() {
            return;
        }
        let is_debug = span.flags.contains(TraceFlags::DEBUG) && span.is_sampled();
        let state = match (is_debug, span.is_sampled()) {
            (true, _) => "d",
            (_, true) => "1",
            _ => "0",
        };
        match self.encoding {
            B3Encoding::Single => {
                carrier.set(
                    SINGLE,
                    &format!("{}-{}-{state}", span.trace_id, span.span_id),
                );
            }
            B3Encoding::Multi => {
                carrier.set(TRACE_ID, &span.trace_id.to_string());
                carrier.set(SPAN_ID, &span.span_id.to_string());
                // Debug implies sampled, which must then not be sent as well.
                if is_debug {
                    carrier.set(FLAGS, "1");
                } else {
                    carrier.set(SAMPLED, state);
                }
            }
        }
    }

    fn extract(&self, carrier: &dyn Extract, propagated: &mut Propagated) {
        let single = carrier.get(SINGLE).and_then(parse_single);
        if let Some(span) = single.or_else(|| parse_multi(carrier)) {
            propagated.take_span(span);
        }
    }
}

fn parse_single(header: &str) -> Option<SpanContext> {
    let header = header.trim();
    if header == "0" {
        return Some(refusal());
    }
    let mut fields = header.split('-');
    let (trace_id, span_id) = (fields.next()?, fields.next()?);
    let state = fields.next();
    let parent = fields.next();
    if fields.next().is_some() || parent.is_some_and(|id| hex::parse(id, Case::Any).is_none()) {
        return None;
    }
    let flags = match state {
        None => TraceFlags::DEFERRED,
        Some(state) => parse_state(state)?,
    };
    span_context(trace_id, span_id, flags)
}

fn parse_multi(carrier: &dyn Extract) -> Option<SpanContext> {
    let is_debug = carrier.get(FLAGS).is_some_and(|flags| flags.trim() == "1");
    let sampled = carrier.get(SAMPLED).map(str::trim).and_then(parse_state);
    let flags = match (is_debug, sampled) {
        (true, _) => TraceFlags::SAMPLED.with(TraceFlags::DEBUG, true),
        (_, Some(flags)) => flags,
        // Absent or unreadable: the decision is ours.
        (_, None) => TraceFlags::DEFERRED,
    };
    match (carrier.get(TRACE_ID), carrier.get(SPAN_ID)) {
        (Some(trace_id), Some(span_id)) => span_context(trace_id.trim(), span_id.trim(), flags),
        (None, None) if flags == TraceFlags::default() => Some(refusal()),
        _ => None,
    }
}

fn parse_state(state: &str) -> Option<TraceFlags> {
    match state {
        "0" | "false" => Some(TraceFlags::default()),
        "1" | "true" => Some(TraceFlags::SAMPLED),
        "d" => Some(TraceFlags::SAMPLED.with(TraceFlags::DEBUG, true)),
        _ => None,
    }
}

fn span_context(trace_id: &str, span_id: &str, flags: TraceFlags) -> Option<SpanContext> {
    if !matches!(trace_id.len(), 16 | 32) || span_id.len() != 16 {
        return None;
    }
    Some(SpanContext {
        trace_id: hex::trace_id(trace_id, Case::Any)?,
        span_id: hex::span_id(span_id, Case::Any)?,
        flags,
        trace_state: None,
        is_remote: true,
    })
}

/// A parent that says no and has ids of its own, so that it counts as valid.
fn refusal() -> SpanContext {
    let random = |salt: u8| RandomState::new().hash_one(salt) | 1;
    SpanContext {
        trace_id: TraceId((u128::from(random(0)) << 64) | u128::from(random(1))),
        span_id: SpanId(random(2)),
        flags: TraceFlags::default(),
        trace_state: None,
        is_remote: true,
    }
}
