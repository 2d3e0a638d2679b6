//! OpenTelemetry and we have one current context.

use opentelemetry::baggage::{Baggage as OtelBaggage, BaggageExt as _, BaggageMetadata};
use opentelemetry::trace::{SpanContext, TraceContextExt as _, Tracer as _, get_active_span};
use opentelemetry::{Context as OtelContext, KeyValue as OtelKeyValue, global};
use std::collections::{BTreeMap, HashMap};
use tracewell_instrument::context::{SpanId, TraceFlags, TraceId};
use tracewell_instrument::mock::{MockExporter, expect};
use tracewell_instrument::propagation::{Baggage, BaggageEntry};
use tracewell_instrument::sampling::AlwaysOff;
use tracewell_instrument::{Context, DefaultGuard, KeepPolicy, Status, span};
use tracing_subscriber::layer::SubscriberExt as _;

/// What is started on this thread is recorded here.
pub(crate) fn mock() -> (MockExporter, DefaultGuard) {
    tracewell_instrument::opentelemetry::install();
    let mock = MockExporter::new();
    let default = mock.tracer().set_default();
    (mock, default)
}

/// Starts a span through the API and forgets it.
fn touch(name: &'static str) {
    drop(global::tracer("test").start(name));
}

pub(crate) fn remote() -> tracewell_instrument::context::SpanContext {
    tracewell_instrument::context::SpanContext {
        trace_id: TraceId(7),
        span_id: SpanId(8),
        flags: TraceFlags::SAMPLED,
        trace_state: Some("vendor=1".into()),
        is_remote: true,
    }
}

#[test]
fn what_was_attached_last_is_the_parent_whoever_attached_it() {
    let (mock, _default) = mock();
    let layer = tracewell_instrument::layer();
    let _subscriber = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    let tracer = global::tracer("test");
    tracer.in_span("otel 1", |_| {
        span("ours 2").start().in_scope(|| {
            tracer.in_span("otel 3", |_| {
                let entered = tracing::info_span!("tracing 4").entered();
                tracer.in_span("otel 5", |_| {
                    span("ours 6").start().end();
                    tracing::info_span!("tracing 6").in_scope(|| touch("otel 7"));
                });
                touch("otel 5 too");
                drop(entered);
                span("ours 4").start().end();
            });
            touch("otel 3 too");
        });
        span("ours 2 too").start().end();
    });
    touch("otel root");
    span("ours root").start().end();
    mock.assert([
        expect("otel 1").root(),
        expect("ours 2").child_of("otel 1"),
        expect("otel 3").child_of("ours 2"),
        expect("tracing 4").child_of("otel 3"),
        expect("otel 5").child_of("tracing 4"),
        expect("ours 6").child_of("otel 5"),
        expect("tracing 6").child_of("otel 5"),
        expect("otel 7").child_of("tracing 6"),
        expect("otel 5 too").child_of("tracing 4"),
        expect("ours 4").child_of("otel 3"),
        expect("otel 3 too").child_of("ours 2"),
        expect("ours 2 too").child_of("otel 1"),
        expect("otel root").root(),
        expect("ours root").root(),
    ]);
}

#[test]
fn a_context_that_is_given_counts() {
    let (mock, _default) = mock();
    let tracer = global::tracer("test");
    let other = OtelContext::new().with_span(tracer.start("other"));
    let current = span("current").start();
    let _attached = current.attach();
    let cases = [
        ("new", OtelContext::new(), None),
        ("current", OtelContext::current(), Some("current")),
        ("other", other.clone(), Some("other")),
    ];
    for (name, context, _) in &cases {
        drop(tracer.start_with_context(*name, context));
        let _given = context.clone().attach();
        span(format!("{name}, attached")).start().end();
        tracer.in_span(format!("{name}, attached, through the API"), |_| ());
    }
    drop((other, _attached, current));
    let mut expected = vec![expect("other").root(), expect("current").root()];
    for (name, _, parent) in cases {
        for what in ["", ", attached", ", attached, through the API"] {
            let child = expect(format!("{name}{what}"));
            expected.push(match parent {
                Some(parent) => child.child_of(parent),
                None => child.root(),
            });
        }
    }
    mock.assert(expected);
}

#[test]
fn guards_of_both_sides_may_be_dropped_in_any_order() {
    let (mock, _default) = mock();
    let tracer = global::tracer("test");
    let ours = span("ours").start();
    let ours_attached = ours.attach();
    let theirs_attached = OtelContext::current_with_span(tracer.start("theirs")).attach();
    drop(ours_attached);
    span("below theirs").start().end();
    touch("below theirs too");
    let ours_attached = ours.attach();
    drop(theirs_attached);
    span("below ours").start().end();
    touch("below ours too");
    drop(ours_attached);
    assert!(!Context::current().span().is_valid());
    assert!(!OtelContext::current().has_active_span());
    drop(ours);
    mock.assert([
        expect("ours").root(),
        expect("theirs").child_of("ours"),
        expect("below theirs").child_of("theirs"),
        expect("below theirs too").child_of("theirs"),
        expect("below ours").child_of("ours"),
        expect("below ours too").child_of("ours"),
    ]);
}

