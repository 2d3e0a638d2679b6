//! The identity of a span: what travels between processes.
//!
//! It exists so that recorder, samplers and propagators speak of one type. It
//! must never hold an id that the wire formats call invalid as if it were valid.

use std::fmt;
use std::sync::Arc;

/// 16 bytes that name a trace; all zero is invalid
/// (W3C Trace Context level 2, section 3.2.2.3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TraceId(pub u128);

/// 8 bytes that name a span; zero is invalid
/// (W3C Trace Context level 2, section 3.2.2.4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SpanId(pub u64);

impl TraceId {
    /// Whether it is an id: anything but zero.
    #[must_use]
    pub fn is_valid(self) -> bool {
        self.0 != 0
    }

    /// The 56 bits that consistent sampling compares with its threshold: the
    /// last seven bytes (OpenTelemetry, TraceState: Probability Sampling).
    #[must_use]
    pub fn randomness(self) -> u64 {
        (self.0 as u64) & 0x00ff_ffff_ffff_ffff
    }
}

impl SpanId {
    /// Whether it is an id: anything but zero.
    #[must_use]
    pub fn is_valid(self) -> bool {
        self.0 != 0
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The flags of a trace context (W3C Trace Context level 2, section 3.2.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TraceFlags(pub u8);

impl TraceFlags {
    /// The caller may have recorded the trace.
    pub const SAMPLED: TraceFlags = TraceFlags(0x01);
    /// The last seven bytes of the trace id are random.
    pub const RANDOM: TraceFlags = TraceFlags(0x02);
    /// The caller asked for this trace in particular (B3 and Jaeger know it).
    /// Within the process only: see [`TraceFlags::w3c`].
    pub const DEBUG: TraceFlags = TraceFlags(0x80);
    /// The caller left the decision to us (B3 and X-Ray can), so that a missing
    /// sampled flag is no refusal. Within the process only.
    pub const DEFERRED: TraceFlags = TraceFlags(0x40);

    /// The flags that W3C defines: what is written to `traceparent` and OTLP.
    #[must_use]
    pub fn w3c(self) -> u8 {
        self.0 & (TraceFlags::SAMPLED.0 | TraceFlags::RANDOM.0)
    }

    /// Whether every flag of `other` is set.
    #[must_use]
    pub fn contains(self, other: TraceFlags) -> bool {
        self.0 & other.0 == other.0
    }

    /// These flags with those of `other` set or cleared.
    #[must_use]
    pub fn with(self, other: TraceFlags, is_set: bool) -> TraceFlags {
        if is_set {
            TraceFlags(self.0 | other.0)
        } else {
            TraceFlags(self.0 & !other.0)
        }
    }
}

/// What a span tells its children, in this process or another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SpanContext {
    /// The trace.
    pub trace_id: TraceId,
    /// The span.
    pub span_id: SpanId,
    /// Sampled, random.
    pub flags: TraceFlags,
    /// The tracestate header as it will be sent, without surrounding space;
    /// `None` is an empty one. Cloning is one counter.
    pub trace_state: Option<Arc<str>>,
    /// It came from another process.
    pub is_remote: bool,
}

impl SpanContext {
    pub(crate) const INVALID: SpanContext = SpanContext {
        trace_id: TraceId(0),
        span_id: SpanId(0),
        flags: TraceFlags(0),
        trace_state: None,
        is_remote: false,
    };

    /// Whether both ids are valid. An invalid context is no parent.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.trace_id.is_valid() && self.span_id.is_valid()
    }

    /// Whether the sampled flag is set.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.flags.contains(TraceFlags::SAMPLED)
    }
}
