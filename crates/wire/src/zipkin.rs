//! Spans as Zipkin's clients send them: v2 as JSON and protobuf, v1 as JSON
//! and Thrift.
//!
//! Read with the mapping of the OpenTelemetry translator and, the other way
//! round, of OpenTelemetry's own Zipkin exporters: tags that stand for fields
//! of OTLP become those fields, annotations become events. A span of v1 that
//! holds what a client and a server recorded becomes two.

mod annotation;
mod assembly;
mod endpoint;
mod json_attributes;
mod link;
mod rows;
mod tags;
pub mod v1;
pub mod v2;
