//! Our samplers and propagators in OpenTelemetry's own SDK.

use opentelemetry::baggage::BaggageExt as _;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{
    Span as _, SpanKind as OtelKind, TraceContextExt as _, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context as OtelContext, KeyValue};
use opentelemetry_sdk::trace::{
    InMemorySpanExporter, InMemorySpanExporterBuilder, SdkTracerProvider, SpanData,
};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tracewell_instrument::SpanKind;
use tracewell_instrument::opentelemetry::{SdkSampler, TextMap};
use tracewell_instrument::propagation::{B3, Jaeger, Propagators, TraceContext, XRay};
use tracewell_instrument::sampling::{
    AlwaysOff, AlwaysOn, ParentBased, Ratio, Sampler, SamplingDecision, SamplingQuestion,
};

fn stock(sampler: SdkSampler) -> (SdkTracerProvider, InMemorySpanExporter) {
    let exporter = InMemorySpanExporterBuilder::new().build();
    let provider = SdkTracerProvider::builder()
        .with_sampler(sampler)
        .with_simple_exporter(exporter.clone())
        .build();
    (provider, exporter)
}

fn headers(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    let owned = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    owned.collect()
}

fn finished(exporter: &InMemorySpanExporter) -> Vec<SpanData> {
    exporter.get_finished_spans().unwrap()
}

/// A trace id whose last seven bytes are far above and below one half.
const HIGH: &str = "0af7651916cd43dd84f8eb211c80319c";
const LOW: &str = "0af7651916cd43dd8408eb211c80319c";

/// What it is; the sampler; the caller's header and tracestate; the tracestate
/// of a server span and its child, if they are sampled.
type Case = (
    &'static str,
    Arc<dyn Sampler>,
    String,
    &'static str,
    Option<&'static str>,
);

#[test]
fn samplers_decide_for_the_stock_sdk() {
    let half = || Arc::new(Ratio::new(0.5));
    let cases: [Case; 8] = [
        ("off", Arc::new(AlwaysOff), w3c(HIGH, "01"), "", None),
        (
            "on",
            Arc::new(AlwaysOn),
            w3c(HIGH, "00"),
            "v=1",
            Some("v=1"),
        ),
        ("ratio, below", half(), w3c(LOW, "01"), "v=1", None),
        (
            "ratio, above",
            half(),
            w3c(HIGH, "00"),
            "v=1",
            Some("ot=th:8,v=1"),
        ),
        (
            "ratio, its own randomness",
            half(),
            w3c(LOW, "00"),
            "ot=rv:ffffffffffffff",
            Some("ot=th:8;rv:ffffffffffffff"),
        ),
        (
            "parent said yes",
            Arc::new(ParentBased::new(Arc::new(AlwaysOff))),
            w3c(HIGH, "01"),
            "ot=th:8",
            Some("ot=th:8"),
        ),
        (
            "parent said no",
            Arc::new(ParentBased::new(Arc::new(AlwaysOn))),
            w3c(HIGH, "00"),
            "",
            None,
        ),
        (
            "parent left it to us",
            Arc::new(ParentBased::new(Arc::new(AlwaysOn))),
            format!("{HIGH}-b7ad6b7169203331"),
            "",
            Some(""),
        ),
    ];
    for (case, sampler, parent, state, expected) in cases {
        let (provider, exporter) = stock(SdkSampler::new(sampler));
        let formats = Propagators::from_names("tracecontext,b3").unwrap();
        let name = if parent.starts_with("00-") {
            "traceparent"
        } else {
            "b3"
        };
        let caller = TextMap::new(formats).extract_with_context(
            &OtelContext::new(),
            &headers(&[(name, &parent), ("tracestate", state)]),
        );
        let tracer = provider.tracer("t");
        tracer.in_span_with_context("server", &caller, |_| drop(tracer.start("child")));
        let spans = finished(&exporter);
        let states: Vec<String> = spans
            .iter()
            .map(|span| span.span_context.trace_state().header())
            .collect();
        let expected = expected.map_or_else(Vec::new, |state| vec![state.to_owned(); 2]);
        assert_eq!(states, expected, "{case}");
        assert!(
            spans.iter().all(|span| span.span_context.is_sampled()),
            "{case}"
        );
    }
}

fn w3c(trace_id: &str, flags: &str) -> String {
    format!("00-{trace_id}-b7ad6b7169203331-{flags}")
}

#[test]
fn the_ratio_of_root_spans_is_written_down() {
    let (provider, exporter) = stock(SdkSampler::new(Arc::new(Ratio::new(0.25))));
    for _ in 0..400 {
        drop(provider.tracer("t").start("root"));
    }
    let spans = finished(&exporter);
    for span in &spans {
        assert_eq!(span.span_context.trace_state().header(), "ot=th:c");
        assert!(span.span_context.trace_id().to_bytes()[9] >= 0xc0);
    }
    // Further away than once in a million runs.
    assert!((50..150).contains(&spans.len()), "{} of 400", spans.len());
}

