//! Values as OTLP: `ExportMetricsServiceRequest`, as protobuf and as JSON.
//!
//! Spec: opentelemetry-proto `metrics/v1/metrics.proto` and
//! `collector/metrics/v1/metrics_service.proto`. Only what is counted here is written,
//! nothing is read.

mod message;

use std::collections::BTreeMap;

use prost::Message as _;

use self::message::{
    AnyValue, Data, ExemplarPoint, ExponentialBuckets, ExponentialHistogram, ExponentialPoint,
    Histogram, HistogramPoint, KeyValue, Metric, NumberPoint, Request, Resource, ResourceMetrics,
    Scope, ScopeMetrics, Sum,
};
use super::desk::Point;
use super::instance::instance_id;
use super::sender::Message;
use super::value::Value;
use crate::series::{Bounds, Exemplar, MetricHead, pairs};

/// Largest message of several values; servers refuse more than 4 MiB unless they are
/// told otherwise.
const MESSAGE_BYTES_MAX: usize = 2 << 20;

/// Numbers and what stands around them, of one value.
const POINT_BYTES: usize = 128;

const DELTA: i32 = 1;
const CUMULATIVE: i32 = 2;

/// Who counted, for peers that have the same series from several processes; the
/// Collector's.
const INSTANCE: &str = "collector.instance.id";

/// Messages in protobuf.
pub(super) fn protobuf(points: Vec<Point>) -> Vec<Message> {
    messages(points, |request| request.encode_to_vec())
}

/// Messages in JSON.
pub(super) fn json(points: Vec<Point>) -> Vec<Message> {
    messages(points, |request| {
        serde_json::to_vec(request).expect("a request is texts and numbers")
    })
}

fn messages(points: Vec<Point>, encode: impl Fn(&Request) -> Vec<u8>) -> Vec<Message> {
    let (mut messages, mut part, mut part_bytes) = (Vec::new(), Vec::new(), 0);
    let mut end = |part: &mut Vec<Point>| {
        if !part.is_empty() {
            let body = encode(&request(part));
            let points = std::mem::take(part);
            messages.push(Message { body, points });
        }
    };
    for point in points {
        let bytes = bytes_of(&point);
        if part_bytes + bytes > MESSAGE_BYTES_MAX {
            end(&mut part);
            part_bytes = 0;
        }
        part_bytes += bytes;
        part.push(point);
    }
    end(&mut part);
    messages
}

/// More than it takes.
fn bytes_of(point: &Point) -> usize {
    let metric = &point.head.metrics[point.key.metric];
    let buckets = metric.bounds.as_ref().map_or(0, Bounds::buckets);
    let exponential = match &point.total {
        Value::Histogram(of) => of.exponential.as_ref().map_or(0, |of| of.counts.len()),
        Value::Counter(_) => 0,
    };
    POINT_BYTES + 2 * point.key.labels.len() + 64 * buckets + 10 * exponential
}

/// What stands together in a message: source, service and metric.
type Place = (usize, Option<String>);

/// The values of a metric, with their attributes.
type OfMetric<'p> = Vec<(&'p Point, Vec<KeyValue>)>;

fn request(points: &[Point]) -> Request {
    let mut resources: BTreeMap<Place, BTreeMap<usize, OfMetric<'_>>> = BTreeMap::new();
    for point in points {
        let (attributes, service) = attributes(point);
        let of_resource = resources.entry((point.key.source, service)).or_default();
        let of_metric = of_resource.entry(point.key.metric).or_default();
        of_metric.push((point, attributes));
    }
    let resource_metrics = resources.into_iter().filter_map(|((_, service), metrics)| {
        let (point, _) = metrics.values().flatten().next()?;
        let head = &point.head;
        let metrics = metrics.into_iter();
        Some(ResourceMetrics {
            resource: Some(Resource {
                attributes: service
                    .map(|service| key_value("service.name", service))
                    .into_iter()
                    .collect(),
            }),
            scope_metrics: vec![ScopeMetrics {
                scope: Some(Scope {
                    name: head.scope.to_owned(),
                }),
                metrics: metrics
                    .map(|(metric, points)| self::metric(&head.metrics[metric], points))
                    .collect(),
            }],
        })
    });
    Request {
        resource_metrics: resource_metrics.collect(),
    }
}

/// Those of a series, and the service that all of it was counted for.
fn attributes(point: &Point) -> (Vec<KeyValue>, Option<String>) {
    let head = &point.head;
    let (mut attributes, mut service) = (Vec::new(), None);
    for (label, value) in pairs(&point.key.labels) {
        if head.service_label == Some(label) {
            service = Some(value.clone());
        }
        let key = head.keys.get(label).map_or(label, String::as_str);
        attributes.push(key_value(key, value));
    }
    if head.says_instance {
        attributes.push(key_value(INSTANCE, instance_id().to_owned()));
    }
    (attributes, service)
}

fn key_value(key: &str, value: String) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            string_value: Some(value),
        }),
    }
}

