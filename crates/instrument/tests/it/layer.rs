//! Spans of `tracing` through the layer.

use tracewell_instrument::mock::{MockExporter, expect};
use tracewell_instrument::sampling::AlwaysOff;
use tracewell_instrument::{Context, SpanKind, Status, Value};
use tracing::{Level, error, info, info_span, span};
use tracing_subscriber::layer::SubscriberExt;

fn recording(mock: &MockExporter, work: impl FnOnce()) {
    let layer = tracewell_instrument::layer().with_tracer(mock.tracer());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), work);
}

#[test]
fn fields_keep_their_types_and_special_ones_act() {
    let mock = MockExporter::new();
    recording(&mock, || {
        let span = info_span!(
            "static name",
            otel.name = "GET /orders",
            otel.kind = "server",
            count = 3,
            big = u64::MAX,
            ratio = 0.5,
            is_new = true,
            text = "a",
            debug = ?[1, 2],
            later = tracing::field::Empty,
            otel.status_code = tracing::field::Empty,
        );
        span.record("later", 7).record("otel.status_code", "ok");
    });
    mock.assert([expect("GET /orders")
        .kind(SpanKind::Server)
        .status(Status::Ok)
        .attribute("count", 3)
        .attribute("big", u64::MAX.to_string())
        .attribute("ratio", 0.5)
        .attribute("is_new", true)
        .attribute("text", "a")
        .attribute("debug", "[1, 2]")
        .attribute("later", 7)
        .without_attribute("otel.name")
        .without_attribute("otel.kind")
        .without_attribute("otel.status_code")]);
}

#[test]
fn both_kinds_of_span_are_parents_of_each_other() {
    let mock = MockExporter::new();
    let tracer = mock.tracer();
    recording(&mock, || {
        let _outer = info_span!("outer").entered();
        tracer.span("direct").start().in_scope(|| {
            let inner = info_span!("inner").entered();
            let explicit = span!(parent: &inner, Level::INFO, "explicit");
            drop(explicit);
            drop(span!(parent: None, Level::INFO, "root"));
        });
    });
    mock.assert([
        expect("outer").root(),
        expect("direct").child_of("outer"),
        expect("inner").child_of("direct"),
        expect("explicit").child_of("inner"),
        expect("root").root(),
    ]);
    assert!(!Context::current().span().is_valid(), "all were left again");
}

#[test]
fn events_and_links_are_recorded_and_errors_set_the_status() {
    let mock = MockExporter::new();
    recording(&mock, || {
        let first = info_span!("first");
        let second = info_span!("second").entered();
        second.follows_from(&first);
        info!(items = 2, "loaded");
        let cause = "x".parse::<i64>().unwrap_err();
        error!(error = &cause as &dyn std::error::Error, "card declined");
        error!("once more");
    });
    mock.assert([
        expect("first").status(Status::Unset).links(0),
        expect("second")
            .status(Status::Error("card declined".into()))
            .event("loaded")
            .links(1),
    ]);
    let second = mock.span("second");
    let (loaded, declined) = (&second.events[0], &second.events[1]);
    let value = |event: &tracewell_instrument::Event, key: &str| {
        let found = event
            .attributes
            .iter()
            .find(|attribute| attribute.key == key);
        found.map(|attribute| attribute.value.clone())
    };
    assert_eq!(value(loaded, "items"), Some(Value::I64(2)));
    assert_eq!(value(loaded, "level"), Some(Value::from("INFO")));
    let message = Value::from("invalid digit found in string");
    assert_eq!(value(declined, "exception.message"), Some(message));
    assert_eq!(second.links[0].context, mock.span("first").context);
}

#[test]
fn an_unsampled_span_is_not_read_but_hands_its_context_on() {
    struct Unread;
    impl std::fmt::Debug for Unread {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("a field of an unsampled span was read")
        }
    }
    let mock = MockExporter::builder().sampler(AlwaysOff).build();
    recording(&mock, || {
        let _unsampled = info_span!("unsampled", field = ?Unread).entered();
        info!(field = ?Unread, "event");
        let context = Context::current();
        assert!(context.span().is_valid() && !context.span().is_sampled());
    });
    mock.assert([]);
}

