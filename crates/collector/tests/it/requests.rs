//! OTLP requests, and their compressed forms.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;

/// A request with a span for each name.
pub(crate) fn request(names: &[&str]) -> ExportTraceServiceRequest {
    let spans = names.iter().zip(1_u64..).map(|(name, number)| Span {
        trace_id: vec![7; 16],
        span_id: number.to_be_bytes().to_vec(),
        name: (*name).to_owned(),
        start_time_unix_nano: 1_700_000_000_000_000_000,
        end_time_unix_nano: 1_700_000_000_000_001_000,
        ..Span::default()
    });
    let service = AnyValue {
        value: Some(any_value::Value::StringValue("shop".to_owned())),
    };
    let resource = Resource {
        attributes: vec![KeyValue {
            key: "service.name".to_owned(),
            value: Some(service),
            ..KeyValue::default()
        }],
        ..Resource::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource),
            scope_spans: vec![ScopeSpans {
                spans: spans.collect(),
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    }
}

/// The span called `name` gets a span id of four bytes.
pub(crate) fn spoil(
    mut request: ExportTraceServiceRequest,
    name: &str,
) -> ExportTraceServiceRequest {
    let spans = &mut request.resource_spans[0].scope_spans[0].spans;
    let span = spans.iter_mut().find(|span| span.name == name).unwrap();
    span.span_id = vec![1; 4];
    request
}

pub(crate) fn protobuf(names: &[&str]) -> Bytes {
    request(names).encode_to_vec().into()
}

pub(crate) fn json(names: &[&str]) -> Bytes {
    serde_json::to_vec(&request(names)).unwrap().into()
}

/// As protobuf, at least `bytes` long.
pub(crate) fn protobuf_of_size(bytes: usize) -> Bytes {
    protobuf(&[&"x".repeat(bytes)])
}

pub(crate) fn gzip(body: &[u8]) -> Bytes {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap().into()
}

pub(crate) fn zlib(body: &[u8]) -> Bytes {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap().into()
}

pub(crate) fn zstd(body: &[u8]) -> Bytes {
    zstd::bulk::compress(body, 1).unwrap().into()
}

pub(crate) fn snappy_block(body: &[u8]) -> Bytes {
    snap::raw::Encoder::new().compress_vec(body).unwrap().into()
}

pub(crate) fn snappy_stream(body: &[u8]) -> Bytes {
    let mut encoder = snap::write::FrameEncoder::new(Vec::new());
    encoder.write_all(body).unwrap();
    encoder.into_inner().unwrap().into()
}

pub(crate) fn lz4(body: &[u8]) -> Bytes {
    let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap().into()
}

/// Zeros, `mebibytes` of them, as gzip.
pub(crate) fn bomb(mebibytes: usize) -> Bytes {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![0; 1 << 20];
    for _ in 0..mebibytes {
        encoder.write_all(&zeros).unwrap();
    }
    encoder.finish().unwrap().into()
}
