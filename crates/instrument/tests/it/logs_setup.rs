//! Variables of logs: what they set, and what is said when they are wrong.

use crate::collector::Collector;
use crate::variables::with;
use std::time::Duration;
use tracewell_instrument::Guard;
use tracewell_instrument::correlation::logs;
use tracing::info;
use tracing_subscriber::layer::SubscriberExt;

const LONG: Duration = Duration::from_secs(20);

fn say(guard: &Guard) {
    let layer = logs::layer().with_logger(guard.logger().unwrap());
    let subscriber = tracing_subscriber::registry().with(layer);
    tracing::subscriber::with_default(subscriber, || info!(text = "äöüß", more = 1, "said"));
}

#[test]
fn logs_are_exported_where_code_or_environment_says_so() {
    let otlp = ("OTEL_LOGS_EXPORTER", "otlp");
    let none = ("OTEL_LOGS_EXPORTER", "none");
    let disabled = ("OTEL_SDK_DISABLED", "true");
    for (variables, in_code, is_exported) in [
        (&[][..], false, false),
        (&[], true, true),
        (&[otlp], false, true),
        (&[none], true, false),
        (&[otlp, disabled], true, false),
        (&[("OTEL_TRACES_EXPORTER", "none")], true, true),
    ] {
        let collector = Collector::start();
        let setup = with(variables).endpoint(collector.url());
        let setup = if in_code { setup.logs() } else { setup };
        let guard = setup.build().unwrap();
        assert_eq!(guard.logger().is_some(), is_exported, "{variables:?}");
        if is_exported {
            say(&guard);
            guard.shutdown(LONG).unwrap();
        }
        assert_eq!(collector.records().len(), usize::from(is_exported));
    }
}

#[test]
fn variables_of_logs_go_before_the_general_ones() {
    const GRPC: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
    let collector = Collector::start();
    let url = collector.url();
    for (protocol, name, endpoint, path) in [
        (
            "http/protobuf",
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            url.clone(),
            "/v1/logs",
        ),
        (
            "http/protobuf",
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            format!("{url}/a/"),
            "/a/v1/logs",
        ),
        (
            "http/protobuf",
            "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
            format!("{url}/logs"),
            "/logs",
        ),
        (
            "grpc",
            "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
            url.clone(),
            GRPC,
        ),
    ] {
        let guard = with(&[
            ("OTEL_LOGS_EXPORTER", "otlp"),
            ("OTEL_TRACES_EXPORTER", "none"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", protocol),
            (name, &endpoint),
            ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=general"),
            ("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "api-key=of%20logs"),
            ("OTEL_EXPORTER_OTLP_LOGS_COMPRESSION", "gzip"),
            ("OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "20000"),
            ("OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", "1"),
            ("OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", "2"),
        ])
        .build()
        .unwrap();
        say(&guard);
        guard.shutdown(LONG).unwrap();
        let received = collector.received();
        assert_eq!(received[0].path, path, "{protocol} {name} {endpoint}");
        assert_eq!(received[0].headers["api-key"], "of logs");
        let record = &received[0].logs.resource_logs[0].scope_logs[0].log_records[0];
        assert_eq!(record.attributes.len(), 1);
        assert_eq!(record.dropped_attributes_count, 1);
        let text = format!("{:?}", record.attributes[0]);
        assert!(text.contains("\"äö\""), "{text}");
    }
}

#[test]
fn what_code_says_of_everything_yields_to_variables_of_logs() {
    let (spans, logs) = (Collector::start(), Collector::start());
    let guard = with(&[
        (
            "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
            &format!("{}/v1/logs", logs.url()),
        ),
        ("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "api-key=of%20logs"),
    ])
    .endpoint(format!("{}/v1/traces", spans.url()))
    .header("api-key", "of spans")
    .logs()
    .build()
    .unwrap();
    say(&guard);
    guard.tracer().unwrap().span("one").start().end();
    guard.shutdown(LONG).unwrap();
    for (collector, path, key) in [
        (spans, "/v1/traces", "of spans"),
        (logs, "/v1/logs", "of logs"),
    ] {
        let received = collector.received();
        assert_eq!(received.len(), 1, "{path}");
        assert_eq!(received[0].path, path);
        assert_eq!(received[0].headers["api-key"], key);
    }
}

#[test]
fn headers_of_logs_in_code_keep_those_of_spans_away() {
    let (spans, logs) = (Collector::start(), Collector::start());
    let setup = with(&[]).endpoint(spans.url()).header("of-spans", "secret");
    let setup = setup.logs().logs_endpoint(logs.url());
    let guard = setup.logs_header("of-logs", "other").build().unwrap();
    say(&guard);
    guard.tracer().unwrap().span("one").start().end();
    guard.shutdown(LONG).unwrap();
    for (collector, own, foreign) in [
        (spans, "of-spans", "of-logs"),
        (logs, "of-logs", "of-spans"),
    ] {
        let received = collector.received();
        assert!(received[0].headers.contains_key(own), "{own}");
        assert!(!received[0].headers.contains_key(foreign), "{foreign}");
    }
}

#[test]
fn an_endpoint_in_code_is_for_logs_too_if_it_can_be() {
    let collector = Collector::start();
    for (path, expect) in [
        ("", "/v1/logs"),
        ("/", "/v1/logs"),
        ("/a/v1/traces", "/a/v1/logs"),
    ] {
        let setup = with(&[]).endpoint(format!("{}{path}", collector.url()));
        let guard = setup.logs().build().unwrap();
        say(&guard);
        guard.shutdown(LONG).unwrap();
        assert_eq!(collector.received()[0].path, expect, "{path}");
    }
    let setup = with(&[]).endpoint(format!("{}/ingest", collector.url()));
    let said = setup.logs().build().unwrap_err().to_string();
    assert!(
        said.contains("/ingest") && said.contains("logs_endpoint"),
        "{said}"
    );
}

#[test]
fn wrong_values_are_named_with_their_fix_all_together() {
    let said = with(&[
        ("OTEL_LOGS_EXPORTER", "otlp"),
        ("OTEL_BLRP_SCHEDULE_DELAY", "1s"),
        ("OTEL_BLRP_EXPORT_TIMEOUT", "-1"),
        ("OTEL_BLRP_MAX_QUEUE_SIZE", "100"),
        ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "200"),
        ("OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", "many"),
        ("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "http/xml"),
        ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "collector:4318"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "lz4"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
    ])
    .build()
    .unwrap_err()
    .to_string();
    for part in [
        "OTEL_BLRP_SCHEDULE_DELAY is `1s`; write a whole number of milliseconds",
        "OTEL_BLRP_EXPORT_TIMEOUT is `-1`; write a whole number of milliseconds",
        "(OTEL_BLRP_MAX_EXPORT_BATCH_SIZE) is `200`; write a number from 1 to max_queue_size, which is 100",
        "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT is `many`; write a whole number from 0",
        "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL is `http/xml`; write grpc, http/protobuf or http/json",
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT is `collector:4318`; write a URL such as",
        "OTEL_EXPORTER_OTLP_COMPRESSION is `lz4`; write none, gzip or zstd",
        "OTEL_BSP_MAX_QUEUE_SIZE is `0`; write a whole number from 1",
    ] {
        assert!(said.contains(part), "{part:?} is missing from:\n{said}");
    }
    assert_eq!(said.lines().count(), 8, "each is said once: {said}");
    let said = with(&[("OTEL_LOGS_EXPORTER", "loki")]).build();
    let said = said.unwrap_err().to_string();
    assert_eq!(
        said,
        "OTEL_LOGS_EXPORTER is `loki`; write otlp, console or none"
    );
}