fn metric(head: &MetricHead, points: OfMetric<'_>) -> Metric {
    let is_delta = points.iter().any(|(point, _)| point.since.is_some());
    let aggregation_temporality = if is_delta { DELTA } else { CUMULATIVE };
    let points = points.into_iter();
    let data = match &head.bounds {
        None => Data::Sum(Sum {
            data_points: points
                .map(|(point, attributes)| number(point, attributes))
                .collect(),
            aggregation_temporality,
            is_monotonic: true,
        }),
        Some(bounds) if bounds.are_exponential() => {
            Data::ExponentialHistogram(ExponentialHistogram {
                data_points: points
                    .filter_map(|(point, attributes)| exponential(point, attributes))
                    .collect(),
                aggregation_temporality,
            })
        }
        Some(bounds) => Data::Histogram(Histogram {
            data_points: points
                .map(|(point, attributes)| histogram(point, attributes, bounds))
                .collect(),
            aggregation_temporality,
        }),
    };
    Metric {
        name: head.name.clone(),
        description: head.help.to_owned(),
        unit: head.unit().map_or("", |unit| unit.symbol()).to_owned(),
        data: Some(data),
    }
}

/// From when on it counts.
fn start_ns(point: &Point) -> u64 {
    let start_ns = point.since.as_ref().map(|(start_ns, _)| *start_ns);
    start_ns.unwrap_or(point.key.began_ns)
}

fn number(point: &Point, attributes: Vec<KeyValue>) -> NumberPoint {
    let value = match &point.since {
        Some((_, earlier)) => point.total.since(earlier),
        None => point.total.clone(),
    };
    let (count, exemplars) = match value {
        Value::Counter(counter) => (counter.count, exemplars(counter.exemplar.as_ref())),
        Value::Histogram(_) => (0.0, Vec::new()),
    };
    NumberPoint {
        attributes,
        start_time_unix_nano: start_ns(point),
        time_unix_nano: point.time_ns,
        as_double: Some(count),
        exemplars,
    }
}

fn histogram(point: &Point, attributes: Vec<KeyValue>, bounds: &Bounds) -> HistogramPoint {
    let counts_of = |value: &Value| -> (Vec<u64>, f64) {
        match value {
            // Fractions, where sampled spans count for others; whole numbers here.
            Value::Histogram(of) => {
                let counts = of.buckets.iter().map(|count| count.round() as u64);
                (counts.collect(), of.sum)
            }
            Value::Counter(_) => (Vec::new(), 0.0),
        }
    };
    let (mut bucket_counts, mut sum) = counts_of(&point.total);
    if let Some((_, earlier)) = &point.since {
        // Rounded before, so that what is left over is in the next.
        let (earlier, earlier_sum) = counts_of(earlier);
        for (count, earlier) in bucket_counts.iter_mut().zip(earlier) {
            *count = count.saturating_sub(earlier);
        }
        sum -= earlier_sum;
    }
    HistogramPoint {
        attributes,
        start_time_unix_nano: start_ns(point),
        time_unix_nano: point.time_ns,
        count: bucket_counts.iter().sum(),
        sum: Some(sum),
        bucket_counts,
        explicit_bounds: bounds.ends().collect(),
        exemplars: exemplars_of(point),
    }
}

/// Those that came since the peer has something.
fn exemplars_of(point: &Point) -> Vec<ExemplarPoint> {
    let Value::Histogram(of) = &point.total else {
        return Vec::new();
    };
    let all = (0..of.buckets.len()).flat_map(|bucket| exemplars(of.exemplar(bucket)));
    let since_ns = point.since.as_ref().map_or(0, |(since_ns, _)| *since_ns);
    all.filter(|exemplar| exemplar.time_unix_nano >= since_ns)
        .collect()
}

fn exponential(point: &Point, attributes: Vec<KeyValue>) -> Option<ExponentialPoint> {
    let value = match &point.since {
        Some((_, earlier)) => point.total.since(earlier),
        None => point.total.clone(),
    };
    let Value::Histogram(histogram) = value else {
        return None;
    };
    let exponential = histogram.exponential?;
    let counts = exponential.counts.iter();
    let bucket_counts: Vec<u64> = counts.map(|count| count.round() as u64).collect();
    let zero_count = exponential.zeros.round() as u64;
    Some(ExponentialPoint {
        attributes,
        start_time_unix_nano: start_ns(point),
        time_unix_nano: point.time_ns,
        count: zero_count + bucket_counts.iter().sum::<u64>(),
        sum: Some(histogram.sum),
        scale: exponential.scale,
        zero_count,
        positive: Some(ExponentialBuckets {
            offset: exponential.offset,
            bucket_counts,
        }),
        exemplars: exemplars_of(point),
    })
}

fn exemplars(exemplar: Option<&Exemplar>) -> Vec<ExemplarPoint> {
    let point = |exemplar: &Exemplar| ExemplarPoint {
        time_unix_nano: exemplar.time_ns,
        as_double: Some(exemplar.value),
        span_id: exemplar.span_id.0.to_vec(),
        trace_id: exemplar.trace_id.0.to_vec(),
    };
    exemplar.map(point).into_iter().collect()
}
