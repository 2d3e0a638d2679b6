//! Errors and panics on spans, however they are reported.

use crate::again::{run_again, told};
use crate::collector::Collector;
use std::error::Error;
use std::fmt;
use std::num::ParseIntError;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;
use tracewell_instrument::middleware::task::FutureExt as _;
use tracewell_instrument::mock::MockExporter;
use tracewell_instrument::{Event, SpanData, Status, Value, builder, current_span, span};
use tracing::{error, info, info_span, warn};
use tracing_subscriber::layer::SubscriberExt;

#[derive(Debug)]
struct Declined {
    cause: ParseIntError,
}

impl fmt::Display for Declined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("card declined")
    }
}

impl Error for Declined {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.cause)
    }
}

fn declined() -> Declined {
    Declined {
        cause: "x".parse::<i64>().unwrap_err(),
    }
}

fn text<'a>(event: &'a Event, key: &str) -> &'a str {
    let found = event
        .attributes
        .iter()
        .find(|attribute| attribute.key == key);
    match found.map(|attribute| &attribute.value) {
        Some(Value::Str(text)) => text,
        _ => "",
    }
}

/// Type, message and causes of the one exception of a span.
fn exception(span: &SpanData) -> [&str; 3] {
    let [event] = &span.events[..] else {
        panic!("one event: {:?}", span.events)
    };
    assert_eq!(event.name, "exception");
    ["type", "message", "stacktrace"].map(|part| text(event, &format!("exception.{part}")))
}

fn recording(mock: &MockExporter, work: impl FnOnce()) {
    let layer = tracewell_instrument::layer().with_tracer(mock.tracer());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), work);
}

#[test]
fn errors_of_instrumented_functions_are_exceptions() {
    #[tracing::instrument(err)]
    fn shown() -> Result<(), Declined> {
        Err(declined())
    }
    #[tracing::instrument(err(Debug))]
    fn debugged() -> Result<(), Declined> {
        Err(declined())
    }
    let mock = MockExporter::new();
    recording(&mock, || {
        shown().unwrap_err();
        debugged().unwrap_err();
    });
    let (shown, debugged) = (mock.span("shown"), mock.span("debugged"));
    assert_eq!(exception(&shown), ["", "card declined", ""]);
    assert_eq!(shown.status, Status::Error("card declined".into()));
    let [kind, message, _] = exception(&debugged);
    assert_eq!(kind, "Declined");
    assert!(message.starts_with("Declined { cause"), "{message}");
}

#[test]
fn error_values_are_exceptions_with_type_and_causes() {
    let mock = MockExporter::new();
    recording(&mock, || {
        let error = declined();
        let error = &error as &dyn Error;
        info_span!("with message").in_scope(|| error!(error, order = 7, "no sale"));
        info_span!("without message").in_scope(|| error!(error));
        info_span!("handled").in_scope(|| warn!(error, "tried again"));
        drop(info_span!("field", error));
        let later = info_span!("later", error = tracing::field::Empty);
        later.record("error", error);
    });
    let known = [
        "Declined",
        "card declined",
        "caused by: invalid digit found in string",
    ];
    for (name, status) in [
        ("with message", Status::Error("no sale".into())),
        ("without message", Status::Error("card declined".into())),
        ("handled", Status::Unset),
        ("field", Status::Error("card declined".into())),
        ("later", Status::Error("card declined".into())),
    ] {
        let span = mock.span(name);
        assert_eq!(exception(&span), known, "{name}");
        assert_eq!(span.status, status, "{name}");
    }
    let event = &mock.span("with message").events[0];
    assert_eq!(text(event, "message"), "no sale");
}

#[test]
fn an_error_behind_a_pointer_has_the_type_that_debug_names() {
    let mock = MockExporter::new();
    let mut span = mock.tracer().span("boxed").start();
    let error: Box<dyn Error> = Box::new(declined());
    span.record_error(error.as_ref());
    drop(span);
    assert_eq!(exception(&mock.span("boxed"))[0], "Declined");
}

#[test]
fn events_land_on_the_current_span_whoever_started_it() {
    let mock = MockExporter::new();
    let tracer = mock.tracer();
    recording(&mock, || {
        info!("nowhere");
        let direct = tracer.span("direct").start();
        direct.in_scope(|| info!("one"));
        info_span!("outer").in_scope(|| {
            info!("two");
            tracer.span("inner").start().in_scope(|| error!("three"));
            info!(parent: None, "nowhere");
        });
        let context = direct.context();
        let thread = std::thread::spawn(move || {
            let _attached = context.attach();
            current_span().add_event("of another thread", []);
        });
        thread.join().unwrap();
    });
    let names = |name| -> Vec<String> {
        let events = mock.span(name).events;
        events.iter().map(|event| event.name.to_string()).collect()
    };
    assert_eq!(names("direct"), ["one", "of another thread"]);
    assert_eq!(names("outer"), ["two"]);
    assert_eq!(names("inner"), ["three"]);
    assert_eq!(
        mock.span("inner").status,
        Status::Error("three".into()),
        "an event of level ERROR fails the span it lands on"
    );
    assert_eq!(mock.span("outer").status, Status::Unset);
}

/// The process of the test below, where the panic hook is ours.
#[test]
#[ignore = "run by the test beside it"]
fn the_process_that_panics() {
    let Some((url, _)) = told() else { return };
    let guard = builder().variables(|_| None).endpoint(url).init().unwrap();
    tracing::subscriber::set_global_default(
        tracing_subscriber::registry().with(tracewell_instrument::layer()),
    )
    .unwrap();

    struct CleansUp;
    impl Drop for CleansUp {
        fn drop(&mut self) {
            span("made while unwinding").start().end();
        }
    }
    catch_unwind(|| {
        let _cleans_up = CleansUp;
        let _outer = span("outer").start();
        let _inner = info_span!("of tracing").entered();
        panic!("no {}", "bread");
    })
    .unwrap_err();

    // The panic is caught before the future is dropped.
    let late = async { panic!("no milk") }.in_span(span("of a future").start());
    let mut late = Box::pin(late);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let polled = catch_unwind(AssertUnwindSafe(|| late.as_mut().poll(&mut context)));
    polled.map(drop).unwrap_err();
    drop(late);

    // No hook is told of a panic that another thread began.
    let begun = std::thread::spawn(|| panic!("no salt")).join().unwrap_err();
    catch_unwind(AssertUnwindSafe(|| {
        let _resumed = span("resumed").start();
        resume_unwind(begun)
    }))
    .unwrap_err();

    span("after").start().end();
    guard.shutdown(Duration::from_secs(20)).unwrap();
}

#[test]
fn a_panic_is_an_exception_on_all_spans_that_it_unwinds() {
    let collector = Collector::start();
    let output = run_again("errors::the_process_that_panics", &collector, "");
    assert!(output.status.success(), "{output:?}");
    let spans = collector.spans();
    let message = |name: &str| {
        let span = spans.iter().find(|span| span.name == name).unwrap();
        let status = span.status.clone().unwrap_or_default();
        let events: Vec<_> = span.events.iter().map(|event| &*event.name).collect();
        assert_eq!(events.is_empty(), status.code == 0, "{name}: {events:?}");
        assert!(events.is_empty() || events == ["exception"], "{events:?}");
        status.message
    };
    assert_eq!(message("outer"), "no bread");
    assert_eq!(message("of tracing"), "no bread");
    assert_eq!(message("of a future"), "no milk");
    assert_eq!(message("resumed"), "panicked", "not what was caught before");
    assert_eq!(message("made while unwinding"), "");
    assert_eq!(message("after"), "");
}
