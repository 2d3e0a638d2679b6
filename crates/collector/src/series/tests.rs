//! What a page looks like, and what tables keep.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::reading::{Read, page};
use super::*;
use tracewell_model::{SpanId, TraceId};

#[derive(Debug)]
struct Fixed;

fn labels(pairs: &[(&str, &str)]) -> String {
    let mut labels = Labels::default();
    for (name, value) in pairs {
        labels.push(name, value);
    }
    labels.as_str().to_owned()
}

impl SeriesSource for Fixed {
    fn read(&self, _reader: Reader) -> Counted {
        let labels = labels(&[("service_name", "a \"b\"\\\n"), ("none", "")]);
        let series = |labels: &str| Series {
            labels: labels.into(),
            began_ns: 0,
            value: Counter {
                count: 3.0,
                exemplar: None,
            },
        };
        let bounds = Bounds::new(vec![2_000_000, 5_000_000_000], Unit::Seconds);
        let mut histogram = Histogram::new(&bounds);
        histogram.add(&bounds, 2_000_000, 1.0);
        histogram.add(&bounds, 1_000_000_000, 2.5);
        let exemplar = Exemplar {
            trace_id: TraceId([0xab; 16]),
            span_id: SpanId([0xcd; 8]),
            value: 1.0,
            time_ns: 1_700_000_000_012_345_678,
        };
        histogram.put(1, exemplar, 5);
        let histogram = Series {
            labels: (*labels).into(),
            began_ns: 0,
            value: histogram,
        };
        Counted {
            head: Arc::new(Head {
                scope: "test",
                keys: BTreeMap::new(),
                service_label: None,
                says_instance: false,
                metrics: vec![
                    MetricHead::counter("calls", "Spans"),
                    MetricHead::counter("none", "Nothing"),
                    MetricHead::histogram("took", "How long", &bounds),
                ],
            }),
            time_ns: 0,
            series: vec![
                Values::Counters(vec![series(&labels), series("")]),
                Values::Counters(Vec::new()),
                Values::Histograms(vec![histogram]),
            ],
        }
    }
}

