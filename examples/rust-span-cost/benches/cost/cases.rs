//! The cases: a span with two attributes, a number and a static text.

use super::{ARRIVED, Case, ROUND};
use fastrace::collector::{Config, Reporter, SpanContext, SpanRecord};
use opentelemetry::trace::{Span as _, Tracer as _, TracerProvider as _};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler as SdkSampler, SdkTracer, SdkTracerProvider,
    SpanData, SpanExporter,
};
use std::hint::black_box;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tracewell_instrument::mock::MockExporter;
use tracewell_instrument::sampling::{AlwaysOff, AlwaysOn, ParentBased, Sampler};
use tracing::info_span;
use tracing_subscriber::layer::{Identity, SubscriberExt};

const CLOCK: &str = "two reads of the clock";

pub fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    ours(&mut cases);
    opentelemetry_sdk_cases(&mut cases);
    fastrace_cases(&mut cases);
    cases.push(logfire_case());
    // A registry without any layer never takes a closed span away.
    let registry = tracing_subscriber::registry().with(Identity::new());
    let registry = tracing::Dispatch::new(registry);
    cases.push(through_tracing(
        "the registry of `tracing` with a layer that does nothing",
        false,
        registry,
        || {},
    ));
    let clock = || {
        black_box(Instant::now());
        black_box(Instant::now());
    };
    cases.push(direct(CLOCK, true, clock, || {}));
    cases
}

fn direct(
    name: &'static str,
    is_sampled: bool,
    one: impl Fn() + 'static,
    between: impl Fn() + 'static,
) -> Case {
    let round = move || (0..ROUND).for_each(|_| one());
    Case {
        name,
        is_sampled,
        is_recorded: is_sampled && name != CLOCK,
        round: Box::new(round),
        between: Box::new(between),
    }
}

/// A span of `tracing`, entered and left, in this subscriber.
fn through_tracing(
    name: &'static str,
    is_sampled: bool,
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
        is_sampled,
        is_recorded: is_sampled && name != CLOCK,
        round: Box::new(round),
        between: Box::new(between),
    }
}

fn ours(cases: &mut Vec<Case>) {
    let mock = |root: Arc<dyn Sampler>| {
        let builder = MockExporter::builder().sampler(ParentBased::new(root));
        Rc::new(builder.build())
    };
    let mocks = [
        (true, mock(Arc::new(AlwaysOn))),
        (false, mock(Arc::new(AlwaysOff))),
    ];
    for (is_sampled, mock) in mocks.clone() {
        let tracer = mock.tracer();
        let one = move || {
            let mut span = tracer.span("load").start();
            span.set_attribute("rows", black_box(3))
                .set_attribute("table", "orders");
        };
        let between = move || take_away(&mock);
        cases.push(direct("`tracewell-instrument`", is_sampled, one, between));
    }
    for (is_sampled, mock) in mocks.clone() {
        let tracer = mock.tracer();
        let one = move || {
            let mut span = tracer.span("load").start();
            span.set_attribute("rows", black_box(3))
                .set_attribute("table", "orders");
            span.in_scope(|| black_box(()));
        };
        let between = move || take_away(&mock);
        let name = "`tracewell-instrument`, made current and taken back";
        cases.push(direct(name, is_sampled, one, between));
    }
    for (is_sampled, mock) in mocks {
        let layer = tracewell_instrument::layer().with_tracer(mock.tracer());
        let subscriber = tracing::Dispatch::new(tracing_subscriber::registry().with(layer));
        let between = move || take_away(&mock);
        let name = "`tracewell-instrument`, through `tracing`";
        cases.push(through_tracing(name, is_sampled, subscriber, between));
    }
}

fn arrive<T>(spans: Vec<T>) {
    ARRIVED.fetch_add(black_box(spans).len(), Ordering::SeqCst);
}

