//! Unsampled traces that are kept after all.

use std::time::Duration;
use tracewell_instrument::mock::{MockExporter, expect};
use tracewell_instrument::sampling::AlwaysOff;
use tracewell_instrument::{Context, KeepPolicy, SpanBuilder, Status, Tracer};

fn keeping(policy: KeepPolicy) -> MockExporter {
    MockExporter::builder()
        .sampler(AlwaysOff)
        .keep(policy)
        .build()
}

/// A root with a child and a grandchild, the last of which may fail.
fn trace(tracer: &Tracer, root: SpanBuilder, has_error: bool) {
    let root = root.start();
    assert!(
        !root.span_context().is_sampled(),
        "others are still told no"
    );
    root.in_scope(|| {
        let child = tracer.span("child").start();
        child.in_scope(|| {
            let mut grandchild = tracer.span("grandchild").start();
            if has_error {
                grandchild.set_status(Status::Error("broken".into()));
            }
        });
    });
}

#[test]
fn a_trace_with_an_error_is_kept_whole_and_others_are_not() {
    let mock = keeping(KeepPolicy::default());
    let tracer = mock.tracer();
    trace(&tracer, tracer.span("fine"), false);
    trace(&tracer, tracer.span("failed"), true);
    trace(&tracer, tracer.span("fine too"), false);
    mock.assert([
        expect("failed").root(),
        expect("child").child_of("failed"),
        expect("grandchild").child_of("child").error(),
    ]);
}

#[test]
fn a_slow_trace_is_kept() {
    let policy = KeepPolicy::default()
        .errors(false)
        .slower_than(Duration::from_secs(60));
    let mock = keeping(policy);
    let tracer = mock.tracer();
    trace(&tracer, tracer.span("quick"), true);
    // It started in 1970.
    trace(&tracer, tracer.span("slow").start_unix_ns(1), false);
    mock.assert([
        expect("slow"),
        expect("child").child_of("slow"),
        expect("grandchild"),
    ]);
}

#[test]
fn spans_that_end_after_their_root_follow_its_fate() {
    for has_error in [true, false] {
        let mock = keeping(KeepPolicy::default());
        let tracer = mock.tracer();
        let mut root = tracer.span("root").start();
        let late = tracer.span("late").parent(root.context()).start();
        if has_error {
            root.set_status(Status::Error("broken".into()));
        }
        drop(root);
        drop(late);
        assert_eq!(mock.spans().len(), if has_error { 2 } else { 0 });
    }
}

#[test]
fn undecided_traces_stay_within_their_bytes() {
    let policy = KeepPolicy::default().max_bytes(4096);
    let mock = keeping(policy);
    let tracer = mock.tracer();
    let mut big = tracer.span("big").start();
    big.in_scope(|| {
        for _ in 0..100 {
            tracer
                .span("part")
                .start()
                .set_attribute("text", "x".repeat(100));
        }
    });
    big.set_status(Status::Error("broken".into()));
    drop(big);
    mock.assert([]);
    assert!(mock.tracer().statistics().dropped_keep_full > 0);
    // Its memory is free again.
    trace(
        &tracer,
        tracer.span("failed").parent(Context::default()),
        true,
    );
    assert_eq!(mock.spans().len(), 3);
}
