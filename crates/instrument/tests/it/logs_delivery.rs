//! Every log record ends in one count, and none holds up a span.

use crate::collector::{Collector, Order};
use std::net::TcpListener;
use std::time::{Duration, Instant};
use tracewell_instrument::correlation::logs;
use tracewell_instrument::{BatchSettings, Builder, FlushError, Guard, Protocol, builder};
use tracing::info;
use tracing_subscriber::layer::SubscriberExt;

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(300);

fn quiet() -> Builder {
    builder().variables(|_| None).logs()
}

fn say(guard: &Guard, records: usize) {
    let layer = logs::layer().with_logger(guard.logger().unwrap());
    let subscriber = tracing_subscriber::registry().with(layer);
    tracing::subscriber::with_default(subscriber, || {
        for record in 0..records {
            info!(record, "said");
        }
    });
}

fn order(status: u16, body: &[u8]) -> Order {
    Order {
        status,
        headers: vec![("retry-after", "0")],
        body: body.to_vec(),
    }
}

#[test]
fn answers_are_counted_by_cause_and_refusals_are_not_retried() {
    // ExportLogsServiceResponse { partial_success { rejected_log_records: 2, error_message: "no" } }
    let partial = [0x0a, 0x06, 0x08, 0x02, 0x12, 0x02, b'n', b'o'];
    let http = Protocol::HttpProtobuf;
    for (protocol, orders, requests, exported, rejected, failed) in [
        (http, vec![], 1, 3, 0, 0),
        (http, vec![order(503, b"")], 2, 3, 0, 0),
        (http, vec![order(404, b"")], 1, 0, 0, 3),
        (http, vec![order(200, &partial)], 1, 1, 2, 0),
        // UNIMPLEMENTED: there is no such service.
        (Protocol::Grpc, vec![order(12, b"")], 1, 0, 0, 3),
        (Protocol::Grpc, vec![order(0, &partial)], 1, 1, 2, 0),
    ] {
        let collector = Collector::obeying(orders);
        let setup = quiet().endpoint(collector.url()).protocol(protocol);
        let guard = setup.build().unwrap();
        say(&guard, 3);
        let flushed = guard.flush(LONG);
        let counts = guard.log_statistics();
        assert_eq!(collector.received().len(), requests, "{counts:?}");
        assert_eq!(
            (
                counts.exported,
                counts.rejected,
                counts.dropped_export_failed
            ),
            (exported, rejected, failed)
        );
        assert_eq!(counts.lost(), rejected + failed);
        match flushed {
            Ok(()) => assert_eq!(counts.lost(), 0),
            Err(FlushError::LogsFailed { records, .. }) => assert_eq!(counts.lost(), records),
            Err(other) => panic!("{other}"),
        }
        assert_eq!(guard.statistics().lost(), 0, "spans have their own counts");
    }
}

#[test]
fn a_backend_that_has_no_place_for_logs_is_left_alone_and_spans_go_on() {
    let collector = Collector::obeying([order(404, b"")]);
    let guard = quiet().endpoint(collector.url()).build().unwrap();
    for lost in [3, 6] {
        say(&guard, 3);
        assert!(guard.flush(LONG).is_err());
        assert_eq!(guard.log_statistics().dropped_export_failed, lost);
        assert_eq!(collector.received().len(), usize::from(lost == 3));
    }
    guard.tracer().unwrap().span("one").start().end();
    guard.flush(LONG).unwrap();
    assert_eq!(collector.spans().len(), 1);
}

#[test]
fn a_flush_that_loses_both_says_both() {
    let collector = Collector::obeying([order(400, b""), order(400, b"")]);
    let guard = quiet().endpoint(collector.url()).build().unwrap();
    guard.tracer().unwrap().span("one").start().end();
    say(&guard, 2);
    let lost = guard.flush(LONG).unwrap_err().to_string();
    assert!(
        lost.contains("1 spans were lost") && lost.contains("2 log records were lost"),
        "{lost}"
    );
}

