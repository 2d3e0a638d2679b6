//! Events of `tracing` as the log records that arrive.

use crate::collector::{Collector, records_of, spans_of};
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use std::time::Duration;
use tracewell_instrument::context::{SpanContext, SpanId, TraceFlags, TraceId};
use tracewell_instrument::correlation::logs::{self, LogLayer};
use tracewell_instrument::sampling::{AlwaysOff, AlwaysOn};
use tracewell_instrument::{Builder, Compression, Context, Guard, Protocol, builder};
use tracing::{Level, debug, error, event, info, info_span, trace, warn};
use tracing_subscriber::layer::SubscriberExt;

const LONG: Duration = Duration::from_secs(20);

fn quiet(collector: &Collector) -> Builder {
    let setup = builder().variables(|_| None).endpoint(collector.url());
    setup.logs()
}

/// Runs `work` with the layers of both signals.
fn logging(guard: &Guard, logs: LogLayer, work: impl FnOnce()) {
    let spans = tracewell_instrument::layer().with_tracer(guard.tracer().unwrap());
    let logs = logs.with_logger(guard.logger().unwrap());
    let subscriber = tracing_subscriber::registry().with(spans).with(logs);
    tracing::subscriber::with_default(subscriber, work);
}

fn arrived(layer: LogLayer, work: impl FnOnce()) -> Vec<(String, LogRecord)> {
    let collector = Collector::start();
    let guard = quiet(&collector).build().unwrap();
    logging(&guard, layer, work);
    assert_eq!(guard.shutdown(LONG), Ok(()));
    collector.records()
}

fn body(record: &LogRecord) -> &str {
    match record.body.as_ref().and_then(|body| body.value.as_ref()) {
        Some(Any::StringValue(text)) => text,
        other => panic!("a body is a text, not {other:?}"),
    }
}

fn value<'a>(record: &'a LogRecord, key: &str) -> Option<&'a Any> {
    let mut attributes = record.attributes.iter();
    let found = attributes.find(|attribute| attribute.key == key)?;
    found.value.as_ref()?.value.as_ref()
}

fn remote(flags: TraceFlags) -> Context {
    Context::from_span(SpanContext {
        trace_id: TraceId(0xabc),
        span_id: SpanId(0x123),
        flags,
        is_remote: true,
        ..SpanContext::default()
    })
}

#[test]
fn every_field_arrives_over_every_transport() {
    const GRPC: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
    for (protocol, path) in [
        (Protocol::HttpProtobuf, "/v1/logs"),
        (Protocol::HttpJson, "/v1/logs"),
        (Protocol::Grpc, GRPC),
    ] {
        for compression in [Compression::None, Compression::Gzip] {
            let collector = Collector::start();
            let setup = quiet(&collector).service_name("shop");
            let setup = setup.protocol(protocol).compression(compression);
            let guard = setup.header("x-tenant", "acme").build().unwrap();
            let cause = std::io::Error::other("no way");
            logging(&guard, logs::layer(), || {
                let _attached = remote(TraceFlags::SAMPLED).attach();
                warn!(
                    name: "cart.paid", target: "shop::cart", order = 7, ratio = 0.5, ok = true,
                    big = u64::MAX, who = "a", list = ?[1, 2],
                    error = &cause as &dyn std::error::Error, "paid {}", "ä"
                );
            });
            assert_eq!(guard.flush(LONG), Ok(()), "{protocol:?} {compression:?}");
            assert_eq!(guard.log_statistics().exported, 1);

            let received = collector.received();
            assert_eq!(received.len(), 1, "no spans: nothing else is sent");
            assert_eq!(received[0].path, path);
            assert_eq!(received[0].headers["x-tenant"], "acme");
            let resource = received[0].logs.resource_logs[0].resource.clone();
            let resource = format!("{resource:?}");
            assert!(resource.contains("service.name") && resource.contains("shop"));
            let records = records_of(received[0].logs.clone());
            let (scope, record) = &records[0];
            check(scope, record);
        }
    }
}

fn check(scope: &str, record: &LogRecord) {
    assert_eq!(scope, "shop::cart");
    // After 2023, and no other unit.
    assert!(
        (1_700_000_000_000_000_000..4_000_000_000_000_000_000).contains(&record.time_unix_nano)
    );
    assert_eq!(record.observed_time_unix_nano, record.time_unix_nano);
    assert_eq!(
        (record.severity_number, record.severity_text.as_str()),
        (13, "WARN")
    );
    assert_eq!(body(record), "paid ä");
    assert_eq!(record.event_name, "cart.paid");
    assert_eq!(record.trace_id, 0xabc_u128.to_be_bytes());
    assert_eq!(record.span_id, 0x123_u64.to_be_bytes());
    assert_eq!(record.flags, 1);
    for (key, expect) in [
        ("order", Any::IntValue(7)),
        ("ratio", Any::DoubleValue(0.5)),
        ("ok", Any::BoolValue(true)),
        ("big", Any::StringValue(u64::MAX.to_string())),
        ("who", Any::StringValue("a".into())),
        ("list", Any::StringValue("[1, 2]".into())),
        ("exception.message", Any::StringValue("no way".into())),
        ("exception.type", Any::StringValue("std::io::Error".into())),
    ] {
        assert_eq!(value(record, key), Some(&expect), "{key}");
    }
    assert_eq!(record.attributes.len(), 8);
}