#[test]
fn a_span_may_be_entered_on_several_threads() {
    let mock = MockExporter::new();
    let layer = tracewell_instrument::layer().with_tracer(mock.tracer());
    let dispatch = tracing::Dispatch::new(tracing_subscriber::registry().with(layer));
    let shared = tracing::dispatcher::with_default(&dispatch, || info_span!("shared"));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                tracing::dispatcher::with_default(&dispatch, || {
                    shared.in_scope(|| drop(info_span!("part")));
                });
            });
        }
    });
    drop(shared);
    mock.assert([
        expect("shared").root(),
        expect("part").child_of("shared"),
        expect("part").child_of("shared"),
    ]);
}

#[test]
fn a_field_that_records_while_it_is_written_is_no_deadlock() {
    struct Recording(tracing::Span);
    impl std::fmt::Debug for Recording {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            self.0.record("seen", true);
            drop(tracewell_instrument::span("written").start());
            f.write_str("recording")
        }
    }
    let mock = MockExporter::new();
    let _default = mock.tracer().set_default();
    recording(&mock, || {
        let empty = tracing::field::Empty;
        let outer = info_span!("outer", seen = empty, later = empty);
        let value = Recording(outer.clone());
        outer.in_scope(|| {
            info!(?value, "event");
            outer.record("later", tracing::field::debug(&value));
            let _started = info_span!("started", ?value);
        });
    });
    mock.assert([
        expect("outer")
            .attribute("seen", true)
            .attribute("later", "recording")
            .event("event"),
        expect("written").child_of("outer"),
        expect("written").child_of("outer"),
        expect("written").child_of("outer"),
        expect("started")
            .child_of("outer")
            .attribute("value", "recording"),
    ]);
}

#[test]
fn a_span_is_entered_and_closed_on_other_threads() {
    let mock = MockExporter::new();
    let layer = tracewell_instrument::layer().with_tracer(mock.tracer());
    let dispatch = tracing::Dispatch::new(tracing_subscriber::registry().with(layer));
    let outer = tracing::dispatcher::with_default(&dispatch, || info_span!("outer", text = "a"));
    std::thread::spawn({
        let dispatch = dispatch.clone();
        move || {
            tracing::dispatcher::with_default(&dispatch, || {
                outer.in_scope(|| drop(info_span!("inner")));
                drop(outer);
            });
        }
    })
    .join()
    .unwrap();
    mock.assert([
        expect("inner").child_of("outer"),
        expect("outer").root().attribute("text", "a"),
    ]);
}

#[test]
fn a_span_ends_when_it_was_left_not_when_its_last_child_closes() {
    let mock = MockExporter::new();
    let tracer = mock.tracer();
    recording(&mock, || {
        let request = info_span!("request");
        let task = request.in_scope(|| info_span!("task"));
        drop(request);
        tracer.span("after the request").start().end();
        task.in_scope(|| {});
        drop(task);
    });
    let (request, after) = (mock.span("request"), mock.span("after the request"));
    assert!(request.end_unix_ns <= after.start_unix_ns);
    assert!(mock.span("task").end_unix_ns >= after.end_unix_ns);
}

#[test]
fn a_span_that_is_entered_again_ends_later_and_one_never_entered_at_its_close() {
    let mock = MockExporter::new();
    let tracer = mock.tracer();
    recording(&mock, || {
        let (twice, never) = (info_span!("twice"), info_span!("never"));
        twice.in_scope(|| {});
        tracer.span("between").start().end();
        twice.in_scope(|| {});
        drop((twice, never));
    });
    let between = mock.span("between").end_unix_ns;
    assert!(mock.span("twice").end_unix_ns >= between);
    assert!(mock.span("never").end_unix_ns >= between);
}

#[test]
fn the_span_of_a_dropped_future_ends_with_the_drop() {
    use tracing::Instrument;
    let mock = MockExporter::new();
    let tracer = mock.tracer();
    recording(&mock, || {
        let mut future = Box::pin(std::future::pending::<()>().instrument(info_span!("dropped")));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(future.as_mut().poll(&mut context).is_pending());
        tracer.span("meanwhile").start().end();
        drop(future);
    });
    let meanwhile = mock.span("meanwhile").end_unix_ns;
    assert!(mock.span("dropped").end_unix_ns >= meanwhile);
}
