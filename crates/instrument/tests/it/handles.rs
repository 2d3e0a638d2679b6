//! Saying more of a span than whoever started it does.

use axum::routing::get;
use axum::{Extension, Router};
use std::future::Future;
use tower::ServiceExt;
use tracewell_instrument::context::{SpanContext, SpanId, TraceFlags, TraceId};
use tracewell_instrument::layer::SpanExt as _;
use tracewell_instrument::middleware::server::ServerLayer;
use tracewell_instrument::middleware::task::FutureExt as _;
use tracewell_instrument::mock::{MockExporter, expect};
use tracewell_instrument::processing::CopyBaggage;
use tracewell_instrument::propagation::Baggage;
use tracewell_instrument::sampling::{
    AlwaysOff, AlwaysOn, ParentBased, Sampler, SamplingDecision, SamplingQuestion,
};
use tracewell_instrument::{
    Context, KeepPolicy, KeyValue, SpanHandle, SpanLimits, Status, current_span,
};
use tracing::{Instrument, info_span};
use tracing_subscriber::layer::SubscriberExt;

fn caller(is_sampled: bool) -> SpanContext {
    SpanContext {
        trace_id: TraceId(0xabc),
        span_id: SpanId(0x123),
        flags: TraceFlags::default().with(TraceFlags::SAMPLED, is_sampled),
        trace_state: None,
        is_remote: true,
    }
}

fn recording(mock: &MockExporter, work: impl FnOnce()) {
    let layer = tracewell_instrument::layer().with_tracer(mock.tracer());
    // As in an application: with a filter, among other layers.
    let subscriber = tracing_subscriber::registry()
        .with(tracing_subscriber::filter::LevelFilter::INFO)
        .with(layer);
    tracing::subscriber::with_default(subscriber, work);
}

fn run(future: impl Future) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(future);
}

async fn call(router: Router, path: &'static str) {
    let request = http::Request::get(path).body(axum::body::Body::empty());
    drop(router.oneshot(request.unwrap()).await.unwrap());
}

#[test]
fn a_handler_speaks_of_the_span_of_its_request() {
    async fn handler() {
        let error = "x".parse::<u8>().unwrap_err();
        current_span()
            .set_attribute("user.id", 7)
            .record_error(&error);
        current_span()
            .set_name("renamed")
            .add_event("looked up", [KeyValue::new("rows", 3)])
            .add_link(caller(true), []);
    }
    let mock = MockExporter::new();
    let layer = ServerLayer::http().tracer(mock.tracer());
    let router = Router::new().route("/", get(handler)).layer(layer);
    run(call(router, "/"));
    mock.assert([expect("renamed")
        .attribute("user.id", 7)
        .attribute("http.response.status_code", 200)
        .event("exception")
        .event("looked up")
        .links(1)
        .status(Status::Error("invalid digit found in string".into()))]);
}

#[test]
fn under_spans_of_its_own_a_handler_finds_the_request_s_in_the_extensions() {
    async fn handler(Extension(request): Extension<SpanHandle>) {
        async move {
            request.set_attribute("of", "the request");
            current_span().set_attribute("of", "the handler");
        }
        .instrument(info_span!("handler"))
        .await;
    }
    let mock = MockExporter::new();
    recording(&mock, || {
        let layer = ServerLayer::http().tracer(mock.tracer());
        run(call(
            Router::new().route("/", get(handler)).layer(layer),
            "/",
        ));
    });
    mock.assert([
        expect("GET /").attribute("of", "the request"),
        expect("handler")
            .child_of("GET /")
            .attribute("of", "the handler"),
    ]);
}

#[test]
fn what_is_said_after_the_end_or_of_nothing_is_no_problem() {
    let mock = MockExporter::new();
    let span = mock.tracer().span("ended").start();
    let handle = span.handle();
    assert!(handle.is_recording());
    drop(span);
    assert!(!handle.is_recording());
    handle.set_attribute("late", true);
    current_span().set_attribute("nowhere", true);
    Context::from_span(caller(true))
        .span_handle()
        .set_attribute("elsewhere", true);
    // The memory of the span that has ended is used again.
    mock.discard();
    mock.tracer().span("next").start().end();
    handle.set_attribute("late", true);
    mock.assert([expect("next").without_attribute("late")]);
}

#[test]
fn what_is_said_keeps_to_the_limits() {
    let limits = SpanLimits::default().max_attributes(2).max_events(1);
    let mock = MockExporter::builder().limits(limits).build();
    let mut span = mock.tracer().span("one").start();
    span.set_attribute("own", true).add_event("own", []);
    let handle = span.handle();
    for number in 0..10 {
        handle.set_attribute(format!("{number}"), number);
        handle.add_event("more", []);
    }
    drop(span);
    let span = mock.span("one");
    assert_eq!((span.attributes.len(), span.dropped_attributes), (2, 9));
    assert_eq!((span.events.len(), span.dropped_events), (1, 10));
}

