//! Batches as records of Kafka, and records as one message for who sends them.
//!
//! | encoding | a record is | its key |
//! |---|---|---|
//! | `otlp_proto`, `otlp_json` | a request of OTLP | none, or the trace |
//! | `zipkin_proto`, `zipkin_json` | a list of Zipkin's spans | none, or the trace |
//! | `jaeger_proto` | one span of Jaeger's, with its process | the trace |
//!
//! Keys are trace ids in hexadecimal digits, as the Collector writes them: **whoever
//! partitions by them finds those of both in the same place.**
//!
//! ```text
//! message   records, one behind the other
//! record    length of the key (4 bytes), length of the value (4), key, value
//! ```

use std::collections::BTreeMap;

use bytes::{Buf, Bytes};
use tracewell_model::{RowSet, SpanBatch, TraceId};
use tracewell_wire::jaeger;
use tracewell_wire::otlp;
use tracewell_wire::zipkin::v2 as zipkin;

/// How spans are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Encoding {
    OtlpProto,
    OtlpJson,
    JaegerProto,
    ZipkinProto,
    ZipkinJson,
}

impl Encoding {
    /// As the file calls it.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        match text {
            "otlp_proto" => Ok(Self::OtlpProto),
            "otlp_json" => Ok(Self::OtlpJson),
            "jaeger_proto" => Ok(Self::JaegerProto),
            "zipkin_proto" => Ok(Self::ZipkinProto),
            "zipkin_json" => Ok(Self::ZipkinJson),
            "jaeger_json" => Err("jaeger_json is not served; write jaeger_proto".to_owned()),
            _ => Err(format!(
                "{text:?} is not one of otlp_proto, otlp_json, jaeger_proto, zipkin_proto, zipkin_json"
            )),
        }
    }

    /// A batch as a message.
    pub(super) fn encode(self, batch: &SpanBatch, by_trace: bool) -> Vec<u8> {
        let mut message = Vec::new();
        match self {
            Self::JaegerProto => {
                for (trace, span) in jaeger::protobuf::encode_spans(batch) {
                    put(&mut message, key(trace).as_bytes(), &span);
                }
            }
            _ if by_trace => {
                for (trace, rows) in traces(batch) {
                    let spans = batch.select(&rows);
                    put(&mut message, key(trace).as_bytes(), &self.value(&spans));
                }
            }
            _ => put(&mut message, b"", &self.value(batch)),
        }
        message
    }

    fn value(self, batch: &SpanBatch) -> Vec<u8> {
        let rows = 0..batch.len();
        match self {
            Self::OtlpProto | Self::JaegerProto => otlp::protobuf::encode(batch),
            Self::OtlpJson => otlp::json::encode(batch),
            Self::ZipkinProto => zipkin::protobuf::encode(batch, rows),
            Self::ZipkinJson => zipkin::json::encode(batch, rows),
        }
    }
}

/// Nothing for a trace without an id.
fn key(trace: TraceId) -> String {
    match trace == TraceId::default() {
        true => String::new(),
        false => trace.to_string(),
    }
}

fn traces(batch: &SpanBatch) -> BTreeMap<TraceId, RowSet> {
    let mut traces = BTreeMap::new();
    for (row, trace) in batch.spans().trace_id.iter().enumerate() {
        let rows = traces
            .entry(*trace)
            .or_insert_with(|| RowSet::none(batch.len()));
        rows.insert(row);
    }
    traces
}

fn put(message: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    // Batches are limited far below what 4 bytes can say.
    message.extend_from_slice(&(key.len() as u32).to_be_bytes());
    message.extend_from_slice(&(value.len() as u32).to_be_bytes());
    message.extend_from_slice(key);
    message.extend_from_slice(value);
}

/// A record of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyedValue {
    /// Empty where there is none.
    pub(super) key: Bytes,
    pub(super) value: Bytes,
}

/// The records of a message that [`Encoding::encode`] wrote.
pub(super) fn records(mut message: Bytes) -> Vec<KeyedValue> {
    let mut records = Vec::new();
    while message.len() >= 8 {
        let (key, value) = (message.get_u32() as usize, message.get_u32() as usize);
        if message.len() < key + value {
            break;
        }
        records.push(KeyedValue {
            key: message.split_to(key),
            value: message.split_to(value),
        });
    }
    records
}

/// Where a record goes among so many partitions: those with a key where Sarama's hash
/// says, which the Collector keeps to, the others to `turn`.
pub(super) fn partition(key: &[u8], turn: usize, partitions: usize) -> usize {
    if key.is_empty() {
        return turn % partitions;
    }
    let fnv = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    let hash = key.iter().fold(0x811c_9dc5, fnv) as i32;
    let partitions = i32::try_from(partitions).unwrap_or(i32::MAX);
    (hash % partitions).unsigned_abs() as usize
}
