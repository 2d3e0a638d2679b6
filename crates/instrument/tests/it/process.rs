//! A process that ends badly still delivers what had ended.
//!
//! Each test runs this binary again as the process that ends.

use crate::again::{end_by_signal, panic_then_abort, run_again, told};
use crate::collector::{Collector, Order};
use crate::variables::with;
use std::process::Output;
use std::time::Duration;
use tracewell_instrument::{FlushError, Guard, builder};

fn run(collector: &Collector, end: &str) -> Output {
    run_again("process::the_process_that_ends", collector, end)
}

/// The process of the tests below.
#[test]
#[ignore = "run by the tests beside it"]
fn the_process_that_ends() {
    let Some((url, end)) = told() else {
        return;
    };
    if end == "warned" {
        return go_on_with_warnings(url);
    }
    let setup = builder().variables(|_| None).endpoint(url);
    let setup = setup.shutdown_timeout(Duration::from_secs(20));
    #[cfg(all(feature = "signals", unix))]
    let setup = setup.flush_on_signals();
    let guard = setup.init().unwrap();
    for index in 0..100 {
        tracewell_instrument::span(format!("{index}")).start().end();
    }
    match end.as_str() {
        "replaced hook" => {
            std::panic::set_hook(Box::new(|info| {
                tracewell_instrument::setup::before_panic(info);
                std::process::abort();
            }));
            std::mem::forget(guard);
            panic!("on purpose")
        }
        "slow" => panics_of_workers(guard),
        "fork" => fork_and_end_both(guard),
        "dropped" => {
            drop(guard);
            tracewell_instrument::span("late").start().end();
            tracewell_instrument::span("later").start().end();
        }
        "said" => drop(guard),
        "panic" => panic!("on purpose"),
        "panic, then abort" => panic_then_abort(guard),
        "signal" => end_by_signal(),
        other => panic!("unknown end {other}"),
    }
}

#[test]
fn a_panic_loses_no_finished_span() {
    for end in ["panic", "panic, then abort"] {
        let collector = Collector::start();
        let output = run(&collector, end);
        assert!(!output.status.success(), "{end}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            said.contains("on purpose"),
            "the panic is still reported: {said}"
        );
        assert_eq!(collector.spans().len(), 100, "{end}");
    }
}

/// With settings that cannot be understood, and one that can.
fn go_on_with_warnings(url: String) {
    let guard = with(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*url),
        ("OTEL_TRACES_SAMPLER", "sometimes"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "many"),
        ("OTEL_PROPAGATORS", "pigeon"),
        ("OTEL_CONFIG_FILE", "otel.yaml"),
    ])
    .init_or_warn();
    tracewell_instrument::span("one").start().end();
    drop(guard);
    // There is one already.
    drop(with(&[]).init_or_warn());
}

/// Threads that panic while the backend takes its time.
fn panics_of_workers(guard: Guard) {
    for _ in 0..20 {
        let worker = std::thread::spawn(|| {
            let _span = tracewell_instrument::span("worker").start();
            panic!("on purpose");
        });
        worker.join().unwrap_err();
    }
    guard.shutdown(Duration::ZERO).unwrap_err();
}

/// The child records, flushes and ends; so does the parent.
fn fork_and_end_both(guard: Guard) {
    // Somebody is writing a line at the fork, and never ends it in the child.
    let (tell, told) = std::sync::mpsc::channel();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    std::thread::spawn(move || {
        let _writing = std::io::stderr().lock();
        tell.send(()).unwrap();
        stopped.recv().unwrap_err();
    });
    told.recv().unwrap();
    match fork::fork().unwrap() {
        fork::Fork::Child => {
            for _ in 0..200 {
                tracewell_instrument::span("of the child").start().end();
            }
            let flushed = guard.flush(Duration::from_secs(600));
            drop(guard);
            let is_told = flushed == Err(FlushError::Forked);
            std::process::exit(if is_told { 0 } else { 1 });
        }
        fork::Fork::Parent(child) => {
            drop(stop);
            let status = fork::waitpid(child).unwrap();
            guard.shutdown(Duration::from_secs(20)).unwrap();
            assert_eq!(fork::WEXITSTATUS(status), 0, "the child is told");
        }
    }
}

#[test]
fn a_panic_hook_of_ones_own_can_send_first() {
    let collector = Collector::start();
    run(&collector, "replaced hook");
    assert_eq!(collector.spans().len(), 100);
}

#[test]
fn a_panicking_worker_is_not_held_up() {
    let collector = Collector::silent();
    let output = run(&collector, "slow");
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_child_by_fork_says_that_it_cannot_send_and_does_not_wait() {
    let collector = Collector::start();
    let output = run(&collector, "fork");
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(said.matches("was forked after").count(), 1, "{said}");
    let spans = collector.spans();
    assert_eq!(spans.len(), 100);
    assert!(spans.iter().all(|span| span.name != "of the child"));
}

#[test]
fn a_service_that_must_start_is_warned_and_goes_on() {
    let collector = Collector::start();
    let output = run(&collector, "warned");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(collector.spans().len(), 1);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    for part in [
        "sometimes",
        "OTEL_BSP_MAX_QUEUE_SIZE is `many`; write a whole number from 1; it is ignored",
        "pigeon",
        "OTEL_CONFIG_FILE is `otel.yaml`; configuration files are not read",
        "nothing is recorded: tracing is set up already",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn a_span_after_the_guard_was_dropped_says_so_once() {
    let collector = Collector::start();
    let output = run(&collector, "dropped");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(said.matches("not `let _ = ").count(), 1, "{said}");
}

#[test]
fn a_wrong_path_is_named_with_the_usual_mistake() {
    let collector = Collector::obeying([Order {
        status: 404,
        headers: Vec::new(),
        body: Vec::new(),
    }]);
    let output = run(&collector, "said");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let expected = format!(
        "answered HTTP 404 at {}/v1/traces; over HTTP",
        collector.url()
    );
    assert!(said.contains(&expected), "{said}");
}

#[cfg(all(feature = "signals", unix))]
#[test]
fn a_signal_loses_no_finished_span_and_still_ends_the_process() {
    use std::os::unix::process::ExitStatusExt;
    let collector = Collector::start();
    let output = run(&collector, "signal");
    assert_eq!(output.status.signal(), Some(15), "{output:?}");
    assert_eq!(collector.spans().len(), 100);
}
