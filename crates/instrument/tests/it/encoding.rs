//! What arrives is what was recorded, in every protocol and encoding.

use crate::collector::{Collector, spans_of};
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue as OtlpKeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use std::time::Duration;
use tracewell_instrument::context::{SpanContext, SpanId, TraceFlags, TraceId};
use tracewell_instrument::{
    Builder, Compression, Context, KeyValue, Protocol, SpanKind, SpanLimits, Status, builder,
};

const LONG: Duration = Duration::from_secs(20);

fn quiet() -> Builder {
    builder().variables(|_| None).without_panic_hook()
}

fn remote() -> SpanContext {
    SpanContext {
        trace_id: TraceId(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10),
        span_id: SpanId(0x1112_1314_1516_1718),
        flags: TraceFlags::SAMPLED,
        trace_state: Some("vendor=1".into()),
        is_remote: true,
    }
}

fn any(value: Any) -> Option<AnyValue> {
    Some(AnyValue { value: Some(value) })
}

fn value<'a>(attributes: &'a [OtlpKeyValue], key: &str) -> Option<&'a Any> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    found.value.as_ref()?.value.as_ref()
}

#[test]
fn every_field_arrives_over_every_transport() {
    let transports = [
        (Protocol::HttpProtobuf, "/v1/traces"),
        (Protocol::HttpJson, "/v1/traces"),
        (
            Protocol::Grpc,
            "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        ),
    ];
    let compressions = [Compression::None, Compression::Gzip, Compression::Zstd];
    for ((protocol, path), compression) in transports
        .into_iter()
        .flat_map(|transport| compressions.map(|compression| (transport, compression)))
    {
        let collector = Collector::start();
        let guard = quiet()
            .service_name("shop")
            .service_version("1.2.3")
            .environment("test")
            .endpoint(collector.url())
            .protocol(protocol)
            .compression(compression)
            .header("x-tenant", "acme")
            .build()
            .unwrap();
        let tracer = guard.tracer().unwrap().scoped("shop::cart", "0.9");
        record(&tracer);
        assert_eq!(guard.flush(LONG), Ok(()), "{protocol:?} {compression:?}");
        assert_eq!(guard.statistics().exported, 1);

        let received = collector.received();
        assert_eq!(received.len(), 1);
        assert_eq!(received[0].path, path);
        assert_eq!(received[0].headers["x-tenant"], "acme");
        let resource_spans = &received[0].request.resource_spans[0];
        let resource = &resource_spans.resource.as_ref().unwrap().attributes;
        for (key, expect) in [
            ("service.name", "shop"),
            ("service.version", "1.2.3"),
            ("deployment.environment.name", "test"),
            ("telemetry.sdk.language", "rust"),
        ] {
            assert_eq!(
                value(resource, key),
                Some(&Any::StringValue(expect.into())),
                "{key}"
            );
        }
        let scope = resource_spans.scope_spans[0].scope.as_ref().unwrap();
        assert_eq!(
            (scope.name.as_str(), scope.version.as_str()),
            ("shop::cart", "0.9")
        );
        check(&spans_of(received[0].request.clone())[0]);
    }
}

fn record(tracer: &tracewell_instrument::Tracer) {
    let mut span = tracer
        .span("checkout")
        .kind(SpanKind::Consumer)
        .parent(Context::from_span(remote()))
        .link(SpanContext {
            is_remote: false,
            ..remote()
        })
        .start_unix_ns(1_700_000_000_000_000_001)
        .start();
    span.set_attribute("text", "ä".repeat(100))
        .set_attribute("empty", "")
        .set_attribute("true", true)
        .set_attribute("false", false)
        .set_attribute("zero", 0)
        .set_attribute("negative", -5)
        .set_attribute("float", 1.5)
        .set_attribute("texts", vec!["a", ""])
        .set_attribute("truths", vec![true, false])
        .set_attribute("numbers", vec![1i64, -1])
        .set_attribute("floats", vec![0.5f64])
        .set_attribute("twice", 1)
        .set_attribute("twice", 2);
    span.add_event("retried", [KeyValue::new("attempt", 2)]);
    span.set_status(Status::Error("declined".into()));
    span.end_at(1_700_000_000_000_000_500);
}

fn check(span: &Span) {
    assert_eq!(span.trace_id, remote().trace_id.0.to_be_bytes());
    assert_eq!(span.parent_span_id, remote().span_id.0.to_be_bytes());
    assert_eq!(span.span_id.len(), 8);
    assert_eq!(span.trace_state, "vendor=1");
    assert_eq!((span.name.as_str(), span.kind), ("checkout", 5));
    assert_eq!(span.start_time_unix_nano, 1_700_000_000_000_000_001);
    assert_eq!(span.end_time_unix_nano, 1_700_000_000_000_000_500);
    assert_eq!(span.flags, 0x301, "sampled, remote parent");
    let status = span.status.as_ref().unwrap();
    assert_eq!((status.code, status.message.as_str()), (2, "declined"));
    let array = |values: Vec<Any>| {
        let values = values.into_iter().filter_map(any).collect();
        Any::ArrayValue(opentelemetry_proto::tonic::common::v1::ArrayValue { values })
    };
    for (key, expect) in [
        ("text", Any::StringValue("ä".repeat(100))),
        ("empty", Any::StringValue(String::new())),
        ("true", Any::BoolValue(true)),
        ("false", Any::BoolValue(false)),
        ("zero", Any::IntValue(0)),
        ("negative", Any::IntValue(-5)),
        ("float", Any::DoubleValue(1.5)),
        (
            "texts",
            array(vec![
                Any::StringValue("a".into()),
                Any::StringValue(String::new()),
            ]),
        ),
        (
            "truths",
            array(vec![Any::BoolValue(true), Any::BoolValue(false)]),
        ),
        ("numbers", array(vec![Any::IntValue(1), Any::IntValue(-1)])),
        ("floats", array(vec![Any::DoubleValue(0.5)])),
        ("twice", Any::IntValue(2)),
    ] {
        assert_eq!(value(&span.attributes, key), Some(&expect), "{key}");
    }
    assert_eq!(span.attributes.len(), 12);
    assert_eq!(span.events[0].name, "retried");
    assert_eq!(
        value(&span.events[0].attributes, "attempt"),
        Some(&Any::IntValue(2))
    );
    assert_eq!(span.links[0].trace_id, remote().trace_id.0.to_be_bytes());
    assert_eq!(span.links[0].trace_state, "vendor=1");
    assert_eq!(
        span.links[0].flags, 0x101,
        "sampled, known not to be remote"
    );
}

#[test]
fn json_is_chosen_by_the_variable_and_loses_nothing() {
    let collector = Collector::start();
    let protocol =
        |name: &str| (name == "OTEL_EXPORTER_OTLP_PROTOCOL").then(|| "http/json".to_owned());
    let guard = quiet()
        .variables(protocol)
        .endpoint(collector.url())
        .build()
        .unwrap();
    let mut span = guard.tracer().unwrap().span("a \"b\"\n\u{1}").start();
    span.set_attribute("largest", i64::MAX)
        .set_attribute("tiny", 1e-300);
    drop(span);
    guard.shutdown(LONG).unwrap();
    let received = collector.received();
    assert_eq!(received[0].headers["content-type"], "application/json");
    let span = &spans_of(received[0].request.clone())[0];
    assert_eq!(span.name, "a \"b\"\n\u{1}");
    assert_eq!(
        value(&span.attributes, "largest"),
        Some(&Any::IntValue(i64::MAX))
    );
    assert_eq!(
        value(&span.attributes, "tiny"),
        Some(&Any::DoubleValue(1e-300))
    );
}

#[test]
fn limits_cut_and_count() {
    let collector = Collector::start();
    let limits = SpanLimits::default()
        .max_attributes(2)
        .max_value_chars(3)
        .max_events(1)
        .max_links(1)
        .max_attributes_per_event(1)
        .max_attributes_per_link(1);
    let guard = quiet()
        .endpoint(collector.url())
        .limits(limits)
        .build()
        .unwrap();
    let mut span = guard.tracer().unwrap().span("limited").start();
    for key in ["a", "b", "c", "d"] {
        span.set_attribute(key, "äöüß");
    }
    for _ in 0..3 {
        span.add_event("event", [KeyValue::new("a", "äöüß"), KeyValue::new("b", 1)]);
        span.add_link(remote(), [KeyValue::new("a", 1), KeyValue::new("b", 1)]);
    }
    drop(span);
    guard.shutdown(LONG).unwrap();
    let span = &collector.spans()[0];
    assert_eq!(
        (span.attributes.len(), span.dropped_attributes_count),
        (2, 2)
    );
    assert_eq!(
        value(&span.attributes, "a"),
        Some(&Any::StringValue("äöü".into()))
    );
    assert_eq!((span.events.len(), span.dropped_events_count), (1, 2));
    assert_eq!((span.links.len(), span.dropped_links_count), (1, 2));
    let (event, link) = (&span.events[0], &span.links[0]);
    assert_eq!(
        (event.attributes.len(), event.dropped_attributes_count),
        (1, 1)
    );
    assert_eq!(
        (link.attributes.len(), link.dropped_attributes_count),
        (1, 1)
    );
    assert_eq!(
        value(&event.attributes, "a"),
        Some(&Any::StringValue("äöü".into()))
    );
}
