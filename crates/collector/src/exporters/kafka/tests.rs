//! What a section is read as, what is wrong with one, and what records are.

use bytes::Bytes;
use tracewell_testkit::{TestSpan, batch};
use tracewell_wire::otlp;

use super::KafkaConfig;
use super::brokers::Mechanism;
use super::config::KafkaCompression;
use super::encoding::{Encoding, partition, records};
use crate::written::section;

fn read(text: &str) -> Result<KafkaConfig, Vec<String>> {
    section::read("k", text, KafkaConfig::read)
}

#[test]
fn defaults_are_those_of_the_collector_and_older_files_are_understood() {
    let config = read("{}").unwrap();
    assert_eq!(config.brokers.addresses, ["localhost:9092"]);
    assert_eq!(
        (&*config.topic, config.encoding),
        ("otlp_spans", Encoding::OtlpProto)
    );
    assert_eq!(config.max_message_bytes, 1_000_000);
    assert!(config.makes_topic && config.brokers.tls.is_none() && config.brokers.sasl.is_none());
    let config = read(
        "{brokers: [a:1, b:2], topic: spans, encoding: jaeger_proto, protocol_version: 2.0.0,
          auth: {plain_text: {username: u, password: p}}, tls: {insecure: true}}",
    )
    .unwrap();
    assert_eq!(
        (&*config.topic, config.encoding),
        ("spans", Encoding::JaegerProto)
    );
    assert_eq!(
        config.brokers.sasl.clone().unwrap().mechanism,
        Mechanism::Plain
    );
    assert!(config.brokers.tls.is_none());
}

#[test]
fn every_field_of_the_collector_is_known() {
    let config = read(
        "{brokers: a:1, client_id: me, protocol_version: 3.0.0, timeout: 7s, conn_idle_timeout: 1m,
          resolve_canonical_bootstrap_servers_only: true, rack_id: a, use_leader_epoch: false,
          traces: {topic: t, encoding: otlp_json}, logs: {topic: l}, metrics: {}, profiles: {},
          partition_traces_by_id: true, partition_logs_by_trace_id: true,
          partition_logs_by_resource_attributes: true,
          partition_metrics_by_resource_attributes: true, include_metadata_keys: [],
          record_partitioner: {sticky_key: {hasher: sarama_compat}},
          metadata: {full: false, refresh_interval: 1m, retry: {max: 3, backoff: 1s}},
          producer: {max_message_bytes: 10, max_broker_write_bytes: 100, required_acks: all,
            compression: zstd, compression_params: {level: 3}, flush_max_messages: 5,
            linger: 5ms, allow_auto_topic_creation: false},
          auth: {sasl: {username: u, password: p, mechanism: SCRAM-SHA-512, version: 1}},
          tls: {insecure_skip_verify: true},
          sending_queue: {queue_size: 3}, retry_on_failure: {enabled: false}}",
    )
    .unwrap();
    assert_eq!((&*config.topic, config.encoding), ("t", Encoding::OtlpJson));
    assert_eq!(config.compression, KafkaCompression::Zstd);
    assert!(config.partitions_by_trace && !config.makes_topic && config.brokers.tls.is_some());
    let printed = format!("{:?}", config.brokers.sasl.unwrap());
    assert!(!printed.contains("\"p\""), "{printed}");
}

#[test]
fn mistakes_say_what_to_write() {
    for (text, expected) in [
        (
            "{brokers: [a]}",
            "k.brokers: \"a\" is no HOST:PORT; write for example localhost:9092",
        ),
        (
            "{encoding: avro}",
            "k.encoding: \"avro\" is not one of otlp_proto, otlp_json,",
        ),
        (
            "{encoding: jaeger_json}",
            "k.encoding: jaeger_json is not served; write jaeger_proto",
        ),
        (
            "{topic_from_attribute: a}",
            "k.topic_from_attribute is not served; write an exporter for each topic",
        ),
        (
            "{include_metadata_keys: [a]}",
            "k.include_metadata_keys is not served; headers of a request",
        ),
        (
            "{producer: {compression: lz4}}",
            "k.producer.compression: lz4 is not served; write zstd",
        ),
        (
            "{producer: {required_acks: 2}}",
            "k.producer.required_acks: \"2\" is not one of 0, 1, -1, all",
        ),
        (
            "{auth: {kerberos: {realm: a}}}",
            "k.auth.kerberos is not served; write sasl",
        ),
        (
            "{auth: {sasl: {username: u}}}",
            "k.auth.sasl.password is missing",
        ),
        (
            "{auth: {sasl: {username: u, password: p, mechanism: OAUTHBEARER}}}",
            "k.auth.sasl.mechanism: \"OAUTHBEARER\" is not one of SCRAM-SHA-256, SCRAM-SHA-512, PLAIN",
        ),
        (
            "{record_partitioner: {sticky_key: {hasher: murmur2}}}",
            "k.record_partitioner.sticky_key.hasher: \"murmur2\" is not served; a record with a key",
        ),
        ("{topics: a}", "unknown key k.topics; did you mean topic?"),
    ] {
        let mistakes = read(text).unwrap_err();
        assert_eq!(mistakes.len(), 1, "{text}: {mistakes:?}");
        assert!(mistakes[0].starts_with(expected), "{text}: {mistakes:?}");
    }
}

#[test]
fn records_are_read_as_they_were_written_with_a_key_where_there_is_one() {
    let spans: Vec<TestSpan> = (0..6)
        .map(|number| TestSpan::new(1 + number % 2, 1 + number, "shop", "buy", 1))
        .collect();
    let batch = batch(&spans);
    let of = |encoding: Encoding, by_trace| records(Bytes::from(encoding.encode(&batch, by_trace)));
    let whole = of(Encoding::OtlpProto, false);
    assert_eq!(whole.len(), 1);
    assert!(whole[0].key.is_empty());
    assert_eq!(
        otlp::protobuf::decode(&whole[0].value).unwrap().batch.len(),
        6
    );
    let mut keys: Vec<String> = spans.iter().map(|span| span.trace_id.to_string()).collect();
    let by_trace = of(Encoding::OtlpProto, true);
    assert_eq!(by_trace.len(), 2);
    for record in by_trace {
        let part = otlp::protobuf::decode(&record.value).unwrap().batch;
        assert_eq!(part.len(), 3);
        for trace in &part.spans().trace_id {
            assert_eq!(trace.to_string().as_bytes(), record.key);
        }
    }
    keys.sort();
    let mut of_spans: Vec<String> = of(Encoding::JaegerProto, false)
        .into_iter()
        .map(|record| String::from_utf8(record.key.to_vec()).unwrap())
        .collect();
    of_spans.sort();
    assert_eq!(of_spans, keys);
}

#[test]
fn keys_go_where_sarama_sends_them_and_others_in_turn() {
    let turns: Vec<usize> = (0..4).map(|turn| partition(b"", turn, 3)).collect();
    assert_eq!(turns, [0, 1, 2, 0]);
    // FNV-1a of "a" is 0xe40c292c: -468965076 as a number with a sign.

    assert_eq!(partition(b"a", 7, 10), 6);
}
