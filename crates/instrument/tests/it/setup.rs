//! Variables: what they set, and what is said when they are wrong.

use crate::collector::Collector;
use crate::variables::with;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(20);

#[test]
fn endpoints_are_read_as_the_specification_says() {
    const GRPC: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    let collector = Collector::start();
    let address = collector.address.to_string();
    for (protocol, name, endpoint, insecure, path) in [
        (
            "http/protobuf",
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "http://ADDRESS",
            "",
            "/v1/traces",
        ),
        (
            "http/protobuf",
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "http://ADDRESS/a/",
            "",
            "/a/v1/traces",
        ),
        (
            "http/protobuf",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "http://ADDRESS/a",
            "",
            "/a",
        ),
        (
            "http/protobuf",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "http://ADDRESS",
            "",
            "/",
        ),
        (
            "grpc",
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "http://ADDRESS",
            "",
            GRPC,
        ),
        (
            "grpc",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "ADDRESS",
            "true",
            GRPC,
        ),
    ] {
        let guard = with(&[
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", protocol),
            (
                "OTEL_EXPORTER_OTLP_PROTOCOL",
                "the one for traces goes before",
            ),
            (name, &endpoint.replace("ADDRESS", &address)),
            ("OTEL_EXPORTER_OTLP_INSECURE", insecure),
            ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20b,x=1"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
            ("OTEL_SERVICE_NAME", "cart"),
            ("OTEL_RESOURCE_ATTRIBUTES", "service.name=lost,team=a%2Cb"),
        ])
        .build()
        .unwrap();
        guard.tracer().unwrap().span("one").start().end();
        guard.shutdown(LONG).unwrap();
        let received = collector.received();
        assert_eq!(received[0].path, path, "{protocol} {name} {endpoint}");
        assert_eq!(received[0].headers["api-key"], "a b");
        let resource = received[0].request.resource_spans[0]
            .resource
            .clone()
            .unwrap();
        let resource = format!("{resource:?}");
        assert!(
            resource.contains("\"cart\"") && resource.contains("\"a,b\""),
            "{resource}"
        );
        assert!(
            !resource.contains("lost"),
            "OTEL_SERVICE_NAME goes before: {resource}"
        );
    }
}

#[test]
fn wrong_values_are_named_with_their_fix_all_together() {
    let error = with(&[
        ("OTEL_SDK_DISABLED", "yes"),
        ("OTEL_TRACES_EXPORTER", "zipkin"),
        ("OTEL_BSP_SCHEDULE_DELAY", "5s"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
        ("OTEL_SPAN_EVENT_COUNT_LIMIT", "-1"),
        ("OTEL_PROPAGATORS", "tracecontext,b4"),
        ("OTEL_TRACES_SAMPLER", "sometimes"),
        ("OTEL_RESOURCE_ATTRIBUTES", "team"),
    ])
    .build()
    .unwrap_err();
    let said = error.to_string();
    for part in [
        "OTEL_SDK_DISABLED is `yes`; write true or false",
        "OTEL_TRACES_EXPORTER is `zipkin`; write otlp, console or none",
        "OTEL_BSP_SCHEDULE_DELAY is `5s`; write a whole number of milliseconds",
        "OTEL_BSP_MAX_QUEUE_SIZE is `0`; write a whole number from 1",
        "OTEL_SPAN_EVENT_COUNT_LIMIT is `-1`; write a whole number from 0",
        "OTEL_PROPAGATORS has `b4`",
        "OTEL_TRACES_SAMPLER is `sometimes`",
        "OTEL_RESOURCE_ATTRIBUTES is `…team…`; write key=value pairs",
    ] {
        assert!(said.contains(part), "{part:?} is missing from:\n{said}");
    }
    assert_eq!(said.lines().count(), 8, "{said}");
    assert_eq!(format!("{error:?}"), said, "what leaves main says it too");
}

#[test]
fn wrong_exporter_values_are_named_with_their_fix() {
    for (name, value, part) in [
        (
            "OTEL_EXPORTER_OTLP_PROTOCOL",
            "http/xml",
            "write grpc, http/protobuf or http/json",
        ),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "collector:4318",
            "write a URL such as",
        ),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "ftp://collector",
            "begins with http:// or https://",
        ),
        (
            "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
            "10s",
            "whole number of milliseconds",
        ),
        (
            "OTEL_EXPORTER_OTLP_COMPRESSION",
            "lz4",
            "write none, gzip or zstd",
        ),
        (
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
            "4096",
            "from 1 to max_queue_size, which is 2048",
        ),
    ] {
        let said = with(&[(name, value)]).build().unwrap_err().to_string();
        assert!(
            said.contains(name) && said.contains(value) && said.contains(part),
            "{said}"
        );
    }
    let said = with(&[(
        "OTEL_EXPORTER_OTLP_HEADERS",
        "authorization secret,\u{e9}=secret",
    )])
    .build()
    .unwrap_err()
    .to_string();
    assert!(said.contains("OTEL_EXPORTER_OTLP_HEADERS"), "{said}");
}

