//! The cases: a span with two attributes, a number and a static text.

use super::{Case, ROUND};
use fastrace::collector::{Config, Reporter, SpanContext, SpanRecord};
use opentelemetry::trace::{Span as _, Tracer as _, TracerProvider as _};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracer, SdkTracerProvider, SpanData,
    SpanExporter,
};
use std::hint::black_box;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracewell_instrument::mock::MockExporter;
use tracewell_instrument::sampling::{AlwaysOff, AlwaysOn, ParentBased};
use tracing::info_span;
use tracing_subscriber::layer::{Identity, SubscriberExt};

pub fn all() -> Vec<Case> {
    let mut cases = vec![case("clock: two reads of Instant", || {
        black_box(Instant::now());
        black_box(Instant::now());
    })];
    ours(&mut cases);
    opentelemetry_sdk_cases(&mut cases);
    fastrace_cases(&mut cases);
    // A registry without any layer never takes a closed span away.
    let registry = tracing_subscriber::registry().with(Identity::new());
    let registry = tracing::Dispatch::new(registry);
    cases.push(through_tracing(
        "tracing registry, a layer that does nothing",
        registry,
        || {},
    ));
    cases
}

fn case(name: &'static str, one: impl Fn() + 'static) -> Case {
    cleaned(name, one, || {})
}

fn cleaned(name: &'static str, one: impl Fn() + 'static, between: impl Fn() + 'static) -> Case {
    let round = move || (0..ROUND).for_each(|_| one());
    Case {
        name,
        round: Box::new(round),
        between: Box::new(between),
    }
}

/// A span of `tracing`, entered and left, in this subscriber.
fn through_tracing(
    name: &'static str,
    subscriber: tracing::Dispatch,
    between: impl Fn() + 'static,
) -> Case {
    let round = move || {
        tracing::dispatcher::with_default(&subscriber, || {
            for _ in 0..ROUND {
                let _span = info_span!("load", rows = black_box(3), table = "orders").entered();
            }
        });
    };
    Case {
        name,
        round: Box::new(round),
        between: Box::new(between),
    }
}

fn ours(cases: &mut Vec<Case>) {
    let sampled = Rc::new(
        MockExporter::builder()
            .sampler(ParentBased::new(Arc::new(AlwaysOn)))
            .build(),
    );
    let unsampled = Rc::new(
        MockExporter::builder()
            .sampler(ParentBased::new(Arc::new(AlwaysOff)))
            .build(),
    );
    for ([direct, attached, layered], mock) in [
        (
            [
                "tracewell-instrument, sampled",
                "tracewell-instrument made current, sampled",
                "tracewell-instrument layer, sampled",
            ],
            sampled,
        ),
        (
            [
                "tracewell-instrument, unsampled",
                "tracewell-instrument made current, unsampled",
                "tracewell-instrument layer, unsampled",
            ],
            unsampled,
        ),
    ] {
        let tracer = mock.tracer();
        let discard = {
            let mock = mock.clone();
            move || mock.discard()
        };
        let one = move || {
            let mut span = tracer.span("load").start();
            span.set_attribute("rows", black_box(3))
                .set_attribute("table", "orders");
        };
        cases.push(cleaned(direct, one, discard.clone()));
        let current = move || {
            let mut span = tracer.span("load").start();
            span.set_attribute("rows", black_box(3))
                .set_attribute("table", "orders");
            span.in_scope(|| black_box(()));
        };
        cases.push(cleaned(attached, current, discard.clone()));
        let layer = tracewell_instrument::layer().with_tracer(tracer);
        let subscriber = tracing::Dispatch::new(tracing_subscriber::registry().with(layer));
        cases.push(through_tracing(layered, subscriber, discard));
    }
}

#[derive(Debug)]
struct Nowhere;

impl SpanExporter for Nowhere {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        drop(black_box(batch));
        Ok(())
    }
}

impl Reporter for Nowhere {
    fn report(&mut self, spans: Vec<SpanRecord>) {
        drop(black_box(spans));
    }
}

fn provider(sampler: Sampler) -> SdkTracerProvider {
    let config = BatchConfigBuilder::default()
        .with_scheduled_delay(Duration::from_secs(3600))
        .build();
    let processor = BatchSpanProcessor::builder(Nowhere)
        .with_batch_config(config)
        .build();
    SdkTracerProvider::builder()
        .with_span_processor(processor)
        .with_sampler(sampler)
        .build()
}

fn opentelemetry_sdk_cases(cases: &mut Vec<Case>) {
    let parent_based = |root| Sampler::ParentBased(Box::new(root));
    for (direct, layered, sampler) in [
        (
            "opentelemetry_sdk, sampled",
            "tracing-opentelemetry, sampled",
            Sampler::AlwaysOn,
        ),
        (
            "opentelemetry_sdk, unsampled",
            "tracing-opentelemetry, unsampled",
            Sampler::AlwaysOff,
        ),
    ] {
        let provider = provider(parent_based(sampler));
        let tracer: SdkTracer = provider.tracer("cost");
        let flush = move || provider.force_flush().expect("nothing can fail here");
        let layer = tracing_opentelemetry::layer().with_tracer(tracer.clone());
        let subscriber = tracing::Dispatch::new(tracing_subscriber::registry().with(layer));
        let one = move || {
            let mut span = tracer.start("load");
            span.set_attribute(opentelemetry::KeyValue::new("rows", black_box(3)));
            span.set_attribute(opentelemetry::KeyValue::new("table", "orders"));
        };
        cases.push(cleaned(direct, one, flush.clone()));
        cases.push(through_tracing(layered, subscriber, flush));
    }
}

fn fastrace_cases(cases: &mut Vec<Case>) {
    let interval = Duration::from_secs(3600);
    fastrace::set_reporter(Nowhere, Config::default().report_interval(interval));
    let one = || {
        let span = fastrace::Span::root("load", SpanContext::random());
        drop(span.with_properties(|| [("rows", black_box("3")), ("table", "orders")]));
    };
    cases.push(cleaned("fastrace, root span", one, fastrace::flush));
    let unsampled = || {
        let span = fastrace::Span::root("load", SpanContext::random().sampled(false));
        drop(span.with_properties(|| [("rows", black_box("3")), ("table", "orders")]));
    };
    cases.push(cleaned(
        "fastrace, unsampled root span",
        unsampled,
        fastrace::flush,
    ));
}