#[test]
fn a_span_of_tracing_takes_what_its_fields_cannot() {
    let mock = MockExporter::new();
    let mut of_two = SpanContext::default();
    recording(&mock, || {
        let span = info_span!("one");
        span.set_attribute("undeclared", 1);
        span.add_link(caller(true));
        span.add_event("happened", []);
        span.record_error(&"x".parse::<u8>().unwrap_err());
        span.in_scope(|| tracing::Span::current().set_attribute("current", true));
        let ok = info_span!("two");
        ok.set_status(Status::Ok);
        of_two = ok.context().span().clone();
    });
    assert_eq!(mock.span("two").context, of_two);
    mock.assert([
        expect("one")
            .attribute("undeclared", 1)
            .attribute("current", true)
            .links(1)
            .event("happened")
            .event("exception")
            .error(),
        expect("two").status(Status::Ok),
    ]);
    // Without our layer it is nothing.
    let foreign = tracing_subscriber::registry();
    tracing::subscriber::with_default(foreign, || {
        info_span!("elsewhere").set_attribute("a", 1);
    });
}

#[test]
fn instrumented_functions_have_remote_parents() {
    #[tracing::instrument]
    async fn handle(order: u32) {}
    #[tracing::instrument]
    async fn found_late(order: u32) {
        tracing::Span::current().set_parent(Context::from_span(caller(true)));
        info_span!("below").in_scope(|| {});
    }
    let mock = MockExporter::new();
    recording(&mock, || {
        run(handle(7).in_context(Context::from_span(caller(true))));
        run(found_late(8));
    });
    mock.assert([
        expect("handle").child_of_remote().attribute("order", 7),
        expect("found_late").child_of_remote().attribute("order", 8),
        expect("below").child_of("found_late"),
    ]);
    assert!(
        mock.spans()
            .iter()
            .all(|span| span.context.trace_id == TraceId(0xabc))
    );
}

#[test]
fn a_parent_that_comes_late_decides_whether_anything_is_recorded() {
    for (root, is_sampled) in [(true, false), (false, true)] {
        let root: std::sync::Arc<dyn Sampler> = if root {
            std::sync::Arc::new(AlwaysOn)
        } else {
            std::sync::Arc::new(AlwaysOff)
        };
        let mock = MockExporter::builder()
            .sampler(ParentBased::new(root))
            .build();
        recording(&mock, || {
            let span = info_span!("one").entered();
            span.set_parent(Context::from_span(caller(is_sampled)));
            info_span!("below").in_scope(|| {});
        });
        let names: Vec<_> = mock.spans().into_iter().map(|span| span.name).collect();
        let expected: &[&str] = if is_sampled { &["one", "below"] } else { &[] };
        assert_eq!(names, expected);
    }
}

#[test]
fn a_new_parent_of_a_span_that_the_layer_never_saw_records_nothing() {
    let mock = MockExporter::new();
    // It records once there is a set-up.
    let subscriber = tracing_subscriber::registry().with(tracewell_instrument::layer());
    tracing::subscriber::with_default(subscriber, || {
        let before = info_span!("before");
        let _set_up = mock.tracer().set_default();
        before.set_parent(Context::from_span(caller(true)));
        info_span!("after").in_scope(|| {});
    });
    mock.assert([expect("after")]);
}

/// Says no to what has no user, and notes what it was told of a parent.
#[derive(Debug)]
struct OfUsers;

impl Sampler for OfUsers {
    fn decide(&self, question: &SamplingQuestion<'_>) -> SamplingDecision {
        let has_user = question.attribute("user.id").is_some();
        SamplingDecision::new(has_user, question.trace_state())
            .attribute("sampled.below", question.parent.is_some())
    }

    fn reads_attributes(&self) -> bool {
        true
    }
}

#[test]
fn a_new_parent_is_a_new_start_for_sampler_and_processors() {
    let mock = MockExporter::builder()
        .sampler(OfUsers)
        .processor(CopyBaggage::of(["tenant.id"]))
        .build();
    let tenant = Baggage::default().with("tenant.id", "acme");
    recording(&mock, || {
        let span = info_span!("one", user.id = 7);
        span.set_parent(Context::from_span(caller(true)).with_baggage(tenant));
    });
    mock.assert([expect("one")
        .child_of_remote()
        .attribute("user.id", 7)
        .attribute("sampled.below", true)
        .attribute("tenant.id", "acme")]);
}

#[test]
fn an_undecided_trace_that_lost_its_root_takes_no_room() {
    let policy = KeepPolicy::default().max_bytes(16 * 1024);
    let mock = MockExporter::builder()
        .sampler(AlwaysOff)
        .keep(policy)
        .build();
    recording(&mock, || {
        for _ in 0..100 {
            let root = info_span!("root").entered();
            info_span!("left behind").in_scope(|| {});
            root.set_parent(Context::from_span(caller(true)));
        }
        info_span!("failed").in_scope(|| {
            info_span!("child").in_scope(|| {});
            tracing::error!("broken");
        });
    });
    mock.assert([expect("failed"), expect("child").child_of("failed")]);
    let statistics = mock.tracer().statistics();
    assert_eq!(statistics.dropped_keep_full, 100, "{statistics:?}");
}
