//! What Jaeger's model says in tags and references and OTLP has fields for.
//!
//! One rule for all of Jaeger's formats, as the OpenTelemetry translator has
//! it. **Nothing is told twice**: what became a field is no attribute.

use tracewell_model::batch::builder::{LinkHeader, RawValue};
use tracewell_model::{SpanId, SpanKind, StatusCode, TraceId};

use crate::rejected::{Fault, FaultProblem, RejectReason};
use crate::status_text;

/// What Jaeger calls a service that has no name.
pub const NO_SERVICE: &str = "OTLPResourceNoServiceName";

/// Where Jaeger keeps the warnings of a span within OTLP data.
pub(super) const WARNINGS_KEY: &str = "@jaeger@warnings";

/// Says of a link that it was a parent of another trace, or a second one.
pub(super) const REF_TYPE_KEY: &str = "opentracing.ref_type";
pub(super) const CHILD_OF: &str = "child_of";

/// What the tags of a span say that OTLP has as fields.
#[derive(Default)]
pub(super) struct Fields<'a> {
    pub(super) kind: Option<SpanKind>,
    status: Option<StatusCode>,
    /// A tag that says that the span failed, in the form it has.
    error: Option<RawValue<'a>>,
    pub(super) status_message: &'a [u8],
    pub(super) trace_state: &'a [u8],
    pub(super) scope_name: &'a [u8],
    pub(super) scope_version: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Takes a tag that stands for a field; `false` for one that is an
    /// attribute.
    pub(super) fn take(&mut self, key: &[u8], value: RawValue<'a>) -> bool {
        let text = match value {
            RawValue::Str(text) => text,
            RawValue::Bool(true) => b"true",
            _ => return false,
        };
        match (key, value) {
            (b"error", _) if text == b"true" => self.error = Some(value),
            (b"span.kind", RawValue::Str(_)) => match kind(text) {
                Some(kind) => self.kind = Some(kind),
                None => return false,
            },
            (b"otel.status_code", RawValue::Str(_)) => match status_text::parse(text) {
                Some(status) => self.status = Some(status),
                None => return false,
            },
            (b"otel.status_description", RawValue::Str(_)) => self.status_message = text,
            (b"w3c.tracestate", RawValue::Str(_)) => self.trace_state = text,
            (b"otel.scope.name" | b"otel.library.name", RawValue::Str(_)) => self.scope_name = text,
            (b"otel.scope.version" | b"otel.library.version", RawValue::Str(_)) => {
                self.scope_version = text;
            }
            _ => return false,
        }
        true
    }

    pub(super) fn status(&self) -> StatusCode {
        match (self.status, self.error) {
            (Some(status), _) => status,
            (None, Some(_)) => StatusCode::Error,
            (None, None) => StatusCode::Unset,
        }
    }

    /// The value of a tag `error` that was taken and that the status does not
    /// tell.
    pub(super) fn untold_error(&self) -> Option<RawValue<'a>> {
        self.error.filter(|_| self.status() != StatusCode::Error)
    }
}

fn kind(text: &[u8]) -> Option<SpanKind> {
    SpanKind::from_name(std::str::from_utf8(text).ok()?)
}

/// A reference to another span.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reference {
    pub(super) trace_id: TraceId,
    pub(super) span_id: SpanId,
    /// `CHILD_OF`, not `FOLLOWS_FROM`.
    pub(super) is_child_of: bool,
}

impl Reference {
    pub(super) fn link(&self) -> LinkHeader<'static> {
        LinkHeader {
            trace_id: self.trace_id,
            span_id: self.span_id,
            ..LinkHeader::default()
        }
    }
}

/// Finds the parent among the references of a span: it is the one that the
/// span names, else the first within the trace. All others are links.
#[derive(Debug)]
pub(super) struct Parent {
    trace_id: TraceId,
    pub(super) span_id: SpanId,
    is_met: bool,
}

impl Parent {
    /// `named` is zero for a span that names none.
    pub(super) fn new(trace_id: TraceId, named: SpanId) -> Self {
        Self {
            trace_id,
            span_id: named,
            is_met: false,
        }
    }

    /// Is this the reference to the parent?
    pub(super) fn is(&mut self, reference: &Reference) -> bool {
        let is_it = reference.is_child_of
            && !self.is_met
            && reference.trace_id == self.trace_id
            && (self.span_id.is_zero() || self.span_id == reference.span_id);
        if is_it {
            self.span_id = reference.span_id;
            self.is_met = true;
        }
        is_it
    }
}

/// Nanoseconds of a time in microseconds.
pub(super) fn time_ns(us: i64, field: &'static str) -> Result<u64, Fault> {
    u64::try_from(us)
        .ok()
        .and_then(|us| us.checked_mul(1_000))
        .ok_or_else(|| Fault::new(RejectReason::Time, field, FaultProblem::Microseconds(us)))
}

/// The end of a span that began at `start_ns`; one of a negative duration ended
/// before it began.
pub(super) fn end_ns(start_ns: u64, duration_us: i64) -> Result<u64, Fault> {
    let fault = FaultProblem::Microseconds(duration_us);
    duration_us
        .checked_mul(1_000)
        .map(|duration_ns| start_ns.wrapping_add_signed(duration_ns))
        .ok_or_else(|| Fault::new(RejectReason::Time, "duration", fault))
}