#[test]
fn each_side_reads_the_other_s_current_span() {
    let (mock, _default) = mock();
    let ids = |context: &SpanContext| {
        let (trace_id, span_id) = (context.trace_id(), context.span_id());
        (trace_id.to_string(), span_id.to_string())
    };
    let our_ids = || {
        let context = Context::current();
        let (trace_id, span_id) = (context.span().trace_id, context.span().span_id);
        (trace_id.to_string(), span_id.to_string())
    };
    span("ours").start().in_scope(|| {
        assert_eq!(get_active_span(|span| ids(span.span_context())), our_ids());
    });
    global::tracer("test").in_span("theirs", |context| {
        assert_eq!(ids(context.span().span_context()), our_ids());
        // Attached again by our side it is still the same span.
        let _again = Context::current().attach();
        get_active_span(|span| span.set_attribute(OtelKeyValue::new("changed", true)));
    });
    mock.assert([expect("ours"), expect("theirs").attribute("changed", true)]);

    // Everything that travels is there, for injecting through the API.
    let _remote = Context::from_span(remote()).attach();
    let mut headers = HashMap::new();
    global::get_text_map_propagator(|propagator| {
        propagator.inject_context(&OtelContext::current(), &mut headers);
    });
    let headers: BTreeMap<_, _> = headers.into_iter().collect();
    let traceparent = format!("00-{:032x}-{:016x}-01", 7, 8);
    assert_eq!(
        headers.into_iter().collect::<Vec<_>>(),
        [
            ("traceparent".to_owned(), traceparent),
            ("tracestate".to_owned(), "vendor=1".to_owned()),
        ]
    );
}

#[test]
fn baggage_is_shared() {
    let (mock, _default) = mock();
    let entry = BaggageEntry {
        key: "tenant".into(),
        value: "äcme".into(),
        metadata: Some("tier=1".into()),
    };
    // OpenTelemetry takes no such key; it stays with us.
    let ours = Baggage::new()
        .with_entry(entry.clone())
        .with("not sent", "x");
    let _ours = Context::default().with_baggage(ours.clone()).attach();
    let theirs = OtelContext::current();
    let (value, metadata) = theirs.baggage().get_with_metadata("tenant").unwrap();
    assert_eq!((value.as_str(), metadata.as_str()), ("äcme", "tier=1"));
    assert_eq!(theirs.baggage().len(), 1);
    assert_eq!(*Context::current().baggage(), ours);
    touch("with baggage");
    span("with baggage too").start().in_scope(|| {
        assert_eq!(*Context::current().baggage(), ours);
    });
    {
        let mut changed = OtelBaggage::new();
        changed.insert_with_metadata("user", "1", BaggageMetadata::default());
        let _theirs = OtelContext::current_with_baggage(changed).attach();
        assert_eq!(
            *Context::current().baggage(),
            Baggage::new().with("user", "1")
        );
        global::tracer("test").in_span("other baggage", |_| {
            assert_eq!(Context::current().baggage().get("user"), Some("1"));
            let _none = Context::current().with_baggage(Baggage::new()).attach();
            assert!(OtelContext::current().baggage().is_empty());
        });
    }
    assert_eq!(*Context::current().baggage(), ours);
    assert_eq!(mock.spans().len(), 3);
}

#[test]
fn a_trace_with_an_error_is_kept_whole_across_both() {
    tracewell_instrument::opentelemetry::install();
    for is_failing in [false, true] {
        let mock = MockExporter::builder()
            .sampler(AlwaysOff)
            .keep(KeepPolicy::default())
            .build();
        let _default = mock.tracer().set_default();
        let tracer = global::tracer("test");
        let work = || {
            let mut grandchild = span("grandchild").start();
            if is_failing {
                grandchild.set_status(Status::Error("broken".into()));
            }
        };
        span("ours")
            .start()
            .in_scope(|| tracer.in_span("theirs", |_| work()));
        tracer.in_span("their root", |context| {
            // On another thread nothing of ours is attached.
            let tracer = mock.tracer();
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    let _default = tracer.set_default();
                    let _attached = context.attach();
                    work();
                });
            });
        });
        if is_failing {
            mock.assert([
                expect("ours").root(),
                expect("theirs").child_of("ours"),
                expect("grandchild").child_of("theirs"),
                expect("their root").root(),
                expect("grandchild").child_of("their root"),
            ]);
        } else {
            mock.assert([]);
        }
    }
}

#[test]
fn a_caller_s_trace_goes_on_through_the_global_propagator() {
    let (mock, _default) = mock();
    let headers: HashMap<String, String> = [
        (
            "traceparent",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ),
        ("tracestate", "vendor=1"),
        ("baggage", "tenant=acme"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let caller = global::get_text_map_propagator(|propagator| propagator.extract(&headers));
    global::tracer("server").in_span_with_context("GET /orders", &caller, |_| {
        assert_eq!(Context::current().baggage().get("tenant"), Some("acme"));
        span("SELECT orders").start().end();
    });
    mock.assert([
        expect("GET /orders").child_of_remote(),
        expect("SELECT orders").child_of("GET /orders"),
    ]);
    let server = mock.span("GET /orders");
    assert_eq!(
        server.context.trace_id.to_string(),
        "0af7651916cd43dd8448eb211c80319c"
    );
    assert_eq!(server.parent_span_id.to_string(), "b7ad6b7169203331");
    assert_eq!(server.context.trace_state.as_deref(), Some("vendor=1"));
}
