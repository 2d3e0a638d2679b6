//! What is said through OpenTelemetry's API arrives as if it was said to us.

use crate::collector::Collector;
use opentelemetry::trace::{
    Event, Link, Span as _, SpanBuilder, SpanContext, SpanKind as OtelKind, Status as OtelStatus,
    TraceContextExt as _, TraceState, Tracer as _, TracerProvider as _,
};
use opentelemetry::{
    Array, Context as OtelContext, InstrumentationScope, KeyValue as OtelKeyValue, SpanId,
    StringValue, TraceFlags, TraceId, Value as OtelValue, global,
};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tracewell_instrument::mock::{MockExporter, expect};
use tracewell_instrument::opentelemetry::provider;
use tracewell_instrument::sampling::AlwaysOff;
use tracewell_instrument::{SpanKind, Status, Value, builder};

const START_NS: u64 = 1_700_000_000_000_000_001;

fn at(after_ns: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(START_NS + after_ns)
}

fn other_span() -> SpanContext {
    let state = TraceState::from_key_value([("vendor", "1")]).unwrap();
    let (trace_id, span_id) = (TraceId::from(0x0a0b_u128), SpanId::from(0x0c0d_u64));
    SpanContext::new(trace_id, span_id, TraceFlags::SAMPLED, true, state)
}

