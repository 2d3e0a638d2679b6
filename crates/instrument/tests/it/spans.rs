//! Spans and contexts through the direct API.

use std::fmt;
use tracewell_instrument::context::{SpanContext, SpanId, TraceFlags, TraceId};
use tracewell_instrument::mock::{MockExporter, expect};
use tracewell_instrument::propagation::Baggage;
use tracewell_instrument::sampling::AlwaysOff;
use tracewell_instrument::{Context, SpanKind, Status, span};

#[test]
fn who_asked_for_a_trace_in_particular_is_heard_further_down() {
    let mock = MockExporter::new();
    let _default = mock.tracer().set_default();
    let asked = TraceFlags::SAMPLED.with(TraceFlags::DEBUG, true);
    span("asked").parent(remote(asked)).start().end();
    span("normal")
        .parent(remote(TraceFlags::SAMPLED))
        .start()
        .end();
    let is_debug = |name| mock.span(name).context.flags.contains(TraceFlags::DEBUG);
    assert!(is_debug("asked"));
    assert!(!is_debug("normal"));
}

fn remote(flags: TraceFlags) -> Context {
    Context::from_span(SpanContext {
        trace_id: TraceId(7),
        span_id: SpanId(8),
        flags,
        trace_state: None,
        is_remote: true,
    })
}

#[test]
fn the_current_span_is_the_parent_unless_another_is_named() {
    let mock = MockExporter::new();
    let _default = mock.tracer().set_default();
    let outer = span("outer")
        .kind(SpanKind::Server)
        .parent(remote(TraceFlags::SAMPLED))
        .start();
    outer.in_scope(|| {
        span("inner")
            .start()
            .in_scope(|| span("innermost").start().end());
        span("root").root().start().end();
        span("elsewhere")
            .parent(remote(TraceFlags::SAMPLED))
            .start()
            .end();
    });
    span("after").start().end();
    drop(outer);
    mock.assert([
        expect("outer").child_of_remote().kind(SpanKind::Server),
        expect("inner").child_of("outer"),
        expect("innermost").child_of("inner"),
        expect("root").root(),
        expect("elsewhere").child_of_remote(),
        expect("after").root(),
    ]);
    assert_eq!(mock.span("inner").context.trace_id, TraceId(7));
    assert_ne!(mock.span("root").context.trace_id, TraceId(7));
    let flags = |name| mock.span(name).context.flags;
    assert!(
        flags("root").contains(TraceFlags::RANDOM),
        "our ids are random"
    );
    assert!(
        !flags("inner").contains(TraceFlags::RANDOM),
        "the remote one did not say so"
    );
}

#[test]
fn an_unsampled_span_records_nothing_but_hands_its_context_on() {
    let mock = MockExporter::builder().sampler(AlwaysOff).build();
    let _default = mock.tracer().set_default();
    let mut outer = span("outer").parent(remote(TraceFlags(0))).start();
    assert!(!outer.is_recording());
    outer
        .set_attribute("k", 1)
        .set_status(Status::Ok)
        .add_event("e", []);
    let inside = outer.in_scope(Context::current);
    assert_eq!(inside.span().trace_id, TraceId(7));
    assert_ne!(inside.span().span_id, SpanId(8), "it has an id of its own");
    assert!(!inside.span().is_sampled());
    drop(outer);
    mock.assert([]);
}

#[test]
fn without_a_set_up_the_parent_is_handed_on() {
    let _remote = remote(TraceFlags::SAMPLED).attach();
    let started = span("nothing").start();
    assert!(!started.is_recording());
    assert_eq!(started.span_context(), Context::current().span());
}

#[test]
fn baggage_follows_the_spans() {
    let mock = MockExporter::new();
    let baggage = Baggage::new().with("tenant", "acme");
    let context = remote(TraceFlags::SAMPLED).with_baggage(baggage);
    let outer = mock.tracer().span("outer").parent(context).start();
    let _outer = outer.attach();
    let inner = mock.tracer().span("inner").start();
    assert_eq!(inner.context().baggage().get("tenant"), Some("acme"));
}

#[derive(Debug)]
struct Declined(std::num::ParseIntError);

impl fmt::Display for Declined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("card declined")
    }
}

impl std::error::Error for Declined {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn errors_are_recorded_with_type_message_and_causes() {
    let mock = MockExporter::new();
    let mut failed = mock.tracer().span("pay").start();
    failed.record_error(&Declined("x".parse::<i64>().unwrap_err()));
    drop(failed);
    let pay = mock.span("pay");
    assert_eq!(pay.status, Status::Error("card declined".into()));
    let attributes = format!("{:?}", pay.events[0].attributes);
    for part in [
        "Declined",
        "card declined",
        "caused by: invalid digit found in string",
    ] {
        assert!(
            attributes.contains(part),
            "{part:?} is missing from {attributes}"
        );
    }
}

#[test]
fn a_status_that_is_ok_stays_ok() {
    let mock = MockExporter::new();
    let mut paid = mock.tracer().span("pay").start();
    paid.set_status(Status::Error("first".into()));
    paid.set_status(Status::Unset);
    assert_eq!(paid.status(), Some(&Status::Error("first".into())));
    paid.set_status(Status::Ok)
        .set_status(Status::Error("late".into()));
    drop(paid);
    assert_eq!(mock.span("pay").status, Status::Ok);
}

#[test]
fn spans_of_threads_that_ended_and_that_go_on_are_all_there() {
    let mock = MockExporter::new();
    let tracer = mock.tracer();
    let moved = tracer.span("started here, ended there").start();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            drop(moved);
            for _ in 0..1000 {
                tracer.span("elsewhere").start().end();
            }
        });
    });
    tracer.span("here").start().end();
    assert_eq!(mock.spans().len(), 1002);
    let span = mock.span("here");
    assert!(span.end_unix_ns >= span.start_unix_ns && span.start_unix_ns > 1_600_000_000 << 30);
}

#[test]
fn a_span_whose_start_lies_in_the_past_ends_now() {
    let mock = MockExporter::new();
    let now = mock.tracer().span("now").start();
    drop(now);
    let now_unix_ns = mock.span("now").start_unix_ns;
    let hour_ns = 3_600_000_000_000;
    mock.tracer()
        .span("past")
        .start_unix_ns(now_unix_ns - hour_ns)
        .start()
        .end();
    mock.tracer()
        .span("future")
        .start_unix_ns(now_unix_ns + hour_ns)
        .start()
        .end();
    let past = mock.span("past");
    assert!(
        (hour_ns..2 * hour_ns).contains(&past.duration_ns()),
        "{}",
        past.duration_ns()
    );
    assert!(mock.span("future").duration_ns() < hour_ns);
}
