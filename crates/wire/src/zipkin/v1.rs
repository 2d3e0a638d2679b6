//! Version 1 of Zipkin's model: a span may hold what two hosts recorded, and
//! what happened when stands in annotations of two letters.

pub mod json;
mod split;
pub mod thrift;

use std::borrow::Cow;
use std::rc::Rc;

use tracewell_model::batch::builder::RawValue;

use super::assembly::Parts;
use super::endpoint::Endpoint;

/// A span as it came.
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
    endpoint: Rc<Endpoint<'a>>,
}

struct BinaryAnnotation<'a> {
    key: Cow<'a, [u8]>,
    value: Value<'a>,
    endpoint: Rc<Endpoint<'a>>,
}

/// The endpoint that was read last. Clients repeat it with every annotation:
/// the same bytes are the same endpoint, and are not read again.
#[derive(Default)]
struct LastEndpoint<'a> {
    bytes: &'a [u8],
    endpoint: Rc<Endpoint<'a>>,
}

impl<'a> LastEndpoint<'a> {
    /// The endpoint and its length, if `rest` begins with it.
    #[inline]
    fn again(&self, rest: &[u8]) -> Option<(Rc<Endpoint<'a>>, usize)> {
        let is_it = !self.bytes.is_empty() && rest.starts_with(self.bytes);
        is_it.then(|| (self.endpoint.clone(), self.bytes.len()))
    }

    /// Keeps one that was read from the beginning of `before` up to `rest`.
    fn keep(&mut self, before: &'a [u8], rest: &[u8], endpoint: Endpoint<'a>) -> Rc<Endpoint<'a>> {
        self.bytes = &before[..before.len() - rest.len()];
        self.endpoint = Rc::new(endpoint);
        self.endpoint.clone()
    }
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
    /// Bytes of memory that its lists hold, if each endpoint is another one.
    fn list_bytes(&self) -> usize {
        let endpoint_bytes = 2 * size_of::<usize>() + size_of::<Endpoint<'_>>();
        self.annotations.capacity() * (size_of::<Annotation<'_>>() + endpoint_bytes)
            + self.binary_annotations.capacity()
                * (size_of::<BinaryAnnotation<'_>>() + endpoint_bytes)
    }

    /// Makes it empty for the next one, which uses the room of its lists.
    fn clear(&mut self) {
        self.parts = Parts::default();
        self.annotations.clear();
        self.binary_annotations.clear();
    }
}