#[test]
fn every_part_of_a_span_is_recorded() {
    let mock = MockExporter::new();
    let tracer = provider().with_tracer(mock.tracer()).tracer("payment");
    let early = Event::new("early", at(10), vec![OtelKeyValue::new("n", 1)], 0);
    let link = Link::new(other_span(), vec![OtelKeyValue::new("why", "batch")], 0);
    let mut span = SpanBuilder::from_name("charge")
        .with_kind(OtelKind::Consumer)
        .with_start_time(at(0))
        .with_attributes([OtelKeyValue::new("given", true)])
        .with_events(vec![early])
        .with_links(vec![link])
        .start(&tracer);
    let texts = Array::String(vec![StringValue::from("a"), StringValue::from("")]);
    let attributes: [(&'static str, OtelValue, Value); 9] = [
        ("text", "ä".into(), "ä".into()),
        ("owned", String::from("b").into(), "b".into()),
        ("truth", false.into(), false.into()),
        ("number", OtelValue::I64(-5), (-5).into()),
        ("float", 1.5.into(), 1.5.into()),
        ("texts", OtelValue::Array(texts), vec!["a", ""].into()),
        (
            "truths",
            OtelValue::Array(vec![true, false].into()),
            vec![true, false].into(),
        ),
        (
            "numbers",
            OtelValue::Array(vec![1i64, -1].into()),
            vec![1i64, -1].into(),
        ),
        (
            "floats",
            OtelValue::Array(vec![0.5].into()),
            vec![0.5f64].into(),
        ),
    ];
    for (key, value, _) in &attributes {
        span.set_attribute(OtelKeyValue::new(*key, value.clone()));
    }
    span.set_attribute(OtelKeyValue::new("given", "again"));
    span.add_event_with_timestamp("retried", at(20), vec![OtelKeyValue::new("attempt", 2)]);
    span.add_link(other_span(), vec![]);
    span.add_link(SpanContext::empty_context(), vec![]);
    span.set_status(OtelStatus::error("declined"));
    span.update_name("charge card");
    assert!(span.is_recording());
    span.end_with_timestamp(at(500));

    let mut expected = expect("charge card")
        .root()
        .kind(SpanKind::Consumer)
        .status(Status::Error("declined".into()))
        .attribute("given", "again")
        .links(2);
    for (key, _, value) in attributes {
        expected = expected.attribute(key, value);
    }
    mock.assert([expected]);
    let recorded = mock.span("charge card");
    assert_eq!(recorded.start_unix_ns, START_NS);
    assert_eq!(recorded.end_unix_ns, START_NS + 500);
    let events = recorded.events.iter().map(|event| {
        let attribute = &event.attributes[0];
        let (key, value) = (attribute.key.as_ref(), attribute.value.clone());
        (event.name.as_ref(), event.time_unix_ns, key, value)
    });
    assert_eq!(
        events.collect::<Vec<_>>(),
        [
            ("early", START_NS + 10, "n", Value::I64(1)),
            ("retried", START_NS + 20, "attempt", Value::I64(2)),
        ]
    );
    let link = &recorded.links[0];
    assert_eq!(link.context.trace_id.0, 0x0a0b);
    assert_eq!(link.context.span_id.0, 0x0c0d);
    assert_eq!(link.context.trace_state.as_deref(), Some("vendor=1"));
    assert!(link.context.is_remote && link.context.is_sampled());
    assert_eq!(link.attributes[0].value, Value::from("batch"));
    let context = span.span_context();
    assert_eq!(context.trace_id(), recorded.context.trace_id.0.into());
    assert_eq!(context.span_id(), recorded.context.span_id.0.into());
}

#[test]
fn kinds_and_states_keep_their_meaning() {
    let kinds = [
        (OtelKind::Internal, SpanKind::Internal),
        (OtelKind::Server, SpanKind::Server),
        (OtelKind::Client, SpanKind::Client),
        (OtelKind::Producer, SpanKind::Producer),
        (OtelKind::Consumer, SpanKind::Consumer),
    ];
    for (theirs, ours) in kinds {
        let mock = MockExporter::new();
        let tracer = provider().with_tracer(mock.tracer()).tracer("t");
        drop(SpanBuilder::from_name("s").with_kind(theirs).start(&tracer));
        mock.assert([expect("s").kind(ours)]);
    }
    let failed = || OtelStatus::error("first");
    let states = [
        (vec![], Status::Unset),
        (vec![failed()], Status::Error("first".into())),
        (
            vec![failed(), OtelStatus::Unset],
            Status::Error("first".into()),
        ),
        (vec![failed(), OtelStatus::Ok], Status::Ok),
        (vec![OtelStatus::Ok, failed()], Status::Ok),
    ];
    for (said, expected) in states {
        let mock = MockExporter::new();
        let tracer = provider().with_tracer(mock.tracer()).tracer("t");
        let mut span = tracer.start("s");
        for status in said {
            span.set_status(status);
        }
        drop(span);
        mock.assert([expect("s").status(expected)]);
    }
}

#[test]
fn times_that_the_api_fills_in_lie_within_the_span() {
    let mock = MockExporter::new();
    let tracer = provider().with_tracer(mock.tracer()).tracer("t");
    tracer.in_span("outer", |context| {
        let mut inner = tracer.start("inner");
        inner.add_event("now", vec![]);
        inner.end();
        let cause = "x".parse::<i64>().unwrap_err();
        context.span().record_error(&cause);
    });
    let (outer, inner) = (mock.span("outer"), mock.span("inner"));
    let times = [
        outer.start_unix_ns,
        inner.start_unix_ns,
        inner.events[0].time_unix_ns,
        inner.end_unix_ns,
        outer.events[0].time_unix_ns,
        outer.end_unix_ns,
    ];
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(outer.events[0].name, "exception");
}

#[test]
fn nothing_is_recorded_after_the_end() {
    let mock = MockExporter::new();
    let tracer = provider().with_tracer(mock.tracer()).tracer("t");
    let mut span = tracer.start("span");
    span.end();
    assert!(!span.is_recording());
    span.set_attribute(OtelKeyValue::new("late", 1));
    span.add_event("late", vec![]);
    span.add_link(other_span(), vec![]);
    span.set_status(OtelStatus::error("late"));
    span.update_name("late");
    span.end();
    let context = OtelContext::new().with_span(span);
    drop(tracer.start_with_context("follows", &context));
    drop(context);
    mock.assert([
        expect("span")
            .status(Status::Unset)
            .without_attribute("late")
            .links(0),
        expect("follows").child_of("span"),
    ]);
}

#[test]
fn what_is_not_recorded_hands_its_context_on() {
    let unsampled = MockExporter::builder().sampler(AlwaysOff).build();
    let parent = OtelContext::new().with_remote_span_context(other_span());
    let start = |provider: tracewell_instrument::opentelemetry::TracerProvider| {
        provider.tracer("t").start_with_context("s", &parent)
    };
    let span = start(provider().with_tracer(unsampled.tracer()));
    assert!(!span.is_recording() && !span.span_context().is_sampled());
    assert_eq!(span.span_context().trace_id(), other_span().trace_id());
    assert_ne!(span.span_context().span_id(), other_span().span_id());
    drop(span);
    unsampled.assert([]);

    let without_recorder = start(provider());
    assert!(!without_recorder.is_recording());
    assert_eq!(*without_recorder.span_context(), other_span());

    let mock = MockExporter::new();
    let tracer = provider().with_tracer(mock.tracer()).tracer("t");
    {
        let _exporting = OtelContext::enter_telemetry_suppressed_scope();
        drop(tracer.start("export"));
    }
    drop(tracer.start("after"));
    mock.assert([expect("after")]);
}

#[test]
fn a_tracer_may_be_older_than_the_set_up_and_serve_several() {
    tracewell_instrument::opentelemetry::install();
    let tracer = global::tracer("library");
    for _ in 0..2 {
        let mock = MockExporter::new();
        drop(tracer.start("before"));
        let _default = mock.tracer().set_default();
        drop(tracer.start("recorded"));
        mock.assert([expect("recorded").root()]);
    }
}

#[test]
fn the_scope_arrives_with_the_spans() {
    let collector = Collector::start();
    let guard = builder()
        .variables(|_| None)
        .without_panic_hook()
        .endpoint(collector.url())
        .build()
        .unwrap();
    let provider = provider().with_tracer(guard.tracer().unwrap());
    let scope = InstrumentationScope::builder("payment").with_version("1.2");
    drop(provider.tracer_with_scope(scope.build()).start("charge"));
    drop(provider.tracer("orders").start("list"));
    assert_eq!(guard.flush(Duration::from_secs(20)), Ok(()));

    let received = collector.received();
    let scope_spans = &received[0].request.resource_spans[0].scope_spans;
    let scopes = scope_spans.iter().map(|scope_spans| {
        let scope = scope_spans.scope.as_ref().unwrap();
        let name = scope_spans.spans[0].name.as_str();
        (name, scope.name.as_str(), scope.version.as_str())
    });
    assert_eq!(
        scopes.collect::<Vec<_>>(),
        [("charge", "payment", "1.2"), ("list", "orders", "")]
    );
}
