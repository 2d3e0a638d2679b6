//! Version 2 of Zipkin's model: one host recorded a span, and tags are text.

pub mod json;
pub mod protobuf;
mod written;
