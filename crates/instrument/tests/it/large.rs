//! Large spans, and backends that take less or want to be left alone.

use crate::collector::{Collector, Order};
use std::sync::mpsc;
use std::time::Duration;
use tracewell_instrument::{BatchSettings, Builder, FlushError, Guard, Protocol, builder};

const LONG: Duration = Duration::from_secs(20);
const MEBIBYTE: usize = 1024 * 1024;

fn to(collector: &Collector) -> Builder {
    builder().variables(|_| None).endpoint(collector.url())
}

fn record(guard: &Guard, name: &'static str, bytes: usize) {
    let mut span = guard.tracer().unwrap().span(name).start();
    span.set_attribute("text", "x".repeat(bytes));
}

#[test]
fn the_queue_is_bounded_by_bytes() {
    // Bound, never accepted, never answering.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let batch = BatchSettings::default().max_queue_bytes(8 * MEBIBYTE);
    let guard = builder()
        .variables(|_| None)
        .endpoint(format!("http://{}", silent.local_addr().unwrap()))
        .batch(batch)
        .shutdown_timeout(Duration::ZERO)
        .build()
        .unwrap();
    for _ in 0..100 {
        record(&guard, "large", MEBIBYTE);
    }
    // The queue, and one batch under way.
    let dropped = guard.statistics().dropped_queue_full;
    assert!(dropped >= 100 - 8 - 3, "{dropped}");
}

#[test]
fn requests_are_bounded_by_bytes_and_a_larger_span_goes_alone() {
    let collector = Collector::taking_at_most(8 * MEBIBYTE);
    let guard = to(&collector).build().unwrap();
    for _ in 0..6 {
        record(&guard, "large", MEBIBYTE);
    }
    record(&guard, "giant", 5 * MEBIBYTE);
    record(&guard, "small", 1);
    guard.flush(LONG).unwrap();
    let sizes = collector.received().into_iter().map(|received| {
        let spans = crate::collector::spans_of(received.request);
        spans.len()
    });
    assert_eq!(sizes.collect::<Vec<_>>(), [2, 2, 2, 1, 1]);
}

#[test]
fn a_request_that_is_too_large_is_halved_and_a_giant_takes_nobody_with_it() {
    for protocol in [Protocol::HttpProtobuf, Protocol::Grpc] {
        let collector = Collector::taking_at_most(MEBIBYTE / 4);
        let guard = to(&collector).protocol(protocol).build().unwrap();
        for number in 0..40 {
            match number {
                17 => record(&guard, "giant", MEBIBYTE / 2),
                _ => record(&guard, "small", MEBIBYTE / 32),
            }
        }
        let lost = guard.flush(LONG).unwrap_err();
        assert!(
            matches!(lost, FlushError::Failed { spans: 1, .. }),
            "{protocol:?}: {lost}"
        );
        let spans = collector.spans();
        assert_eq!(spans.len(), 39, "{protocol:?}");
        assert!(spans.iter().all(|span| span.name == "small"));
        let statistics = guard.statistics();
        assert_eq!((statistics.exported, statistics.lost()), (39, 1));
    }
}

fn come_again(seconds: &'static str) -> Order {
    Order {
        status: 503,
        headers: vec![("retry-after", seconds)],
        body: Vec::new(),
    }
}

/// With so much time for a batch.
fn within(collector: &Collector, export_timeout: Duration) -> Guard {
    let batch = BatchSettings::default().export_timeout(export_timeout);
    to(collector).batch(batch).build().unwrap()
}

#[test]
fn a_backend_that_wants_to_be_left_alone_gets_the_batch_afterwards() {
    let collector = Collector::obeying([come_again("3")]);
    let guard = within(&collector, Duration::from_millis(2900));
    record(&guard, "one", 1);
    guard.flush(LONG).unwrap();
    let requests = collector.received();
    assert_eq!(
        requests.len(),
        2,
        "asked once, and once more after the rest"
    );
    assert_eq!(guard.statistics().exported, 1);
}

#[test]
fn nothing_is_sent_before_the_time_and_no_shutdown_waits_for_it() {
    let collector = Collector::obeying([come_again("3000")]);
    let guard = to(&collector).build().unwrap();
    record(&guard, "one", 1);
    let mut requests = 0;
    while requests == 0 {
        let late = guard.flush(Duration::from_millis(300)).unwrap_err();
        assert!(matches!(late, FlushError::TimedOut { .. }), "{late}");
        requests = collector.received().len();
    }
    record(&guard, "two", 1);
    let late = guard.flush(Duration::from_millis(300)).unwrap_err();
    assert!(matches!(late, FlushError::TimedOut { .. }), "{late}");
    let statistics = guard.statistics();
    assert_eq!(statistics.lost(), 0, "both wait: {statistics:?}");
    assert_eq!((requests, collector.received().len()), (1, 0));
    let tracer = guard.tracer().unwrap();
    // Not that its time ran out: it is hopeless, and that is said at once.
    let lost = guard.shutdown(LONG).unwrap_err();
    assert!(lost.to_string().contains("left alone for 3000 s"), "{lost}");
    assert_eq!(tracer.statistics().dropped_export_failed, 2);
    assert_eq!(collector.received().len(), 0);
}

#[test]
fn a_full_queue_does_not_make_the_exporter_deaf_while_it_waits() {
    let collector = Collector::obeying([come_again("3000")]);
    // Two spans of a thread go into the queue at once.
    let batch = BatchSettings::default()
        .max_queue_size(16)
        .max_export_batch_size(16);
    let guard = to(&collector).batch(batch).build().unwrap();
    let (stop, stopped) = mpsc::channel::<()>();
    std::thread::scope(|threads| {
        (0..15).for_each(|_| record(&guard, "of the first thread", 1));
        let (tell, told) = mpsc::channel();
        let other = &guard;
        threads.spawn(move || {
            record(other, "has no room beside them", 1);
            tell.send(()).unwrap();
            stopped.recv().unwrap_err();
        });
        told.recv().unwrap();
        let flush = threads.spawn(|| guard.flush(Duration::from_secs(2)));
        while collector.received().is_empty() {
            std::thread::yield_now();
        }
        // The first batch waits with the exporter: the queue is filled again.
        (0..17).for_each(|_| record(&guard, "of the first thread", 1));
        let late = flush.join().unwrap().unwrap_err();
        assert!(matches!(late, FlushError::TimedOut { .. }), "{late}");
        drop(stop);
    });
    let lost = guard.shutdown(LONG).unwrap_err();
    assert!(lost.to_string().contains("left alone for 3000 s"), "{lost}");
}

#[test]
fn a_backend_that_says_when_is_met_by_no_storm() {
    let collector = Collector::obeying(vec![come_again("0"); 1000]);
    // Less than between two tries: the batch is deferred each time.
    let guard = within(&collector, Duration::from_millis(300));
    record(&guard, "one", 1);
    guard.flush(Duration::from_secs(1)).unwrap_err();
    let requests = collector.received().len();
    assert!(requests < 100, "{requests} requests");
    guard.shutdown(Duration::ZERO).unwrap_or_default();
}
