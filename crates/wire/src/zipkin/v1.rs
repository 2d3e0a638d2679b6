//! Version 1 of Zipkin's model: a span may hold what two hosts recorded, and
//! what happened when stands in annotations of two letters.

pub mod json;
mod split;
pub mod thrift;

use std::borrow::Cow;

use tracewell_model::batch::builder::RawValue;

use super::assembly::Parts;
use super::endpoint::Endpoint;

/// A span as it came. Its lists are used again for the next one.
#[derive(Default)]
struct Span<'a> {
    /// What both of its halves have; endpoints and kind are not set.
    parts: Parts<'a>,
    annotations: Vec<Annotation<'a>>,
    binary_annotations: Vec<BinaryAnnotation<'a>>,
}

struct Annotation<'a> {
    at_us: u64,
    text: Cow<'a, [u8]>,
    endpoint: Endpoint<'a>,
}

struct BinaryAnnotation<'a> {
    key: Cow<'a, [u8]>,
    value: Value<'a>,
    endpoint: Endpoint<'a>,
}

/// A value of any of the types that version 1 has.
#[derive(Default)]
enum Value<'a> {
    Text(Cow<'a, [u8]>),
    Bytes(Cow<'a, [u8]>),
    Bool(bool),
    Int(i64),
    Double(f64),
    /// Of an unknown type, or of bytes that are not of their type.
    #[default]
    None,
}

impl Value<'_> {
    /// Bytes that it has beside its own size.
    fn text_bytes(&self) -> usize {
        match self {
            Self::Text(text) | Self::Bytes(text) => text.len(),
            _ => 0,
        }
    }

    fn raw(&self) -> RawValue<'_> {
        match self {
            Self::Text(text) => RawValue::Str(text),
            Self::Bytes(bytes) => RawValue::Bytes(bytes),
            Self::Bool(value) => RawValue::Bool(*value),
            Self::Int(value) => RawValue::Int(*value),
            Self::Double(value) => RawValue::Double(*value),
            Self::None => RawValue::Other(b""),
        }
    }
}

impl Span<'_> {
    /// Bytes of memory that its lists hold.
    fn list_bytes(&self) -> usize {
        self.annotations.capacity() * size_of::<Annotation<'_>>()
            + self.binary_annotations.capacity() * size_of::<BinaryAnnotation<'_>>()
    }
}