#[test]
fn disabled_set_ups_record_nothing_and_hand_the_parent_on() {
    for variable in [
        ("OTEL_SDK_DISABLED", "true"),
        ("OTEL_TRACES_EXPORTER", "none"),
    ] {
        let guard = with(&[variable]).build().unwrap();
        assert!(guard.tracer().is_none());
        assert_eq!(guard.flush(LONG), Ok(()));
        assert_eq!(guard.shutdown(LONG), Ok(()));
    }
}

#[test]
fn a_default_name_yields_to_the_environment() {
    let collector = Collector::start();
    for (variable, expected) in [("", "shop"), ("cart", "cart")] {
        let guard = with(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url()),
            ("OTEL_SERVICE_NAME", variable),
        ])
        .default_service_name("shop")
        .build()
        .unwrap();
        guard.tracer().unwrap().span("one").start().end();
        guard.shutdown(LONG).unwrap();
        let resource = collector.received()[0].request.resource_spans[0]
            .resource
            .clone()
            .unwrap();
        let name = resource
            .attributes
            .iter()
            .find(|one| one.key == "service.name");
        assert!(format!("{name:?}").contains(expected), "{name:?}");
    }
}

#[test]
fn a_timeout_of_zero_is_none() {
    let collector = Collector::start();
    let guard = with(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url()),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "0"),
        ("OTEL_BSP_EXPORT_TIMEOUT", "0"),
    ])
    .build()
    .unwrap();
    guard.tracer().unwrap().span("one").start().end();
    guard.flush(LONG).unwrap();
    assert_eq!(collector.spans().len(), 1);
}

#[test]
fn a_configuration_file_is_refused_by_name() {
    let refused = with(&[("OTEL_CONFIG_FILE", "otel.yaml")]).build();
    let said = refused.unwrap_err().to_string();
    assert!(
        said.starts_with("OTEL_CONFIG_FILE is `otel.yaml`"),
        "{said}"
    );
}

#[test]
fn spans_of_middleware_name_their_part_as_scope() {
    use tracewell_instrument::middleware::database::Database;
    let collector = Collector::start();
    let guard = with(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url())])
        .build()
        .unwrap();
    let tracer = guard.tracer().unwrap();
    tracer.span("own").start().end();
    drop(Database::sqlite().tracer(tracer).span("SELECT 1"));
    let library = tracer.scoped("library", "1");
    drop(Database::sqlite().tracer(library).span("SELECT 2"));
    guard.shutdown(LONG).unwrap();
    let scopes = &collector.received()[0].request.resource_spans[0].scope_spans;
    let names = scopes.iter().map(|scope| {
        let scope = scope.scope.clone().unwrap_or_default();
        scope.name
    });
    let parts = ["", "tracewell_instrument::middleware::database", "library"];
    assert_eq!(names.collect::<Vec<_>>(), parts);
}
