//! What `kafka` can be told.

use std::time::Duration;

use super::brokers::{BrokersConfig, refresh_interval, text};
use super::encoding::Encoding;
use crate::exporters::queue::QueueConfig;
use crate::exporters::retry::RetryConfig;
use crate::written::fields::Fields;

/// The Collector's.
const TOPIC: &str = "otlp_spans";
const TIMEOUT: Duration = Duration::from_secs(5);
const MAX_MESSAGE_BYTES: u64 = 1_000_000;

/// See the module above.
#[derive(Debug, Clone, PartialEq)]
pub struct KafkaConfig {
    /// Who has them.
    pub brokers: BrokersConfig,
    /// Where records go.
    pub topic: String,
    /// How they are written.
    pub encoding: Encoding,
    /// Spans of a trace go to one partition.
    pub partitions_by_trace: bool,
    /// How records are packed.
    pub compression: KafkaCompression,
    /// Of records that go together, before they are packed.
    pub max_message_bytes: usize,
    /// May the broker make the topic?
    pub makes_topic: bool,
    /// How often it is asked what partitions there are.
    pub refresh_interval: Duration,
    /// For one attempt.
    pub timeout: Duration,
    /// What may wait.
    pub queue: QueueConfig,
    /// When it is tried again.
    pub retry: RetryConfig,
}

/// How records are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum KafkaCompression {
    None,
    Gzip,
    Snappy,
    Zstd,
}

impl KafkaConfig {
    /// Reads the fields of the section.
    pub(crate) fn read(fields: Fields<'_>) -> Self {
        let (topic, encoding) = topic_and_encoding(&fields);
        let producer = Producer::read(fields.section("producer"));
        let config = Self {
            brokers: BrokersConfig::read(&fields),
            topic,
            encoding,
            partitions_by_trace: fields.switch("partition_traces_by_id", false),
            compression: producer.compression,
            max_message_bytes: producer.max_message_bytes,
            makes_topic: producer.makes_topic,
            refresh_interval: refresh_interval(fields.section("metadata")),
            timeout: fields.duration("timeout", TIMEOUT),
            queue: QueueConfig::read(fields.section("sending_queue")),
            retry: RetryConfig::read(fields.section("retry_on_failure")),
        };
        not_served(&fields);
        fields.end();
        config
    }
}

fn not_served(fields: &Fields<'_>) {
    let by_routing = "write an exporter for each topic, and the connector routing before them";
    fields.not_served("topic_from_attribute", by_routing);
    fields.not_served("topic_from_metadata_key", by_routing);
    let headers = "headers of a request are not kept";
    if !fields.list("include_metadata_keys").is_empty() {
        fields.not_served("include_metadata_keys", headers);
    }
    fields.not_served("record_headers", "records are written without headers");
    fields.not_served("signal_header", "records are written without headers");
    if let Some(partitioner) = fields.section("record_partitioner") {
        let other = "a record with a key goes where Sarama's hash says, one without in turn";
        for name in ["round_robin", "least_backup", "extension"] {
            partitioner.not_served(name, other);
        }
        if let Some(sticky) = partitioner.section("sticky_key") {
            sticky.value("hasher", (), |hasher| match hasher {
                "sarama_compat" | "" => Ok(()),
                _ => Err(format!("{hasher:?} is not served; {other}")),
            });
            sticky.end();
        }
        partitioner.end();
    }
    // They tune what is inside of the Collector, or are about what is not traces.
    for taken in [
        "conn_idle_timeout",
        "logs",
        "metrics",
        "partition_logs_by_resource_attributes",
        "partition_logs_by_trace_id",
        "partition_metrics_by_resource_attributes",
        "profiles",
        "protocol_version",
        "rack_id",
        "resolve_canonical_bootstrap_servers_only",
        "use_leader_epoch",
    ] {
        fields.has(taken);
    }
}

/// Those of traces; older files have them at the top.
fn topic_and_encoding(fields: &Fields<'_>) -> (String, Encoding) {
    let traces = fields.section("traces");
    let topic = text(fields, "topic", TOPIC);
    let encoding = fields.value("encoding", Encoding::OtlpProto, Encoding::read);
    let Some(traces) = traces else {
        return (topic, encoding);
    };
    let found = (
        text(&traces, "topic", &topic),
        traces.value("encoding", encoding, Encoding::read),
    );
    traces.not_served(
        "topic_from_metadata_key",
        "write an exporter for each topic, and the connector routing before them",
    );
    traces.not_served(
        "message_key_from_metadata_key",
        "headers of a request are not kept; write partition_traces_by_id",
    );
    traces.end();
    found
}

struct Producer {
    compression: KafkaCompression,
    max_message_bytes: usize,
    makes_topic: bool,
}

impl Producer {
    fn read(fields: Option<Fields<'_>>) -> Self {
        let Some(fields) = fields else {
            return Self {
                compression: KafkaCompression::None,
                max_message_bytes: MAX_MESSAGE_BYTES as usize,
                makes_topic: true,
            };
        };
        let bytes = fields.number("max_message_bytes", MAX_MESSAGE_BYTES, 1);
        let producer = Self {
            compression: fields.value("compression", KafkaCompression::None, compression),
            max_message_bytes: usize::try_from(bytes).unwrap_or(usize::MAX),
            makes_topic: fields.switch("allow_auto_topic_creation", true),
        };
        let acks = fields.value("required_acks", -1, |text| match text {
            "-1" | "all" => Ok(-1),
            "1" => Ok(1),
            "0" => Ok(0),
            _ => Err(format!("{text:?} is not one of 0, 1, -1, all")),
        });
        if acks == 0 {
            fields.reading().warn(format!(
                "{}: spans are acknowledged when the broker has them, as with -1",
                fields.path("required_acks")
            ));
        }
        // What there is goes at once.
        for taken in [
            "compression_params",
            "flush_max_messages",
            "linger",
            "max_broker_write_bytes",
        ] {
            fields.has(taken);
        }
        fields.end();
        producer
    }
}

fn compression(text: &str) -> Result<KafkaCompression, String> {
    match text {
        "none" | "" => Ok(KafkaCompression::None),
        "gzip" => Ok(KafkaCompression::Gzip),
        "snappy" => Ok(KafkaCompression::Snappy),
        "zstd" => Ok(KafkaCompression::Zstd),
        "lz4" => Err("lz4 is not served; write zstd, or snappy".to_owned()),
        _ => Err(format!("{text:?} is not one of gzip, snappy, zstd, none")),
    }
}
