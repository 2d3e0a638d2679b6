//! Shutdown keeps to its timeout on every runtime, whatever the backend does.

use crate::collector::Collector;
use std::net::TcpListener;
use std::time::{Duration, Instant};
use tracewell_instrument::{BatchSettings, Builder, FlushError, Guard, Protocol, builder};

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(300);
/// Beyond the timeout; the machine may be busy.
const SLACK: Duration = Duration::from_secs(3);

fn quiet() -> Builder {
    builder().variables(|_| None)
}

fn with_spans(builder: Builder) -> Guard {
    let guard = builder.build().unwrap();
    for _ in 0..10 {
        guard.tracer().unwrap().span("one").start().end();
    }
    guard
}

fn check_timed_out(started: Instant, result: Result<(), FlushError>, what: &str) {
    let took = started.elapsed();
    assert!(took < SHORT + SLACK, "{what} took {took:?}");
    assert_eq!(
        result,
        Err(FlushError::TimedOut { timeout: SHORT }),
        "{what}"
    );
}

#[test]
fn a_backend_that_never_answers_does_not_hold_up_shutdown() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    for protocol in [Protocol::Grpc, Protocol::HttpProtobuf] {
        let guard = || with_spans(quiet().endpoint(&url).protocol(protocol));

        let (blocking, started) = (guard(), Instant::now());
        check_timed_out(started, blocking.shutdown(SHORT), "blocking, no runtime");

        let (flushed, started) = (guard(), Instant::now());
        check_timed_out(started, flushed.flush(SHORT), "flush, no runtime");
        let started = Instant::now();
        check_timed_out(started, flushed.shutdown(SHORT), "shutdown after a flush");

        for (name, mut runtime) in [
            (
                "current thread",
                tokio::runtime::Builder::new_current_thread(),
            ),
            ("multi thread", tokio::runtime::Builder::new_multi_thread()),
        ] {
            // No timer and no I/O driver: the exporter needs neither.
            let runtime = runtime.build().unwrap();
            let (waiting, started) = (guard(), Instant::now());
            check_timed_out(
                started,
                runtime.block_on(waiting.shutdown_async(SHORT)),
                name,
            );
            let (blocking, started) = (guard(), Instant::now());
            let result = runtime.block_on(async { blocking.shutdown(SHORT) });
            check_timed_out(started, result, name);
        }

        let (dropped, started) = (
            with_spans(
                quiet()
                    .endpoint(&url)
                    .protocol(protocol)
                    .shutdown_timeout(SHORT),
            ),
            Instant::now(),
        );
        drop(dropped);
        assert!(
            started.elapsed() < SHORT + SLACK,
            "drop took {:?}",
            started.elapsed()
        );
    }
}

#[test]
fn nothing_is_lost_on_any_runtime() {
    for protocol in [Protocol::Grpc, Protocol::HttpProtobuf] {
        let collector = Collector::start();
        let guard = || with_spans(quiet().endpoint(collector.url()).protocol(protocol));
        guard().shutdown(LONG).unwrap();
        assert_eq!(collector.spans().len(), 10, "no runtime");
        drop(guard());
        assert_eq!(collector.spans().len(), 10, "drop");
        for mut runtime in [
            tokio::runtime::Builder::new_current_thread(),
            tokio::runtime::Builder::new_multi_thread(),
        ] {
            let runtime = runtime.enable_all().build().unwrap();
            runtime
                .block_on(async { guard().shutdown_async(LONG).await })
                .unwrap();
            assert_eq!(collector.spans().len(), 10, "asynchronous shutdown");
            runtime.block_on(async { guard().shutdown(LONG) }).unwrap();
            assert_eq!(
                collector.spans().len(),
                10,
                "blocking shutdown inside a runtime"
            );
            runtime.block_on(async { drop(guard()) });
            assert_eq!(collector.spans().len(), 10, "drop inside a runtime");
        }
    }
}

#[test]
fn spans_that_end_after_shutdown_are_counted_not_sent() {
    let collector = Collector::start();
    let guard = quiet().endpoint(collector.url()).build().unwrap();
    let tracer = guard.tracer().unwrap();
    let late = tracer.span("late").start();
    guard.shutdown(LONG).unwrap();
    std::thread::spawn(move || drop(late)).join().unwrap();
    assert!(!tracer.span("later").start().is_recording());
    assert_eq!(tracer.statistics().dropped_after_shutdown, 1);
    assert_eq!(collector.spans().len(), 0);
}

#[test]
fn a_time_that_no_clock_can_hold_is_no_limit_and_so_is_none_to_send() {
    for timeout in [Duration::MAX, Duration::ZERO] {
        let collector = Collector::start();
        let batch = BatchSettings::default()
            .scheduled_delay(Duration::MAX)
            .export_timeout(timeout);
        let setup = quiet().endpoint(collector.url()).timeout(timeout);
        let setup = setup.batch(batch).shutdown_timeout(Duration::MAX);
        let guard = with_spans(setup);
        guard.flush(Duration::MAX).unwrap();
        assert_eq!(collector.spans().len(), 10);
        guard.tracer().unwrap().span("one").start().end();
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let flushed = runtime.unwrap().block_on(guard.flush_async(Duration::MAX));
        flushed.unwrap();
        guard.tracer().unwrap().span("one").start().end();
        drop(guard);
        assert_eq!(collector.spans().len(), 2);
    }
}