/// Ours go back as memory for new ones, as from the exporter.
fn take_away(mock: &MockExporter) {
    let statistics = mock.tracer().statistics();
    mock.discard();
    if statistics.lost() == 0 {
        ARRIVED.fetch_add(ROUND as usize, Ordering::SeqCst);
    }
}

#[derive(Debug)]
struct Nowhere;

impl SpanExporter for Nowhere {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        arrive(batch);
        Ok(())
    }
}

impl Reporter for Nowhere {
    fn report(&mut self, spans: Vec<SpanRecord>) {
        arrive(spans);
    }
}

fn provider(sampler: SdkSampler) -> SdkTracerProvider {
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
    let samplers = [(true, SdkSampler::AlwaysOn), (false, SdkSampler::AlwaysOff)];
    let providers = samplers.map(|(is_sampled, sampler)| {
        let parent_based = SdkSampler::ParentBased(Box::new(sampler));
        (is_sampled, provider(parent_based))
    });
    for (is_sampled, provider) in providers.clone() {
        let tracer: SdkTracer = provider.tracer("cost");
        let one = move || {
            let mut span = tracer.start("load");
            span.set_attribute(opentelemetry::KeyValue::new("rows", black_box(3)));
            span.set_attribute(opentelemetry::KeyValue::new("table", "orders"));
        };
        let flush = move || provider.force_flush().expect("nothing can fail here");
        let name = "`opentelemetry_sdk` 0.33, batch processor";
        cases.push(direct(name, is_sampled, one, flush));
    }
    for (is_sampled, provider) in providers {
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("cost"));
        let subscriber = tracing::Dispatch::new(tracing_subscriber::registry().with(layer));
        let flush = move || provider.force_flush().expect("nothing can fail here");
        let name = "`tracing-opentelemetry` 0.34, through `tracing`";
        cases.push(through_tracing(name, is_sampled, subscriber, flush));
    }
}

/// `fastrace` properties are text only, so that its number is given as text.
fn fastrace_cases(cases: &mut Vec<Case>) {
    let interval = Duration::from_secs(3600);
    fastrace::set_reporter(Nowhere, Config::default().report_interval(interval));
    for is_sampled in [true, false] {
        let one = move || {
            let span = fastrace::Span::root("load", SpanContext::random().sampled(is_sampled));
            drop(span.with_properties(|| [("rows", black_box("3")), ("table", "orders")]));
        };
        let name = "`fastrace` 0.7, root span";
        cases.push(direct(name, is_sampled, one, fastrace::flush));
    }
}

/// Sampled only: its sampler is set by the environment alone.
fn logfire_case() -> Case {
    use opentelemetry_sdk_0_32::trace as sdk;
    let config = sdk::BatchConfigBuilder::default()
        .with_scheduled_delay(Duration::from_secs(3600))
        .build();
    let processor = sdk::BatchSpanProcessor::builder(NowhereOfLogfire)
        .with_batch_config(config)
        .build();
    let logfire = logfire::configure()
        .local()
        .send_to_logfire(false)
        .with_console(None)
        .with_metrics(None)
        .with_additional_span_processor(processor)
        .finish()
        .expect("it is set up");
    let flushed = logfire.clone();
    let round = move || {
        let _here = logfire::set_local_logfire(logfire.clone());
        for _ in 0..ROUND {
            let _span = logfire::span!("load", rows = black_box(3), table = "orders").entered();
        }
    };
    Case {
        name: "`logfire` 0.13, through `tracing`",
        is_sampled: true,
        is_recorded: true,
        round: Box::new(round),
        between: Box::new(move || flushed.force_flush().expect("nothing can fail here")),
    }
}

#[derive(Debug)]
struct NowhereOfLogfire;

impl opentelemetry_sdk_0_32::trace::SpanExporter for NowhereOfLogfire {
    async fn export(
        &self,
        batch: Vec<opentelemetry_sdk_0_32::trace::SpanData>,
    ) -> opentelemetry_sdk_0_32::error::OTelSdkResult {
        arrive(batch);
        Ok(())
    }
}