#[test]
fn a_full_queue_drops_and_counts_and_nobody_waits() {
    // Bound, never accepted, never answering.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let batch = BatchSettings::logs()
        .max_queue_size(100)
        .max_export_batch_size(50);
    let guard = quiet()
        .endpoint(format!("http://{}", silent.local_addr().unwrap()))
        .logs_batch(batch)
        .shutdown_timeout(Duration::ZERO)
        .build()
        .unwrap();
    say(&guard, 1000);
    let counts = guard.log_statistics();
    // The queue, and one batch under way.
    assert!(counts.dropped_queue_full >= 1000 - 100 - 50, "{counts:?}");
    assert_eq!(counts.exported, 0);
    let logger = guard.logger().unwrap();
    assert!(guard.shutdown(SHORT).is_err());
    let counts = logger.statistics();
    assert_eq!(counts.lost(), 1000, "{counts:?}");
}

#[test]
fn batches_are_no_larger_than_set() {
    let collector = Collector::start();
    let batch = BatchSettings::logs().max_export_batch_size(100);
    let setup = quiet().endpoint(collector.url()).logs_batch(batch);
    let guard = setup.build().unwrap();
    say(&guard, 1000);
    guard.shutdown(LONG).unwrap();
    let received = collector.received();
    let sizes: Vec<_> = received
        .iter()
        .map(|one| one.logs.resource_logs[0].scope_logs[0].log_records.len())
        .collect();
    assert!(sizes.iter().all(|size| *size <= 100), "{sizes:?}");
    assert_eq!(sizes.iter().sum::<usize>(), 1000);
}

#[test]
fn a_store_of_logs_that_is_away_holds_up_no_span() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let collector = Collector::start();
    let guard = quiet()
        .endpoint(collector.url())
        .logs_endpoint(format!("http://{}", silent.local_addr().unwrap()))
        .build()
        .unwrap();
    say(&guard, 1);
    guard.tracer().unwrap().span("one").start().end();
    let started = Instant::now();
    assert_eq!(
        guard.shutdown(SHORT),
        Err(FlushError::TimedOut { timeout: SHORT })
    );
    assert!(started.elapsed() < SHORT + Duration::from_secs(3));
    assert_eq!(collector.spans().len(), 1);
}

#[test]
fn every_end_of_a_set_up_sends_what_was_said() {
    for protocol in [Protocol::Grpc, Protocol::HttpProtobuf] {
        let collector = Collector::start();
        let guard = || {
            let guard = quiet().endpoint(collector.url()).protocol(protocol);
            let guard = guard.build().unwrap();
            guard.tracer().unwrap().span("one").start().end();
            say(&guard, 10);
            guard
        };
        let arrived = || {
            let received = collector.received();
            let spans = received.iter().map(|one| one.request.resource_spans.len());
            let logs = received.iter().flat_map(|one| &one.logs.resource_logs);
            let records = logs.map(|logs| logs.scope_logs[0].log_records.len());
            (spans.sum::<usize>(), records.sum::<usize>())
        };
        guard().shutdown(LONG).unwrap();
        assert_eq!(arrived(), (1, 10), "shutdown");
        drop(guard());
        assert_eq!(arrived(), (1, 10), "drop");
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let waiting = guard();
        let result = runtime.unwrap().block_on(waiting.shutdown_async(LONG));
        assert_eq!((result, arrived()), (Ok(()), (1, 10)), "asynchronous");
    }
}

#[test]
fn records_after_shutdown_are_counted_not_sent() {
    let collector = Collector::start();
    let guard = quiet().endpoint(collector.url()).build().unwrap();
    let logger = guard.logger().unwrap();
    let layer = logs::layer().with_logger(logger);
    guard.shutdown(LONG).unwrap();
    let subscriber = tracing_subscriber::registry().with(layer);
    tracing::subscriber::with_default(subscriber, || info!("late"));
    assert_eq!(logger.statistics().dropped_after_shutdown, 1);
    assert_eq!(collector.received().len(), 0);
}