#[test]
fn samplers_are_told_what_our_recorder_tells_them() {
    #[derive(Debug, Default)]
    struct Asked(Mutex<Vec<String>>);
    impl Sampler for Asked {
        fn decide(&self, question: &SamplingQuestion<'_>) -> SamplingDecision {
            let SamplingQuestion {
                service,
                name,
                kind,
                parent,
                trace_id,
                attributes,
                ..
            } = question;
            assert_eq!(attributes.len(), usize::from(*name == "GET /orders"));
            let parent = parent.map(|parent| (parent.trace_id == *trace_id, parent.is_remote));
            self.0
                .lock()
                .unwrap()
                .push(format!("{service} {name} {kind:?} {parent:?}"));
            SamplingDecision::new(true, None).attribute("decided", true)
        }

        fn reads_attributes(&self) -> bool {
            true
        }
    }
    let asked = Arc::new(Asked::default());
    let (provider, exporter) = stock(SdkSampler::new(asked.clone()).service("shop"));
    let tracer = provider.tracer("t");
    let caller = TextMap::from(TraceContext).extract_with_context(
        &OtelContext::new(),
        &headers(&[("traceparent", &w3c(HIGH, "00"))]),
    );
    let server = tracer
        .span_builder("GET /orders")
        .with_kind(OtelKind::Server)
        .with_attributes([KeyValue::new("kept", true)])
        .start_with_context(&tracer, &caller);
    let server = OtelContext::new().with_span(server);
    drop(tracer.start_with_context("query", &server));
    drop(tracer.start_with_context("root", &OtelContext::new()));
    drop(server);
    assert_eq!(
        *asked.0.lock().unwrap(),
        [
            format!("shop GET /orders {:?} Some((true, true))", SpanKind::Server),
            format!("shop query {:?} Some((true, false))", SpanKind::Internal),
            format!("shop root {:?} None", SpanKind::Internal),
        ]
    );
    let spans = finished(&exporter);
    assert_eq!(spans.len(), 3);
    assert!(spans.iter().any(
        |span| span.attributes == [KeyValue::new("kept", true), KeyValue::new("decided", true)]
    ));
}

#[test]
fn every_format_carries_the_stock_sdk_s_spans() {
    let cases: [(TextMap, &[&str]); 6] = [
        (TextMap::from(TraceContext), &["traceparent", "tracestate"]),
        (TextMap::from(B3::SINGLE), &["b3"]),
        (
            TextMap::from(B3::MULTI),
            &["x-b3-flags", "x-b3-sampled", "x-b3-spanid", "x-b3-traceid"],
        ),
        (TextMap::from(Jaeger), &["uber-trace-id"]),
        (TextMap::from(XRay), &["x-amzn-trace-id"]),
        (
            TextMap::new(Propagators::from_names("xray,baggage").unwrap()),
            &["baggage", "x-amzn-trace-id"],
        ),
    ];
    let (provider, _exporter) = stock(SdkSampler::new(Arc::new(AlwaysOn)));
    for (text_map, fields) in cases {
        let mut named: Vec<&str> = text_map.fields().collect();
        named.sort_unstable();
        assert_eq!(named, fields);

        let span = provider
            .tracer("t")
            .start_with_context("client", &OtelContext::new());
        let sent = span.span_context().clone();
        let context = OtelContext::new()
            .with_span(span)
            .with_baggage([KeyValue::new("tenant", "acme & co")]);
        let mut headers = HashMap::new();
        text_map.inject_context(&context, &mut headers);
        let received = text_map.extract_with_context(&OtelContext::new(), &headers);
        let span = received.span();
        let context = span.span_context();
        assert_eq!(context.trace_id(), sent.trace_id(), "{text_map:?}");
        assert_eq!(context.span_id(), sent.span_id(), "{text_map:?}");
        assert!(context.is_sampled() && context.is_remote(), "{text_map:?}");
        let is_carried = fields.contains(&"baggage") || fields.contains(&"uber-trace-id");
        let tenant = received.baggage().get("tenant").map(ToString::to_string);
        assert_eq!(
            tenant.as_deref(),
            is_carried.then_some("acme & co"),
            "{text_map:?}"
        );
    }
}

#[test]
fn what_is_malformed_or_absent_changes_nothing() {
    let text_map =
        TextMap::new(Propagators::from_names("tracecontext,baggage,b3,jaeger,xray").unwrap());
    let before = OtelContext::new()
        .with_remote_span_context(opentelemetry::trace::SpanContext::new(
            7.into(),
            8.into(),
            opentelemetry::TraceFlags::SAMPLED,
            true,
            opentelemetry::trace::TraceState::NONE,
        ))
        .with_baggage([KeyValue::new("kept", "1")]);
    let malformed: [&[(&str, &str)]; 4] = [
        &[],
        &[("traceparent", "00-0-0-01"), ("tracestate", "v=1")],
        &[
            ("b3", "x"),
            ("uber-trace-id", "::::"),
            ("x-amzn-trace-id", "Root=1"),
        ],
        &[("baggage", "=;,")],
    ];
    for pairs in malformed {
        let after = text_map.extract_with_context(&before, &headers(pairs));
        assert_eq!(
            after.span().span_context(),
            before.span().span_context(),
            "{pairs:?}"
        );
        assert_eq!(after.baggage().len(), 1, "{pairs:?}");
    }
    // A member that OpenTelemetry refuses costs itself, not the list.
    let system = "a".repeat(14);
    let state = format!("v=1,t@{system}=2,w=3");
    let taken = text_map.extract_with_context(
        &OtelContext::new(),
        &headers(&[("traceparent", &w3c(HIGH, "01")), ("tracestate", &state)]),
    );
    assert_eq!(
        taken.span().span_context().trace_state().header(),
        "v=1,w=3"
    );
}
