//! OpenTelemetry's current context and ours, in futures and across threads.

use crate::opentelemetry_context::{mock, remote};
use opentelemetry::trace::{
    FutureExt as _, TraceContextExt as _, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context as OtelContext, global};
use std::cell::RefCell;
use std::sync::Arc;
use tracewell_instrument::middleware::task::FutureExt as _;
use tracewell_instrument::mock::{MockExporter, expect};
use tracewell_instrument::opentelemetry::provider;
use tracewell_instrument::{Context, ContextGuard, span};

#[test]
fn futures_keep_their_parents_while_they_take_turns() {
    let (mock, _default) = mock();
    let tracer = global::tracer("test");
    let work = async |name: &str| {
        for step in 0..2 {
            touch(format!("{name} {step} otel"));
            span(format!("{name} {step} ours")).start().end();
            tokio::task::yield_now().await;
        }
    };
    let theirs = OtelContext::new().with_span(tracer.start("theirs"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        tokio::join!(
            work("a").with_context(theirs),
            work("b").in_span(span("ours").start()),
            async {
                let both = OtelContext::current_with_span(tracer.start("outer"));
                let inner = work("c").in_span(span("inner").parent(Context::default()).start());
                inner.with_context(both).await;
            },
            work("d"),
        )
    });
    let mut expected = vec![
        expect("theirs").root(),
        expect("ours").root(),
        expect("outer").root(),
        expect("inner").root(),
    ];
    for (name, parent) in [
        ("a", Some("theirs")),
        ("b", Some("ours")),
        ("c", Some("inner")),
        ("d", None),
    ] {
        for step in 0..2 {
            for side in ["otel", "ours"] {
                let child = expect(format!("{name} {step} {side}"));
                expected.push(match parent {
                    Some(parent) => child.child_of(parent),
                    None => child.root(),
                });
            }
        }
    }
    mock.assert(expected);
}

#[test]
fn spawned_work_stays_in_the_trace_on_other_threads() {
    let mock = MockExporter::new();
    let ours = mock.tracer();
    let theirs = provider().with_tracer(ours).tracer("test");
    let theirs = Arc::new(theirs);
    let work = |name: &'static str| {
        let theirs = theirs.clone();
        async move {
            drop(theirs.start(format!("{name} otel")));
            tokio::task::yield_now().await;
            ours.span(format!("{name} ours")).start().end();
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let server = ours.span("server").start();
    let job = OtelContext::new().with_span(theirs.start("job"));
    // The context of a span of ours, taken and carried by OpenTelemetry's means,
    // and the other way round.
    let spawned = [
        server.in_scope(|| runtime.spawn(work("a").with_current_context())),
        runtime.spawn(work("b").with_context(job.clone())),
        {
            let _attached = job.attach();
            runtime.spawn(work("c").in_current_context())
        },
    ];
    for task in spawned {
        runtime.block_on(task).unwrap();
    }
    drop(server);
    let mut expected = vec![expect("server").root(), expect("job").root()];
    for (name, parent) in [("a", "server"), ("b", "job"), ("c", "job")] {
        for side in ["otel", "ours"] {
            expected.push(expect(format!("{name} {side}")).child_of(parent));
        }
    }
    mock.assert(expected);
}

fn touch(name: String) {
    drop(global::tracer("test").start(name));
}

/// What a thread has attached when it ends, and what it starts then.
struct AtTheEnd(#[expect(dead_code, reason = "it is there to be dropped")] ContextGuard);

impl Drop for AtTheEnd {
    fn drop(&mut self) {
        let _late = span("late").start().attach();
    }
}

thread_local! {
    static AT_THE_END: RefCell<Option<AtTheEnd>> = const { RefCell::new(None) };
}

#[test]
fn a_thread_may_end_with_contexts_attached() {
    tracewell_instrument::opentelemetry::install();
    // Thread-locals that are made first go last: ours, OpenTelemetry's, the test's.
    for (is_ours_first, is_the_test_s_first) in
        [(false, false), (false, true), (true, false), (true, true)]
    {
        let ended = std::thread::spawn(move || {
            if is_the_test_s_first {
                AT_THE_END.with_borrow(|held| assert!(held.is_none()));
            }
            if is_ours_first {
                assert!(!Context::current().span().is_valid());
            }
            let guard = Context::from_span(remote()).attach();
            AT_THE_END.with_borrow_mut(|held| *held = Some(AtTheEnd(guard)));
        });
        assert!(
            ended.join().is_ok(),
            "{is_ours_first} {is_the_test_s_first}"
        );
    }
}
