//! The protocols of Jaeger's and Zipkin's clients: what they say and what
//! becomes of it.

mod captures;
mod jaeger_protobuf;
mod jaeger_thrift;
mod jaeger_written;
mod mutations;
mod room;
mod shown;
mod zipkin_texts;
mod zipkin_v1;
mod zipkin_v2;
mod zipkin_written;