#[test]
fn levels_are_severities_from_the_least_severe_on() {
    let say = || {
        error!("5");
        warn!("4");
        info!("3");
        debug!("2");
        trace!("1");
    };
    for (min_level, expect) in [
        (
            Level::TRACE,
            &[
                (17, "ERROR"),
                (13, "WARN"),
                (9, "INFO"),
                (5, "DEBUG"),
                (1, "TRACE"),
            ][..],
        ),
        (Level::WARN, &[(17, "ERROR"), (13, "WARN")]),
    ] {
        let records = arrived(logs::layer().min_level(min_level), say);
        let severities = records
            .iter()
            .map(|(_, record)| (record.severity_number, record.severity_text.as_str()));
        assert_eq!(severities.collect::<Vec<_>>(), expect);
    }
    assert_eq!(arrived(logs::layer(), say).len(), 3, "INFO unless said");
}

#[test]
fn ids_are_those_of_the_current_span_sampled_or_not() {
    for is_sampled in [true, false] {
        let collector = Collector::start();
        let setup = quiet(&collector);
        let setup = if is_sampled {
            setup.sampler(AlwaysOn)
        } else {
            setup.sampler(AlwaysOff)
        };
        let guard = setup.build().unwrap();
        let mut span = SpanContext::default();
        logging(&guard, logs::layer(), || {
            info!("outside");
            let entered = info_span!("checkout").entered();
            span = Context::current().span().clone();
            info!("inside");
            info!(parent: &entered, "named");
            info!(parent: None, "root");
        });
        guard.shutdown(LONG).unwrap();
        assert_eq!(span.is_sampled(), is_sampled);
        let records = collector.records();
        assert_eq!(records.len(), 4);
        for (_, record) in &records {
            let is_inside = ["inside", "named"].contains(&body(record));
            if is_inside {
                assert_eq!(record.trace_id, span.trace_id.0.to_be_bytes());
                assert_eq!(record.span_id, span.span_id.0.to_be_bytes());
                assert_eq!(record.flags, u32::from(span.flags.w3c()));
                assert_eq!(record.flags & 1 == 1, is_sampled);
            } else {
                let ids = (&record.trace_id[..], &record.span_id[..], record.flags);
                assert_eq!(ids, (&[][..], &[][..], 0), "{}", body(record));
            }
        }
    }
}

#[test]
fn events_that_are_on_spans_may_be_left_out() {
    let records = arrived(logs::layer().without_events_of_spans(), || {
        info!("outside");
        info_span!("sampled").in_scope(|| info!("on the span"));
        let _unsampled = remote(TraceFlags::default()).attach();
        info_span!("unsampled").in_scope(|| info!("on no span"));
    });
    let bodies: Vec<_> = records.iter().map(|(_, record)| body(record)).collect();
    assert_eq!(bodies, ["outside", "on no span"]);
}

#[test]
fn only_names_that_somebody_gave_are_names_of_events() {
    let records = arrived(logs::layer(), || {
        info!("no name");
        event!(name: "order.paid", Level::INFO, "a name");
    });
    let names: Vec<_> = records
        .iter()
        .map(|(_, record)| record.event_name.as_str())
        .collect();
    assert_eq!(names, ["", "order.paid"]);
}

#[test]
fn the_place_in_the_source_is_said_when_asked_for() {
    for has_location in [true, false] {
        let layer = logs::layer().with_location(has_location);
        let records = arrived(layer, || info!("here"));
        let file = value(&records[0].1, "code.file.path");
        let line = value(&records[0].1, "code.line.number");
        assert_eq!(file.is_some(), has_location);
        assert_eq!(matches!(line, Some(Any::IntValue(_))), has_location);
    }
}

#[test]
fn a_field_that_enters_a_span_while_it_is_written_is_no_problem() {
    struct Entering(tracewell_instrument::Tracer);
    impl std::fmt::Debug for Entering {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            self.0
                .span("written")
                .start()
                .in_scope(|| f.write_str("in"))
        }
    }
    let collector = Collector::start();
    let guard = quiet(&collector).build().unwrap();
    let value = Entering(guard.tracer().unwrap());
    logging(&guard, logs::layer(), || {
        info_span!("outer").in_scope(|| info!(?value, "said"));
    });
    guard.shutdown(LONG).unwrap();
    let received = collector.received();
    let record = received.iter().flat_map(|one| records_of(one.logs.clone()));
    let record = record.map(|(_, record)| record).next().unwrap();
    let spans = received.into_iter().flat_map(|one| spans_of(one.request));
    let outer = spans.filter(|span| span.name == "outer").last().unwrap();
    assert_eq!(record.span_id, outer.span_id);
    let written = Any::StringValue("in".into());
    assert_eq!(self::value(&record, "value"), Some(&written));
}
