//! Every span ends in one count, whatever the backend answers.

use crate::collector::{Collector, Order};
use std::time::Duration;
use tracewell_instrument::{BatchSettings, Builder, FlushError, Protocol, builder};

const LONG: Duration = Duration::from_secs(20);

fn to(collector: &Collector) -> Builder {
    builder().variables(|_| None).endpoint(collector.url())
}

fn order(status: u16, headers: &[(&'static str, &'static str)], body: &[u8]) -> Order {
    Order {
        status,
        headers: headers.to_vec(),
        body: body.to_vec(),
    }
}

#[test]
fn retryable_answers_are_retried_and_others_are_not() {
    let again = ("retry-after", "0");
    for (protocol, orders, exported, requests, why) in [
        (
            Protocol::HttpProtobuf,
            vec![order(503, &[again], b""), order(429, &[again], b"")],
            1,
            3,
            "",
        ),
        (
            Protocol::HttpProtobuf,
            vec![order(400, &[], b"")],
            0,
            1,
            "HTTP 400",
        ),
        (
            Protocol::HttpProtobuf,
            vec![order(404, &[], b"")],
            0,
            1,
            "/v1/traces",
        ),
        // RESOURCE_EXHAUSTED with a RetryInfo of no delay, then without one.
        (
            Protocol::Grpc,
            vec![order(
                8,
                &[(
                    "grpc-status-details-bin",
                    "GioKKHR5cGUuZ29vZ2xlYXBpcy5jb20vZ29vZ2xlLnJwYy5SZXRyeUluZm8",
                )],
                b"",
            )],
            1,
            2,
            "",
        ),
        (Protocol::Grpc, vec![order(8, &[], b"")], 0, 1, "status 8"),
        (
            Protocol::Grpc,
            vec![order(16, &[("grpc-message", "who%20are%20you%3f")], b"")],
            0,
            1,
            "who are you?",
        ),
    ] {
        let collector = Collector::obeying(orders);
        let guard = to(&collector).protocol(protocol).build().unwrap();
        guard.tracer().unwrap().span("one").start().end();
        let flushed = guard.flush(LONG);
        let statistics = guard.statistics();
        assert_eq!(collector.received().len(), requests, "{flushed:?}");
        match flushed {
            Ok(()) => assert_eq!(exported, 1),
            Err(FlushError::Failed { spans, why: said }) => {
                assert_eq!((spans, exported), (1, 0), "{said}");
                assert!(said.ends_with(why), "{said}");
            }
            Err(other) => panic!("{other}"),
        }
        assert_eq!(
            (statistics.exported, statistics.lost()),
            (exported, 1 - exported)
        );
    }
}

#[test]
fn what_a_backend_refuses_in_part_is_counted() {
    // ExportTraceServiceResponse { partial_success { rejected_spans: 2, error_message: "no" } }
    let partial = [0x0a, 0x06, 0x08, 0x02, 0x12, 0x02, b'n', b'o'];
    let in_json = br#"{"partialSuccess":{"rejectedSpans":"2","errorMessage":"no"}}"#;
    for (protocol, status, partial) in [
        (Protocol::HttpProtobuf, 200, &partial[..]),
        (Protocol::HttpJson, 200, &in_json[..]),
        (Protocol::Grpc, 0, &partial[..]),
    ] {
        let collector = Collector::obeying([order(status, &[], partial)]);
        let guard = to(&collector).protocol(protocol).build().unwrap();
        for _ in 0..3 {
            guard.tracer().unwrap().span("one").start().end();
        }
        let flushed = guard.flush(LONG);
        assert_eq!(
            flushed,
            Err(FlushError::Failed {
                spans: 2,
                why: "no".to_owned()
            })
        );
        let statistics = guard.statistics();
        assert_eq!((statistics.exported, statistics.rejected), (1, 2));
        assert_eq!(
            collector.received().len(),
            1,
            "a partial success is not retried"
        );
    }
}

#[test]
fn batches_are_no_larger_than_set_and_all_threads_arrive() {
    let collector = Collector::start();
    let batch = BatchSettings::default().max_export_batch_size(100);
    let guard = to(&collector).batch(batch).build().unwrap();
    let tracer = guard.tracer().unwrap();
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            std::thread::spawn(move || {
                for span in 0..250 {
                    tracer.span(format!("{thread}-{span}")).start().end();
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    guard.flush(LONG).unwrap();
    let received = collector.received();
    let sizes = received
        .iter()
        .map(|one| one.request.resource_spans[0].scope_spans[0].spans.len());
    assert!(
        sizes.clone().all(|size| size <= 100),
        "{:?}",
        sizes.collect::<Vec<_>>()
    );
    assert_eq!(sizes.sum::<usize>(), 1000);
    assert_eq!(guard.statistics().exported, 1000);
}

#[test]
fn a_full_queue_drops_and_counts() {
    // Bound, never accepted, never answering.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let batch = BatchSettings::default()
        .max_queue_size(100)
        .max_export_batch_size(50);
    let guard = builder()
        .variables(|_| None)
        .endpoint(format!("http://{}", silent.local_addr().unwrap()))
        .batch(batch)
        .shutdown_timeout(Duration::ZERO)
        .build()
        .unwrap();
    for _ in 0..10_000 {
        guard.tracer().unwrap().span("one").start().end();
    }
    let statistics = guard.statistics();
    // The queue, one batch under way, and what lies with this thread.
    assert!(
        statistics.dropped_queue_full >= 10_000 - 100 - 50 - 64,
        "{statistics:?}"
    );
    assert_eq!(statistics.exported, 0);
}