#[test]
fn a_page_in_both_forms() {
    let open = "# HELP calls Spans
# TYPE calls counter
calls_total{service_name=\"a \\\"b\\\"\\\\\\n\"} 3
calls_total 3
# HELP took_seconds How long
# TYPE took_seconds histogram
# UNIT took_seconds seconds
took_seconds_bucket{service_name=\"a \\\"b\\\"\\\\\\n\",le=\"0.002\"} 1
took_seconds_bucket{service_name=\"a \\\"b\\\"\\\\\\n\",le=\"5.0\"} 3.5 # {trace_id=\"abababababababababababababababab\",span_id=\"cdcdcdcdcdcdcdcd\"} 1 1700000000.012
took_seconds_bucket{service_name=\"a \\\"b\\\"\\\\\\n\",le=\"+Inf\"} 3.5
took_seconds_sum{service_name=\"a \\\"b\\\"\\\\\\n\"} 2.502
took_seconds_count{service_name=\"a \\\"b\\\"\\\\\\n\"} 3.5
";
    let written = page(&Fixed, TextFormat::OpenMetrics);
    assert_eq!(written, open);
    Read::text(&written);

    let written = page(&Fixed, TextFormat::Prometheus);
    let (bare, _) = open.split_once(" # {trace_id").unwrap();
    let (_, after) = open.split_once("1700000000.012").unwrap();
    let plain = format!("{bare}{after}")
        .replace("# HELP calls ", "# HELP calls_total ")
        .replace("# TYPE calls ", "# TYPE calls_total ")
        .replace("# UNIT took_seconds seconds\n", "")
        .replace("5.0", "5");
    assert_eq!(written, plain);
    Read::text(&written);
}

#[test]
fn a_page_is_called_as_its_exporter_says() {
    let naming = |has_suffixes| Naming {
        namespace: "my.shop".to_owned(),
        labels: "zone=\"a\"".to_owned(),
        has_suffixes,
    };
    let written = |has_suffixes| {
        let mut page = SeriesPage::new(TextFormat::Prometheus, naming(has_suffixes));
        page.put(&Fixed.read(Reader::Scrape));
        page.into_text()
    };
    for (has_suffixes, lines) in [
        (
            true,
            [
                "# TYPE my_shop_calls_total counter",
                "my_shop_calls_total{zone=\"a\"} 3",
                "my_shop_took_seconds_sum{service_name=\"a \\\"b\\\"\\\\\\n\",zone=\"a\"} 2.502",
            ],
        ),
        (
            false,
            [
                "# TYPE my_shop_calls counter",
                "my_shop_calls{zone=\"a\"} 3",
                "my_shop_took_sum{service_name=\"a \\\"b\\\"\\\\\\n\",zone=\"a\"} 2.502",
            ],
        ),
    ] {
        let written = written(has_suffixes);
        for line in lines {
            assert!(
                written.lines().any(|other| other == line),
                "{line}\n{written}"
            );
        }
        Read::text(&written);
    }
}

#[test]
fn labels_are_taken_apart_as_they_were_put_together() {
    let put = [("a", "x \"y\"\\\n,b=\"c\""), ("b", "\\n"), ("c", "ß")];
    let written = labels(&put);
    let apart = pairs(&written).into_iter();
    assert!(apart.eq(put.map(|(name, value)| (name, value.to_owned()))));
    assert!(pairs("").is_empty());
}

#[test]
fn names_are_those_of_the_collector() {
    for (key, label) in [
        ("http.method", "http_method"),
        ("k8s.pod-name", "k8s_pod_name"),
        ("2xx", "key_2xx"),
        ("_private", "key_private"),
        ("Größe", "Gr__e"),
    ] {
        assert_eq!(label_name(key), label);
    }
    for (namespace, name) in [
        ("traces.span.metrics", "traces_span_metrics_calls"),
        ("", "calls"),
        ("a..b-", "a_b_calls"),
        ("1st", "_1st_calls"),
    ] {
        assert_eq!(metric_name(namespace, "calls"), name);
    }
}

#[test]
fn long_values_are_cut_between_characters() {
    let long = labels(&[("a", &"ß".repeat(1_000))]);
    assert_eq!(long, format!("a=\"{}\"", "ß".repeat(512)));
}

#[test]
fn beyond_the_limit_everything_is_counted_in_one_series() {
    let mut table: Table<u64> = Table::new(2, None);
    for number in 0..10 {
        *table.at(&format!("n=\"{}\"", number % 5), 0, || 0) += 1;
    }
    let kept = table.snapshot(Reader::Scrape, u64::MAX, 0);
    let kept: Vec<_> = kept.iter().map(|of| (&*of.labels, of.value)).collect();
    let overflow = "otel_metric_overflow=\"true\"";
    assert_eq!(kept, [("n=\"0\"", 2), ("n=\"1\"", 2), (overflow, 6)]);
}

#[test]
fn series_end_that_nobody_adds_to() {
    let mut table: Table<u64> = Table::new(1, Some(80));
    let read = |table: &mut Table<u64>, now_ns| table.snapshot(Reader::Scrape, now_ns, 0);
    *table.at("n=\"1\"", 0, || 0) += 1;
    *table.at("n=\"1\"", 50, || 0) += 1;
    assert_eq!(read(&mut table, 129).len(), 1);
    table.make_room(129);
    assert_eq!(read(&mut table, 130).len(), 0);
    // Room is made without a scrape too.
    *table.at("n=\"2\"", 200, || 0) += 1;
    table.make_room(285);
    *table.at("n=\"3\"", 285, || 0) += 1;
    let left = read(&mut table, 285);
    assert_eq!((&*left[0].labels, left[0].began_ns), ("n=\"3\"", 285));
}

#[test]
fn no_series_ends_before_it_was_read_to_be_sent() {
    let mut table: Table<u64> = Table::new(10, Some(80));
    let read = |table: &mut Table<u64>, reader, now_ns| {
        let series = table.snapshot(reader, now_ns, 1_000);
        series.first().map(|of| (of.began_ns, of.value))
    };
    assert_eq!(read(&mut table, Reader::Sender, 0), None);
    *table.at("a", 10, || 0) += 1;
    table.make_room(500);
    assert_eq!(read(&mut table, Reader::Scrape, 500), Some((1_010, 1)));
    assert_eq!(read(&mut table, Reader::Sender, 500), Some((1_010, 1)));
    assert_eq!(read(&mut table, Reader::Sender, 501), None);
    // One that is still used stays, read or not.
    *table.at("a", 600, || 0) += 1;
    assert_eq!(read(&mut table, Reader::Sender, 610), Some((1_600, 1)));
    assert_eq!(read(&mut table, Reader::Sender, 620), Some((1_600, 1)));
}

#[test]
fn a_bucket_has_one_exemplar_and_the_oldest_goes_first() {
    let bounds = Bounds::new(vec![1, 2, 3], Unit::Milliseconds);
    let mut histogram = Histogram::new(&bounds);
    let exemplar = |time_ns| Exemplar {
        trace_id: TraceId([1; 16]),
        span_id: SpanId([1; 8]),
        value: 0.0,
        time_ns,
    };
    for (time_ns, bucket) in [(1, 0), (2, 1), (3, 0), (4, 2)] {
        histogram.put(bucket, exemplar(time_ns), 2);
    }
    let times = [0, 1, 2, 3].map(|bucket| histogram.exemplar(bucket).map(|e| e.time_ns));
    assert_eq!(times, [Some(3), None, Some(4), None]);
}
