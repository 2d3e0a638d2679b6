//! Which series spans come to.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use tracewell_model::clock::ManualClock;
use tracewell_model::{AnyValue, SpanKind, StatusCode};
use tracewell_testkit::{Random, TestSpan, batch, flatten};

use super::*;
use crate::series::reading::Read;
use crate::written::section;

const MS: u64 = 1_000_000;
const START_NS: u64 = 1_700_000_000_000_000_000;

fn config(text: &str) -> Result<SpanMetricsConfig, Vec<String>> {
    section::read("s", text, SpanMetricsConfig::read)
}

struct Rig {
    connector: Arc<SpanMetrics>,
    clock: Arc<ManualClock>,
}

fn rig(text: &str) -> Rig {
    let clock = Arc::new(ManualClock::new(0));
    let connector = SpanMetrics::new(config(text).unwrap(), Arc::clone(&clock) as _);
    Rig { connector, clock }
}

impl Rig {
    fn count(&self, spans: &[TestSpan]) {
        let (told, fate) = std::sync::mpsc::channel();
        let ack: Ack = Box::new(move |result| told.send(result).unwrap());
        self.connector.consume(Arc::new(batch(spans)), ack);
        assert_eq!(fate.try_recv(), Ok(Ok(())), "acknowledged at once");
    }

    fn read(&self) -> Read {
        Read::of(&*self.connector)
    }
}

fn span(number: u64, service: &str, name: &str) -> TestSpan {
    TestSpan::new(number, number, service, name, START_NS)
}

#[test]
fn spans_are_counted_and_timed_by_what_all_of_them_have() {
    let rig = rig("{histogram: {explicit: {buckets: [10ms, 2ms, 1s]}}}");
    let failed = span(3, "shop", "buy").status(StatusCode::Error);
    rig.count(&[
        span(1, "shop", "buy").lasting_ns(2 * MS),
        span(2, "shop", "buy").lasting_ns(3 * MS),
        failed.lasting_ns(5_000 * MS),
    ]);
    rig.count(&[
        span(4, "shop", "buy").lasting_ns(2 * MS + 1),
        span(5, "bank", "pay").kind(SpanKind::Server),
    ]);
    let read = rig.read();
    let buy = "service_name=\"shop\",span_name=\"buy\",span_kind=\"SPAN_KIND_INTERNAL\"";
    let pay = "service_name=\"bank\",span_name=\"pay\",span_kind=\"SPAN_KIND_SERVER\"";
    let (unset, error) = (
        "status_code=\"STATUS_CODE_UNSET\"",
        "status_code=\"STATUS_CODE_ERROR\"",
    );
    let duration = "traces_span_metrics_duration_milliseconds";
    for (series, value) in [
        (
            format!("traces_span_metrics_calls_total{{{buy},{unset}}}"),
            3.0,
        ),
        (
            format!("traces_span_metrics_calls_total{{{buy},{error}}}"),
            1.0,
        ),
        (
            format!("traces_span_metrics_calls_total{{{pay},{unset}}}"),
            1.0,
        ),
        (
            format!("{duration}_bucket{{{buy},{unset},le=\"2.0\"}}"),
            1.0,
        ),
        (
            format!("{duration}_bucket{{{buy},{unset},le=\"10.0\"}}"),
            3.0,
        ),
        (
            format!("{duration}_bucket{{{buy},{error},le=\"1000.0\"}}"),
            0.0,
        ),
        (
            format!("{duration}_bucket{{{buy},{error},le=\"+Inf\"}}"),
            1.0,
        ),
        (format!("{duration}_sum{{{buy},{unset}}}"), 7.000_001),
        (format!("{duration}_count{{{buy},{unset}}}"), 3.0),
    ] {
        let got = read.values.get(&series).copied();
        assert!(
            got.is_some_and(|got| (got - value).abs() < 1e-9),
            "{series}: {got:?}"
        );
    }
    assert_eq!(read.values.len(), 3 + 3 * (4 + 2));
}

