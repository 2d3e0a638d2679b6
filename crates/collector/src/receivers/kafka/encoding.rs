//! How spans stand in a record.

use tracewell_wire::jaeger;
use tracewell_wire::otlp;
use tracewell_wire::zipkin::{v1, v2};

use crate::intake::Decoder;

/// As the Collector names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordEncoding {
    OtlpProto,
    OtlpJson,
    JaegerProto,
    ZipkinProto,
    ZipkinJson,
    ZipkinThrift,
}

impl RecordEncoding {
    pub(super) fn read(text: &str) -> Result<Self, String> {
        match text {
            "otlp_proto" => Ok(Self::OtlpProto),
            "otlp_json" => Ok(Self::OtlpJson),
            "jaeger_proto" => Ok(Self::JaegerProto),
            "zipkin_proto" => Ok(Self::ZipkinProto),
            "zipkin_json" => Ok(Self::ZipkinJson),
            "zipkin_thrift" => Ok(Self::ZipkinThrift),
            "jaeger_json" => {
                Err("jaeger_json is not served; write jaeger_proto, there and here".to_owned())
            }
            _ => Err(format!(
                "{text:?} is not one of otlp_proto, otlp_json, jaeger_proto, zipkin_proto, zipkin_json, zipkin_thrift"
            )),
        }
    }

    pub(super) fn decoder(self) -> Decoder {
        match self {
            Self::OtlpProto => otlp::protobuf::decode_within,
            Self::OtlpJson => otlp::json::decode_within,
            Self::JaegerProto => jaeger::protobuf::decode_span_within,
            Self::ZipkinProto => v2::protobuf::decode_within,
            Self::ZipkinJson => v2::json::decode_within,
            Self::ZipkinThrift => v1::thrift::decode_within,
        }
    }
}
