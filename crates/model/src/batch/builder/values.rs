//! What a decoder hands to the builder: values and fixed fields that still
//! point into the request. Text is bytes here; the builder checks it, once for
//! each distinct text of a column.

use crate::batch::columns::ValueType;
use crate::batch::view::ValueRef;
use crate::ids::{SpanId, TraceId};

/// A value as a decoder sees it: text is not yet known to be UTF-8.
#[derive(Debug, Clone, Copy)]
pub enum RawValue<'a> {
    /// Text, to be checked.
    Str(&'a [u8]),
    /// Signed integer.
    Int(i64),
    /// Double.
    Double(f64),
    /// Truth value.
    Bool(bool),
    /// Raw bytes.
    Bytes(&'a [u8]),
    /// An encoded `AnyValue` that passed [`AnyValue::check`].
    Other(&'a [u8]),
}

impl RawValue<'_> {
    /// The type of column it goes to.
    #[must_use]
    #[inline]
    pub fn value_type(self) -> ValueType {
        match self {
            Self::Str(_) => ValueType::Str,
            Self::Int(_) => ValueType::Int,
            Self::Double(_) => ValueType::Double,
            Self::Bool(_) => ValueType::Bool,
            Self::Bytes(_) => ValueType::Bytes,
            Self::Other(_) => ValueType::Other,
        }
    }
}

impl<'a> From<ValueRef<'a>> for RawValue<'a> {
    fn from(value: ValueRef<'a>) -> Self {
        match value {
            ValueRef::Str(text) => Self::Str(text.as_bytes()),
            ValueRef::Int(value) => Self::Int(value),
            ValueRef::Double(value) => Self::Double(value),
            ValueRef::Bool(value) => Self::Bool(value),
            ValueRef::Bytes(bytes) => Self::Bytes(bytes),
            ValueRef::Other(bytes) => Self::Other(bytes),
        }
    }
}

/// The fixed fields of a span.
#[derive(Debug, Clone, Copy, Default)]
pub struct SpanHeader<'a> {
    /// Trace it belongs to; not zero.
    pub trace_id: TraceId,
    /// Its id; not zero.
    pub span_id: SpanId,
    /// Its parent; zeros for none.
    pub parent_span_id: SpanId,
    /// W3C tracestate.
    pub trace_state: &'a [u8],
    /// OTLP flags.
    pub flags: u32,
    /// Operation name.
    pub name: &'a [u8],
    /// OTLP kind number.
    pub kind: i32,
    /// Start, ns since the Unix epoch.
    pub start_ns: u64,
    /// End, ns since the Unix epoch.
    pub end_ns: u64,
    /// OTLP status code number.
    pub status_code: i32,
    /// Status message.
    pub status_message: &'a [u8],
    /// Attributes the client dropped.
    pub dropped_attributes: u32,
    /// Events the client dropped.
    pub dropped_events: u32,
    /// Links the client dropped.
    pub dropped_links: u32,
    /// Row of [`SpanBatchBuilder::resource`](super::SpanBatchBuilder::resource).
    pub resource: u32,
    /// Row of [`SpanBatchBuilder::scope`](super::SpanBatchBuilder::scope).
    pub scope: u32,
}

/// A link of a span.
#[derive(Debug, Clone, Copy, Default)]
pub struct LinkHeader<'a> {
    /// Linked trace.
    pub trace_id: TraceId,
    /// Linked span.
    pub span_id: SpanId,
    /// W3C tracestate of the linked span.
    pub trace_state: &'a [u8],
    /// OTLP flags of the linked context.
    pub flags: u32,
    /// Attributes the client dropped.
    pub dropped_attributes: u32,
}
