//! What is known of a request before its span starts.
//!
//! It exists because a sampler may want to see it, and nobody else should pay
//! for a span that is refused. It must never compute an attribute that nobody
//! reads.

use crate::record::{KeyValue, Part, Value};
use crate::{Span, SpanBuilder};

/// Takes attributes: a span that runs, or one that waits for the sampler.
pub(super) trait Described {
    fn say(&mut self, key: &'static str, value: impl Into<Value>) -> &mut Self;
}

impl Described for Span {
    fn say(&mut self, key: &'static str, value: impl Into<Value>) -> &mut Span {
        self.set_attribute(key, value)
    }
}

impl Described for Vec<KeyValue> {
    fn say(&mut self, key: &'static str, value: impl Into<Value>) -> &mut Vec<KeyValue> {
        self.push(KeyValue::new(key, value));
        self
    }
}

/// A request that can say what it is, once.
pub(super) trait Describe {
    fn describe(self, into: &mut impl Described);
}

/// Starts a span with what there is to say of it, as this part's.
pub(super) fn start(part: Part, builder: SpanBuilder, request: impl Describe) -> Span {
    let mut builder = builder.of_part(part);
    if builder.is_asked_for_attributes() {
        let mut said = Vec::new();
        request.describe(&mut said);
        for attribute in said {
            builder = builder.attribute(attribute.key, attribute.value);
        }
        return builder.start();
    }
    let mut span = builder.start();
    if span.is_recording() {
        request.describe(&mut span);
    }
    span
}
