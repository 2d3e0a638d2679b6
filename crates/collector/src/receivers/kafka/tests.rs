//! What a section is read as, and what is wrong with one.

use std::time::Duration;

use super::config::KafkaReceiverConfig;
use super::encoding::RecordEncoding;
use crate::written::section;

fn read(text: &str) -> Result<KafkaReceiverConfig, Vec<String>> {
    section::read("k", text, KafkaReceiverConfig::read)
}

#[test]
fn defaults_are_those_of_the_collector_and_older_files_are_understood() {
    let config = read("{}").unwrap();
    assert_eq!(config.brokers.addresses, ["localhost:9092"]);
    assert_eq!(config.topics, ["otlp_spans"]);
    assert_eq!(config.encoding, RecordEncoding::OtlpProto);
    assert_eq!(&*config.group, "otel-collector");
    assert!(config.begins_at_end);
    assert_eq!(
        (config.fetch.least_bytes, config.fetch.most_bytes),
        (1, 1 << 20)
    );
    assert_eq!(config.keep_interval, Duration::from_secs(1));
    let older = read("{topic: spans, encoding: jaeger_proto, initial_offset: earliest}").unwrap();
    assert_eq!(older.topics, ["spans"]);
    assert_eq!(older.encoding, RecordEncoding::JaegerProto);
    assert!(!older.begins_at_end);
}

#[test]
fn every_field_of_the_collector_is_known() {
    let config = read(
        "{brokers: [a:1, b:2], client_id: me, protocol_version: 3.0.0, session_timeout: 10s,
          heartbeat_interval: 3s, group_rebalance_strategy: range, group_instance_id: i,
          traces: {topics: [t, u], encoding: zipkin_thrift}, logs: {}, metrics: {}, profiles: {},
          initial_offset: latest, min_fetch_size: 5, default_fetch_size: 77, max_fetch_size: 0,
          max_partition_fetch_size: 9, max_fetch_wait: 1s, rack_id: a, use_leader_epoch: true,
          resolve_canonical_bootstrap_servers_only: false, conn_idle_timeout: 1m,
          autocommit: {enable: true, interval: 5s}, message_marking: {after: true, on_error: false},
          header_extraction: {extract_headers: false, headers: []}, error_backoff: {enabled: true},
          metadata: {full: true, refresh_interval: 1m, retry: {max: 3, backoff: 1s}}, telemetry: {},
          auth: {sasl: {username: u, password: p, mechanism: PLAIN}}, tls: {insecure: true}}",
    )
    .unwrap();
    assert_eq!(config.topics, ["t", "u"]);
    assert_eq!(config.encoding, RecordEncoding::ZipkinThrift);
    assert_eq!((config.fetch.least_bytes, config.fetch.most_bytes), (5, 77));
    assert_eq!(config.keep_interval, Duration::from_secs(5));
    assert_eq!(config.refresh_interval, Duration::from_secs(60));
}

#[test]
fn what_is_wrong_is_named_with_what_to_write() {
    for (text, expected) in [
        (
            "{encoding: avro}",
            "k.encoding: \"avro\" is not one of otlp_proto",
        ),
        (
            "{traces: {encoding: jaeger_json}}",
            "write jaeger_proto, there and here",
        ),
        (
            "{initial_offset: newest}",
            "k.initial_offset: \"newest\" is not one of latest, earliest",
        ),
        (
            "{traces: {topics: ['^spans-.*']}}",
            "is a pattern, which is not served; name the topics",
        ),
        (
            "{traces: {exclude_topics: [a]}}",
            "name the topics that are read",
        ),
        (
            "{header_extraction: {extract_headers: true}}",
            "headers of a record are not kept",
        ),
        ("{brokers: [a]}", "is no HOST:PORT"),
        ("{tpoic: a}", "tpoic"),
    ] {
        let mistakes = read(text).unwrap_err();
        assert_eq!(mistakes.len(), 1, "{text}: {mistakes:?}");
        assert!(mistakes[0].contains(expected), "{text}: {mistakes:?}");
    }
}
