//! Processors see every recorded span at its start and at its end.

use std::sync::{Arc, Mutex};
use tracewell_instrument::mock::{MockExporter, expect};
use tracewell_instrument::processing::{CopyBaggage, SpanProcessor, Verdict};
use tracewell_instrument::propagation::Baggage;
use tracewell_instrument::sampling::AlwaysOff;
use tracewell_instrument::{Context, KeepPolicy, Span, SpanData, Status, Value, span};

/// Writes down what it is told.
#[derive(Debug, Default, Clone)]
struct Notes(&'static str, Arc<Mutex<Vec<String>>>);

impl SpanProcessor for Notes {
    fn on_start(&self, span: &mut Span, parent: &Context) {
        span.set_attribute(self.0, true);
        let is_root = !parent.span().is_valid();
        let note = format!("{} start root={is_root}", self.0);
        self.1.lock().unwrap().push(note);
    }

    fn on_end(&self, span: &mut SpanData) -> Verdict {
        let note = format!("{} end {}", self.0, span.name);
        self.1.lock().unwrap().push(note);
        Verdict::Keep
    }
}

#[derive(Debug)]
struct WithoutHealth;

impl SpanProcessor for WithoutHealth {
    fn on_end(&self, span: &mut SpanData) -> Verdict {
        for attribute in &mut span.attributes {
            if attribute.key == "password" {
                attribute.value = Value::from("REDACTED");
            }
        }
        if span.name == "health" {
            Verdict::Drop
        } else {
            Verdict::Keep
        }
    }
}

#[test]
fn processors_are_called_in_order_and_only_for_recorded_spans() {
    let notes = Arc::default();
    let mock = MockExporter::builder()
        .processor(Notes("first", Arc::clone(&notes)))
        .processor(Notes("second", Arc::clone(&notes)))
        .build();
    let outer = mock.tracer().span("outer").start();
    outer.in_scope(|| mock.tracer().span("inner").start().end());
    drop(outer);
    assert_eq!(
        *notes.lock().unwrap(),
        [
            "first start root=true",
            "second start root=true",
            "first start root=false",
            "second start root=false",
            "first end inner",
            "second end inner",
            "first end outer",
            "second end outer",
        ]
    );
    mock.assert([
        expect("outer")
            .attribute("first", true)
            .attribute("second", true),
        expect("inner").child_of("outer"),
    ]);
    let notes = Arc::default();
    let unsampled = MockExporter::builder()
        .sampler(AlwaysOff)
        .processor(Notes("", Arc::clone(&notes)))
        .build();
    unsampled.tracer().span("none").start().end();
    assert!(notes.lock().unwrap().is_empty());
}

#[test]
fn spans_are_scrubbed_and_dropped_before_export() {
    let mock = MockExporter::builder().processor(WithoutHealth).build();
    let mut login = mock.tracer().span("login").start();
    login.set_attribute("password", "secret");
    login
        .handle()
        .set_attribute("password", "from elsewhere, and last");
    drop(login);
    mock.tracer().span("health").start().end();
    mock.assert([expect("login").attribute("password", "REDACTED")]);
    let statistics = mock.tracer().statistics();
    assert_eq!(statistics.dropped_by_processor, 1);
    assert_eq!(statistics.lost(), 0, "nobody wanted it");
}

#[test]
fn baggage_is_copied_by_name() {
    let mock = MockExporter::builder()
        .processor(CopyBaggage::of(["tenant.id", "absent"]))
        .build();
    let baggage = Baggage::default()
        .with("tenant.id", "acme")
        .with("secret", "x");
    let _attached = Context::default().with_baggage(baggage).attach();
    mock.tracer().span("one").start().end();
    mock.assert([expect("one")
        .attribute("tenant.id", "acme")
        .without_attribute("absent")
        .without_attribute("secret")]);
}

#[test]
fn a_processor_may_record_itself() {
    #[derive(Debug)]
    struct Records;
    impl SpanProcessor for Records {
        fn on_start(&self, started: &mut Span, _: &Context) {
            if started.name() == Some("outer") {
                started.in_scope(|| span("of the processor").start().end());
            }
        }
    }
    let mock = MockExporter::builder().processor(Records).build();
    let _default = mock.tracer().set_default();
    span("outer").start().end();
    mock.assert([
        expect("outer"),
        expect("of the processor").child_of("outer"),
    ]);
}

#[test]
fn a_dropped_root_still_decides_its_trace() {
    let mock = MockExporter::builder()
        .sampler(AlwaysOff)
        .keep(KeepPolicy::default())
        .processor(WithoutHealth)
        .build();
    for _ in 0..2 {
        let root = mock.tracer().span("health").start();
        root.in_scope(|| {
            let mut failed = mock.tracer().span("failed").start();
            failed.set_status(Status::Error("".into()));
        });
        drop(root);
        mock.assert([expect("failed").error()]);
        mock.discard();
    }
}
