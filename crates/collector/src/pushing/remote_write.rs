//! Values as Prometheus' remote write 1.0: `WriteRequest`, packed with snappy.
//!
//! Spec: prometheus `docs/specs/remote_write_spec.md`, `prompb/{remote,types}.proto`.
//! Labels are in order, `__name__` among them, and a histogram is a series for each of
//! its buckets, its sum and its count. Whatever else a source says, these are **sums from
//! the start**, which is all that Prometheus knows.

use prost::Message as _;

use super::desk::Point;
use super::instance::instance_id;
use super::sender::Message;
use super::value::Value;
use crate::series::{Bounds, Exemplar, Exponential, LABEL_OF_INSTANCE, Naming, pairs};

/// The finest that Prometheus knows.
const SCHEMA_MAX: i32 = 8;

const COUNTER: i32 = 1;
const HISTOGRAM: i32 = 3;

#[derive(Clone, PartialEq, prost::Message)]
struct WriteRequest {
    #[prost(message, repeated, tag = "1")]
    timeseries: Vec<TimeSeries>,
    #[prost(message, repeated, tag = "3")]
    metadata: Vec<Metadata>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct TimeSeries {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<Label>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<Sample>,
    #[prost(message, repeated, tag = "3")]
    exemplars: Vec<ExemplarSample>,
    #[prost(message, repeated, tag = "4")]
    histograms: Vec<NativeHistogram>,
}

/// One of floats, as spans count for fractions.
#[derive(Clone, PartialEq, prost::Message)]
struct NativeHistogram {
    #[prost(double, optional, tag = "2")]
    count: Option<f64>,
    #[prost(double, tag = "3")]
    sum: f64,
    #[prost(sint32, tag = "4")]
    schema: i32,
    #[prost(double, tag = "5")]
    zero_threshold: f64,
    #[prost(double, optional, tag = "7")]
    zero_count: Option<f64>,
    #[prost(message, repeated, tag = "11")]
    positive_spans: Vec<BucketSpan>,
    #[prost(double, repeated, tag = "13")]
    positive_counts: Vec<f64>,
    #[prost(int64, tag = "15")]
    timestamp_ms: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
struct BucketSpan {
    #[prost(sint32, tag = "1")]
    offset: i32,
    #[prost(uint32, tag = "2")]
    length: u32,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, prost::Message)]
struct Label {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Sample {
    #[prost(double, tag = "1")]
    value: f64,
    #[prost(int64, tag = "2")]
    timestamp_ms: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ExemplarSample {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<Label>,
    #[prost(double, tag = "2")]
    value: f64,
    #[prost(int64, tag = "3")]
    timestamp_ms: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Metadata {
    #[prost(int32, tag = "1")]
    kind: i32,
    #[prost(string, tag = "2")]
    metric_family_name: String,
    #[prost(string, tag = "4")]
    help: String,
    #[prost(string, tag = "5")]
    unit: String,
}

/// How messages are written.
#[derive(Debug, Clone)]
pub(crate) struct RemoteWrite {
    pub(crate) naming: Naming,
    /// Of a message before it is packed, unless one value alone is larger.
    pub(crate) message_bytes_max: usize,
    /// Do messages say what metrics are?
    pub(crate) says_metadata: bool,
}

impl RemoteWrite {
    /// Messages, packed.
    pub(super) fn messages(&self, points: Vec<Point>) -> Vec<Message> {
        let mut messages = Vec::new();
        let (mut part, mut body) = (Vec::new(), Vec::new());
        let mut end = |part: &mut Vec<Point>, body: &mut Vec<u8>| {
            if part.is_empty() {
                return;
            }
            let points = std::mem::take(part);
            let mut body = std::mem::take(body);
            if self.says_metadata {
                self.metadata(&points).encode_raw(&mut body);
            }
            let packed = snap::raw::Encoder::new().compress_vec(&body);
            // It takes 4 GB at once.
            let body = packed.unwrap_or_default();
            messages.push(Message { body, points });
        };
        let mut written = Vec::new();
        for point in points {
            written.clear();
            // Messages of protobuf are joined by writing one behind the other.
            self.request(&point).encode_raw(&mut written);
            if body.len() + written.len() > self.message_bytes_max {
                end(&mut part, &mut body);
            }
            body.extend_from_slice(&written);
            part.push(point);
        }
        end(&mut part, &mut body);
        messages
    }

    fn request(&self, point: &Point) -> WriteRequest {
        let metric = &point.head.metrics[point.key.metric];
        let name = self.naming.name(metric);
        let series = Labelled {
            labels: self.labels(point),
            timestamp_ms: ms(point.time_ns),
        };
        let timeseries = match (&point.total, &metric.bounds) {
            (Value::Histogram(histogram), Some(bounds)) => match &histogram.exponential {
                Some(exponential) => vec![series.native(&name, histogram, exponential)],
                None => series.histogram(&name, histogram, bounds),
            },
            (Value::Histogram(_), None) => Vec::new(),
            (Value::Counter(counter), _) => {
                let name = format!("{name}{}", self.naming.total());
                vec![series.one(name, None, counter.count, counter.exemplar.as_ref())]
            }
        };
        WriteRequest {
            timeseries,
            metadata: Vec::new(),
        }
    }

    fn labels(&self, point: &Point) -> Vec<Label> {
        let written = pairs(&point.key.labels).into_iter();
        let mut labels: Vec<Label> = written.map(|(name, value)| label(name, value)).collect();
        if point.head.says_instance {
            labels.push(label(LABEL_OF_INSTANCE, instance_id().to_owned()));
        }
        for (name, value) in pairs(&self.naming.labels) {
            // Those of the file go before.
            labels.retain(|own| own.name != name);
            labels.push(label(name, value));
        }
        labels
    }

    /// Of the metrics that are among the points, which are in order.
    fn metadata(&self, points: &[Point]) -> WriteRequest {
        let metrics =
            points.chunk_by(|a, b| (a.key.source, a.key.metric) == (b.key.source, b.key.metric));
        let of_metric = |points: &[Point]| {
            let point = points.first()?;
            let metric = &point.head.metrics[point.key.metric];
            let total = if metric.bounds.is_none() {
                self.naming.total()
            } else {
                ""
            };
            Some(Metadata {
                kind: if metric.bounds.is_none() {
                    COUNTER
                } else {
                    HISTOGRAM
                },
                metric_family_name: format!("{}{total}", self.naming.name(metric)),
                help: metric.help.to_owned(),
                unit: metric.unit().map_or("", |unit| unit.name()).to_owned(),
            })
        };
        WriteRequest {
            timeseries: Vec::new(),
            metadata: metrics.filter_map(of_metric).collect(),
        }
    }
}

/// What all series of a value have.
struct Labelled {
    labels: Vec<Label>,
    timestamp_ms: i64,
}

impl Labelled {
    fn one(
        &self,
        name: String,
        le: Option<String>,
        value: f64,
        exemplar: Option<&Exemplar>,
    ) -> TimeSeries {
        let mut labels = self.labels.clone();
        labels.push(label("__name__", name));
        labels.extend(le.map(|le| label("le", le)));
        labels.sort_unstable();
        let exemplar = exemplar.map(|exemplar| ExemplarSample {
            labels: vec![
                label("span_id", exemplar.span_id.to_string()),
                label("trace_id", exemplar.trace_id.to_string()),
            ],
            value: exemplar.value,
            timestamp_ms: ms(exemplar.time_ns),
        });
        TimeSeries {
            labels,
            samples: vec![Sample {
                value,
                timestamp_ms: self.timestamp_ms,
            }],
            exemplars: exemplar.into_iter().collect(),
            histograms: Vec::new(),
        }
    }

    /// Buckets that grow by a factor: one series, which Prometheus calls native. Its
    /// buckets have their upper ends for numbers, where OpenTelemetry has the lower.
    fn native(
        &self,
        name: &str,
        histogram: &crate::series::Histogram,
        exponential: &Exponential,
    ) -> TimeSeries {
        let mut exponential = exponential.clone();
        exponential.coarsen(exponential.scale - SCHEMA_MAX);
        let mut series = self.one(name.to_owned(), None, 0.0, histogram.exemplar(0));
        series.samples.clear();
        series.histograms.push(NativeHistogram {
            count: Some(histogram.buckets.iter().sum()),
            sum: histogram.sum,
            schema: exponential.scale,
            zero_threshold: 0.0,
            zero_count: Some(exponential.zeros),
            positive_spans: match exponential.counts.len() {
                0 => Vec::new(),
                length => vec![BucketSpan {
                    offset: exponential.offset + 1,
                    length: u32::try_from(length).unwrap_or(u32::MAX),
                }],
            },
            positive_counts: exponential.counts,
            timestamp_ms: self.timestamp_ms,
        });
        series
    }

    fn histogram(
        &self,
        name: &str,
        histogram: &crate::series::Histogram,
        bounds: &Bounds,
    ) -> Vec<TimeSeries> {
        let ends = bounds.ends().map(|end| end.to_string());
        let mut count = 0.0;
        let buckets = ends.chain(["+Inf".to_owned()]).zip(&histogram.buckets);
        let buckets = buckets.enumerate().map(|(bucket, (end, within))| {
            count += within;
            let exemplar = histogram.exemplar(bucket);
            self.one(format!("{name}_bucket"), Some(end), count, exemplar)
        });
        let mut series: Vec<TimeSeries> = buckets.collect();
        series.push(self.one(format!("{name}_sum"), None, histogram.sum, None));
        series.push(self.one(format!("{name}_count"), None, count, None));
        series
    }
}

fn label(name: &str, value: impl Into<String>) -> Label {
    Label {
        name: name.to_owned(),
        value: value.into(),
    }
}

fn ms(ns: u64) -> i64 {
    i64::try_from(ns / 1_000_000).unwrap_or(i64::MAX)
}