#[test]
fn units_names_and_dimensions_are_those_of_the_file() {
    let rig = rig("
namespace: red
exclude_dimensions: [status.code, span.kind]
dimensions: [{name: http.status_code}, {name: env, default: prod}, {name: gone}]
calls_dimensions: [{name: user}]
include_instrumentation_scope: [lib]
histogram: {unit: s, dimensions: [{name: zone}]}
");
    let mut first = span(1, "shop", "buy")
        .with("http.status_code", AnyValue::Int(200))
        .with_text("user", "ann");
    first.scope_name = "lib".to_owned();
    first.scope_version = "1.2".to_owned();
    first.resource.push(("env".to_owned(), "test".into()));
    let mut second = span(2, "shop", "buy")
        .with_text("http.status_code", "200")
        .with_text("env", "own");
    second.scope_name = "other".to_owned();
    second.resource.push(("env".to_owned(), "test".into()));
    second.resource.push(("zone".to_owned(), "a".into()));
    let third = span(3, "shop", "buy").with("http.status_code", AnyValue::Double(0.5));
    rig.count(&[first, second, third]);
    let series: Vec<String> = rig.read().values.into_keys().collect();
    let fixed = "service_name=\"shop\",span_name=\"buy\"";
    let scope =
        "span_instrumentation_scope_name=\"lib\",span_instrumentation_scope_version=\"1.2\"";
    for wanted in [
        format!(
            "red_calls_total{{{fixed},{scope},http_status_code=\"200\",env=\"test\",user=\"ann\"}}"
        ),
        format!("red_calls_total{{{fixed},http_status_code=\"200\",env=\"own\"}}"),
        format!("red_calls_total{{{fixed},http_status_code=\"0.5\",env=\"prod\"}}"),
        format!(
            "red_duration_seconds_count{{{fixed},{scope},http_status_code=\"200\",env=\"test\"}}"
        ),
        format!(
            "red_duration_seconds_count{{{fixed},http_status_code=\"200\",env=\"own\",zone=\"a\"}}"
        ),
        format!(
            "red_duration_seconds_bucket{{{fixed},http_status_code=\"0.5\",env=\"prod\",le=\"0.002\"}}"
        ),
    ] {
        assert!(series.contains(&wanted), "{wanted} in {series:#?}");
    }
}

#[test]
fn events_are_counted_by_attributes_of_their_own() {
    let rig = rig("
histogram: {disable: true}
events: {enabled: true, dimensions: [{name: exception.type}]}
");
    let event = |kind: &str| vec![("exception.type".to_owned(), kind.into())];
    let mut sampled = span(1, "shop", "buy").with_event("exception", 1, event("Late"));
    sampled.trace_state = "ot=th:8".to_owned();
    rig.count(&[
        sampled.with_event("exception", 2, event("Gone")),
        span(2, "shop", "buy").with_event("exception", 1, event("Late")),
        span(3, "shop", "buy"),
    ]);
    let read = rig.read();
    let labels = "service_name=\"shop\",span_name=\"buy\",span_kind=\"SPAN_KIND_INTERNAL\",\
                  status_code=\"STATUS_CODE_UNSET\"";
    let events =
        |kind| format!("traces_span_metrics_events_total{{{labels},exception_type=\"{kind}\"}}");
    assert_eq!(read.get(&events("Late")), 3.0);
    assert_eq!(read.get(&events("Gone")), 2.0);
    assert_eq!(read.values.len(), 3);
}

/// Against the obvious: a map of texts, span by span.
#[test]
fn whatever_comes_is_counted_as_if_one_by_one() {
    let dimensions = ["a", "b", "http.method", "k"];
    let rig =
        rig("{dimensions: [{name: a}, {name: b}, {name: http.method, default: x}, {name: k}]}");
    let (mut random, mut calls, mut sums) = (Random::new(7), BTreeMap::new(), BTreeMap::new());
    let mut total = 0.0;
    for _ in 0..40 {
        let mut spans = random.spans(60, START_NS);
        for span in &mut spans {
            let names = ["GET /", "GET /", "POST /x", ""];
            span.name = (*random.pick(&names)).to_owned();
            span.trace_state = (*random.pick(&["", "ot=th:c", "ot=th:8"])).to_owned();
            if random.once_in(2) {
                let value = match random.below(3) {
                    0 => AnyValue::Int(random.below(3) as i64),
                    1 => AnyValue::Bool(random.once_in(2)),
                    _ => AnyValue::String((*random.pick(&["", "1", "v"])).to_owned()),
                };
                span.attributes.retain(|(key, _)| key != "a");
                span.attributes.push(("a".to_owned(), value));
            }
        }
        // As the model understands it: ids and texts that were mended, keys once.
        let sent = batch(&spans);
        for span in flatten(&sent) {
            let mut labels = Labels::default();
            let kind = format!("SPAN_KIND_{}", span.kind.name().to_uppercase());
            let status = format!("STATUS_CODE_{}", span.status.name().to_uppercase());
            labels.push("service_name", span.service());
            labels.push("span_name", &span.name);
            labels.push("span_kind", &kind);
            labels.push("status_code", &status);
            for key in dimensions {
                let of = |list: &[(String, AnyValue)]| {
                    let found = list.iter().find(|(known, _)| known == key);
                    found.map(|(_, value)| shown(value))
                };
                let value = of(&span.attributes).or_else(|| of(&span.resource));
                let default = if key == "http.method" { "x" } else { "" };
                let value = value.unwrap_or_else(|| default.to_owned());
                labels.push(&crate::series::label_name(key), &value);
            }
            let weight = match &*span.trace_state {
                "ot=th:c" => 4.0,
                "ot=th:8" => 2.0,
                _ => 1.0,
            };
            total += weight;
            let labels = labels.as_str().to_owned();
            *calls.entry(labels.clone()).or_insert(0.0) += weight;
            let took = span.end_ns.wrapping_sub(span.start_ns) as i64;
            *sums.entry(labels).or_insert(0.0) += took.max(0) as f64 / 1e6 * weight;
        }
        rig.connector.consume(Arc::new(sent), Box::new(|_| {}));
    }
    let read = rig.read();
    assert_eq!(read.sum("traces_span_metrics_calls_total"), total);
    assert_eq!(
        read.sum("traces_span_metrics_duration_milliseconds_count"),
        total
    );
    let counters = read.values.keys().filter(|key| key.contains("calls_total"));
    assert_eq!(counters.count(), calls.len());
    assert!(calls.len() > 50, "{} are too few to tell", calls.len());
    for (labels, count) in calls {
        assert_eq!(
            read.get(&format!("traces_span_metrics_calls_total{{{labels}}}")),
            count
        );
        let name = "traces_span_metrics_duration_milliseconds_sum";
        let (got, wanted) = (read.get(&format!("{name}{{{labels}}}")), sums[&labels]);
        assert!(
            (got - wanted).abs() <= wanted.abs() * 1e-9,
            "{labels}: {got} {wanted}"
        );
    }
}

/// Text as it is, the rest as JSON.
fn shown(value: &AnyValue) -> String {
    use tracewell_wire::any_json::any_json;
    match any_json(value, serde_json::Value::from) {
        serde_json::Value::String(text) => text,
        serde_json::Value::Null => String::new(),
        json => json.to_string(),
    }
}

#[test]
fn beyond_the_limit_every_span_is_still_counted() {
    let rig = rig("{aggregation_cardinality_limit: 10}");
    for number in 0..30 {
        rig.count(&[
            span(number, "shop", &format!("buy {number}")),
            span(number, "shop", "buy 0"),
        ]);
    }
    let read = rig.read();
    let calls = "traces_span_metrics_calls_total";
    assert_eq!(read.sum(calls), 60.0);
    assert_eq!(
        read.get(&format!("{calls}{{otel_metric_overflow=\"true\"}}")),
        20.0
    );
    let series = read
        .values
        .keys()
        .filter(|series| series.starts_with(calls));
    assert_eq!(series.count(), 11);
    assert_eq!(
        read.sum("traces_span_metrics_duration_milliseconds_count"),
        60.0
    );
}

#[test]
fn series_without_spans_end_where_the_file_says_so() {
    let rig = rig("{metrics_expiration: 10m, series_expiration: 5m}");
    rig.count(&[span(1, "shop", "buy"), span(2, "shop", "sell")]);
    rig.clock.advance_ns(200 * 1_000 * MS);
    rig.count(&[span(3, "shop", "buy")]);
    rig.clock.advance_ns(200 * 1_000 * MS);
    let read = rig.read();
    assert_eq!(read.sum("traces_span_metrics_calls_total"), 2.0);
    assert!(!read.values.keys().any(|series| series.contains("sell")));
}

#[test]
fn exemplars_name_a_span_of_their_bucket() {
    let rig = rig("
exemplars: {enabled: true, max_per_data_point: 2}
histogram: {explicit: {buckets: [10ms, 20ms, 30ms]}}
");
    let of = |number, ms| span(number, "shop", "buy").lasting_ns(ms * MS);
    let mut nameless = of(9, 35);
    nameless.trace_id = tracewell_model::TraceId::default();
    rig.count(&[of(1, 5), of(2, 15), nameless]);
    rig.count(&[of(3, 25), of(4, 26)]);
    let read = rig.read();
    let bucket = |le: &str| {
        let series = read.exemplars.iter();
        let le = format!("le=\"{le}\"");
        let mut of_le = series.filter(|(series, _)| series.contains(&le));
        of_le.next().map(|(_, exemplar)| exemplar.clone())
    };
    assert_eq!(bucket("10.0"), None, "the oldest of three");
    assert_eq!(
        bucket("20.0").unwrap(),
        "{trace_id=\"aaaa0000000000000000000000000002\",span_id=\"0000000000000002\"} 15 1700000000.015"
    );
    assert!(bucket("30.0").unwrap().contains("0000000000000003"));
    assert_eq!(bucket("+Inf"), None, "a span without a trace is none");
    assert_eq!(read.exemplars.len(), 3, "and one of the counter");
}

#[test]
fn spans_come_while_others_look() {
    const THREADS: u64 = 4;
    const BATCHES: u64 = 200;
    let rig = rig("{exemplars: {enabled: true}}");
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let looking = scope.spawn(|| {
            let mut last = 0.0;
            while !is_done.load(Ordering::Acquire) {
                let now = rig.read().sum("traces_span_metrics_calls_total");
                assert!(now >= last, "{now} after {last}");
                last = now;
            }
        });
        let sending: Vec<_> = (0..THREADS)
            .map(|thread| {
                let rig = &rig;
                scope.spawn(move || {
                    for number in 0..BATCHES {
                        let name = format!("buy {}", (number + thread) % 7);
                        rig.count(&[span(number, "shop", &name), span(number, "bank", "pay")]);
                    }
                })
            })
            .collect();
        sending.into_iter().for_each(|sent| sent.join().unwrap());
        is_done.store(true, Ordering::Release);
        looking.join().unwrap();
    });
    let calls = rig.read().sum("traces_span_metrics_calls_total");
    assert_eq!(calls, (2 * THREADS * BATCHES) as f64);
}

#[test]
fn what_is_wrong_or_not_served_is_said() {
    for (text, wanted) in [
        (
            "{histogram: {exponential: {max_size: 10}, explicit: {buckets: [1s]}}}",
            "s.histogram.exponential: there is explicit too; write one of them",
        ),
        (
            "{histogram: {exponential: {max_size: 1}}}",
            "s.histogram.exponential.max_size: \"1\" is not a whole number from 2",
        ),
        (
            "{histogram: {unit: h}}",
            "s.histogram.unit: \"h\" is neither ms nor s",
        ),
        (
            "{histogram: {explicit: {buckets: [1]}}}",
            "s.histogram.explicit.buckets: \"1\" is not a duration; write for example 200ms or 1m30s",
        ),
        (
            "{dimensions: [{name: span.name}]}",
            "s.dimensions: two dimensions would have the label span_name; leave one out",
        ),
        (
            "{dimensions: [{name: a.b}], calls_dimensions: [{name: a_b}]}",
            "s.dimensions: two dimensions would have the label a_b; leave one out",
        ),
        (
            "{dimensions: [{default: x}]}",
            "s.dimensions[0].name is missing: the attribute to divide by",
        ),
        (
            "{dimensions: [{name: collector.instance.id}]}",
            "s.dimensions: two dimensions would have the label collector_instance_id; leave one out",
        ),
        (
            "{metrics_flush_interval: 0s}",
            "s.metrics_flush_interval: what is counted is sent at intervals; write for example 15s",
        ),
        (
            "{events: {enabled: true}}",
            "s.events.dimensions is missing: events are counted by the attributes named there",
        ),
        (
            "{namespase: x}",
            "unknown key s.namespase; did you mean namespace?",
        ),
    ] {
        assert_eq!(config(text).unwrap_err(), [wanted], "{text}");
    }
    // All of the Collector's own keys, which tune only its inside.
    config(
        "{metrics_flush_interval: 15s, dimensions_cache_size: 10, resource_metrics_cache_size: 5,
          resource_metrics_key_attributes: [service.name], metric_timestamp_cache_size: 1,
          aggregation_temporality: AGGREGATION_TEMPORALITY_CUMULATIVE, add_resource_attributes: false}",
    )
    .unwrap();
}
