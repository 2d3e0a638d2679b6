//! Traces in Jaeger's own model, from before OpenTelemetry.
//!
//! Read with the mapping of the OpenTelemetry translator: tags that stand for
//! fields of OTLP become those fields, logs become events, references become
//! the parent and links.

mod fields;
mod gathering;
pub mod json;
pub mod protobuf;
pub mod shown;
pub mod thrift;
