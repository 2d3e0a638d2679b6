//! What connectors count, as peers get it: in OTLP and remote write, when all goes well
//! and when it does not.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value;
use opentelemetry_proto::tonic::metrics::v1::{Metric, metric::Data, number_data_point};
use prost::Message;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tracewell_collector::pipelines;
use tracewell_collector::pipelines::graph::{Graph, Ground, Spooled};
use tracewell_collector::pushing::PushSnapshot;
use tracewell_collector::written::fields::Reading;
use tracewell_collector::written::yaml;
use tracewell_model::store::Ack;
use tracewell_model::{Consumer, SpanBatch, SpanKind};
use tracewell_testkit::{TestSpan, batch};

use super::http_peer::{HttpPeer, Reply, Seen, http_peer};
use super::running::PATIENCE;

struct Rig {
    entry: Arc<dyn Consumer>,
    graph: Arc<Graph>,
}

fn rig(connector: &str, exporter: &str) -> Rig {
    let name = exporter.split(':').next().unwrap();
    let text = format!(
        "receivers: {{otlp: {{protocols: {{http: }}}}}}
extensions: {{bearertokenauth: {{token: secret}}}}
connectors: {{spanmetrics: {{{connector}}}}}
exporters: {{nop: , {exporter}}}
service:
  extensions: [bearertokenauth]
  pipelines:
    traces: {{receivers: [otlp], exporters: [spanmetrics, nop]}}
    metrics: {{receivers: [spanmetrics], processors: [], exporters: [{name}]}}"
    );
    let reading = Reading::new(Path::new("file.yaml"));
    let root = yaml::parse(&text).unwrap().unwrap();
    let file = pipelines::read(&root, &reading);
    let (mistakes, _) = reading.into_found();
    assert!(mistakes.is_empty(), "{mistakes:?}");
    let store: Arc<dyn Consumer> = Arc::new(Unused);
    let ground = Ground {
        store,
        runtime: Handle::current(),
        watched: Box::new(|consumer| consumer),
    };
    let graph = Graph::start(file, Spooled::new(), ground).unwrap();
    Rig {
        entry: graph.entries().of("otlp_http").unwrap(),
        graph,
    }
}

struct Unused;

impl Consumer for Unused {
    fn consume(&self, _batch: Arc<SpanBatch>, _ack: Ack) {
        panic!("no pipeline ends in the store");
    }
}

impl Rig {
    async fn send(&self, spans: &[TestSpan]) {
        let (told, fate) = oneshot::channel();
        let ack: Ack = Box::new(move |result| told.send(result).unwrap());
        self.entry.consume(Arc::new(batch(spans)), ack);
        fate.await.unwrap().unwrap();
    }

    fn account(&self) -> PushSnapshot {
        let account = self.graph.accounts().pushing()[0].snapshot().unwrap();
        let rejected: u64 = account.rejected.values().sum();
        let out = account.sent + account.superseded + rejected;
        assert_eq!(account.collected, out + account.in_flight);
        account
    }
}

/// Waits until `found` has found something.
async fn until<T>(mut found: impl FnMut() -> Option<T>) -> T {
    let waiting = async {
        loop {
            if let Some(found) = found() {
                return found;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .expect("it never came")
}

fn span(number: u64) -> TestSpan {
    TestSpan::new(number, number, "shop", "buy", 1_700_000_000_000_000_000)
        .kind(SpanKind::Server)
        .lasting_ns(3_000_000)
}

fn decoded(seen: &Seen) -> ExportMetricsServiceRequest {
    match seen.headers["content-type"].to_str().unwrap() {
        "application/json" => serde_json::from_slice(&seen.body).unwrap(),
        "application/grpc" => ExportMetricsServiceRequest::decode(&seen.body[5..]).unwrap(),
        _ => ExportMetricsServiceRequest::decode(&seen.body[..]).unwrap(),
    }
}

fn metrics(request: &ExportMetricsServiceRequest) -> BTreeMap<&str, &Metric> {
    let resources = request.resource_metrics.iter();
    let metrics = resources.flat_map(|of| of.scope_metrics.iter().flat_map(|of| &of.metrics));
    metrics.map(|metric| (&*metric.name, metric)).collect()
}

/// The spans that a message counts, of all series.
fn calls(request: &ExportMetricsServiceRequest) -> f64 {
    let metrics = metrics(request);
    let Some(Data::Sum(sum)) = metrics
        .get("traces.span.metrics.calls")
        .and_then(|metric| metric.data.as_ref())
    else {
        return 0.0;
    };
    let points = sum.data_points.iter().map(|point| match point.value {
        Some(number_data_point::Value::AsDouble(count)) => count,
        other => panic!("{other:?}"),
    });
    points.sum()
}

/// What a peer has been told that is the newest.
fn last_calls(peer: &HttpPeer) -> f64 {
    peer.seen().last().map_or(0.0, |seen| calls(&decoded(seen)))
}

#[tokio::test]
async fn otlp_is_what_the_collector_sends() {
    let connector = "metrics_flush_interval: 50ms, exemplars: {enabled: true}, \
                     dimensions: [{name: http.route}], histogram: {explicit: {buckets: [2ms, 1s]}}";
    for (section, path) in [
        (
            "otlphttp: {endpoint: URL, compression: none}",
            "/v1/metrics",
        ),
        (
            "otlphttp: {endpoint: URL, compression: none, encoding: json}",
            "/v1/metrics",
        ),
        (
            "otlphttp: {metrics_endpoint: URL/m, compression: none}",
            "/m",
        ),
        (
            "otlp: {endpoint: URL, compression: none}",
            "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        ),
    ] {
        let peer = http_peer([]).await;
        let section = section.replace("URL", &peer.url()).replace(
            "compression",
            "auth: {authenticator: bearertokenauth}, headers: {x-scope: a}, compression",
        );
        let rig = rig(connector, &section);
        rig.send(&[span(1).with_text("http.route", "/cart"), span(2)])
            .await;
        let seen = until(|| {
            peer.seen()
                .into_iter()
                .find(|seen| calls(&decoded(seen)) > 1.0)
        })
        .await;
        assert_eq!(seen.path, path);
        assert_eq!(seen.headers["authorization"], "Bearer secret");
        assert_eq!(seen.headers["x-scope"], "a");
        let request = decoded(&seen);
        let [resource] = &request.resource_metrics[..] else {
            panic!("{request:?}");
        };
        let of_resource = &resource.resource.as_ref().unwrap().attributes;
        assert_eq!(of_resource[0].key, "service.name");
        let scope = resource.scope_metrics[0].scope.as_ref().unwrap();
        assert_eq!(scope.name, "spanmetricsconnector");
        let metrics = metrics(&request);
        let Some(Data::Sum(sum)) = &metrics["traces.span.metrics.calls"].data else {
            panic!("{metrics:?}");
        };
        assert!(sum.is_monotonic);
        assert_eq!(sum.aggregation_temporality, 2);
        let attributes = |point: &opentelemetry_proto::tonic::metrics::v1::NumberDataPoint| {
            let pairs = point.attributes.iter().map(|pair| {
                let value = pair.value.as_ref().unwrap().value.clone().unwrap();
                let any_value::Value::StringValue(text) = value else {
                    panic!("{value:?}");
                };
                (pair.key.clone(), text)
            });
            pairs.collect::<BTreeMap<String, String>>()
        };
        let points = sum.data_points.iter().map(attributes);
        let with_route = points
            .clone()
            .find(|of| of.contains_key("http.route"))
            .unwrap();
        for (key, value) in [
            ("service.name", "shop"),
            ("span.name", "buy"),
            ("span.kind", "SPAN_KIND_SERVER"),
            ("status.code", "STATUS_CODE_UNSET"),
            ("http.route", "/cart"),
        ] {
            assert_eq!(with_route[key], value);
        }
        assert_eq!(with_route["collector.instance.id"].len(), 36);
        let point = &sum.data_points[0];
        assert!(point.start_time_unix_nano < point.time_unix_nano);
        assert_eq!(point.exemplars[0].trace_id.len(), 16);

        let duration = metrics["traces.span.metrics.duration"];
        assert_eq!(duration.unit, "ms");
        let Some(Data::Histogram(histogram)) = &duration.data else {
            panic!("{duration:?}");
        };
        let point = &histogram.data_points[0];
        assert_eq!(point.bucket_counts, [0, 1, 0]);
        assert_eq!(point.explicit_bounds, [2.0, 1_000.0]);
        assert_eq!((point.count, point.sum), (1, Some(3.0)));
        assert!(until(|| Some(rig.account().sent).filter(|sent| *sent >= 4)).await >= 4);
    }
}

#[tokio::test]
async fn a_peer_that_was_away_gets_the_newest_sums() {
    let peer = http_peer([Reply::of(503, ""), Reply::of(404, "no such tenant")]).await;
    let rig = rig(
        "metrics_flush_interval: 20ms, histogram: {disable: true}",
        &format!(
            "otlphttp: {{endpoint: \"{}\", compression: none, retry_on_failure: {{initial_interval: 50ms}}}}",
            peer.url()
        ),
    );
    rig.send(&[span(1)]).await;
    until(|| (rig.account().retries > 0).then_some(())).await;
    rig.send(&[span(2)]).await;
    until(|| (last_calls(&peer) > 1.0 && rig.account().last_error.is_none()).then_some(())).await;
    let account = rig.account();
    assert!(account.superseded > 0, "{account:?}");
    assert!(account.rejected.is_empty(), "{account:?}");
    assert!(account.retries >= 2, "{account:?}");
}

#[tokio::test]
async fn what_was_added_adds_up_however_often_the_peer_fails() {
    let replies = (0..20).map(|number| match number % 3 {
        0 => Reply::of(200, ""),
        1 => Reply::of(503, ""),
        _ => Reply::of(429, ""),
    });
    let peer = http_peer(replies).await;
    let rig = rig(
        "metrics_flush_interval: 5ms, aggregation_temporality: AGGREGATION_TEMPORALITY_DELTA",
        &format!(
            "otlphttp: {{endpoint: \"{}\", compression: none, retry_on_failure: {{initial_interval: 1ms}}}}",
            peer.url()
        ),
    );
    for number in 1..=100 {
        rig.send(&[span(number)]).await;
        tokio::task::yield_now().await;
    }
    // Of the first twenty messages every third was taken.
    let taken = || {
        let seen = peer.seen();
        let taken = seen.iter().enumerate();
        let taken = taken.filter(|(number, _)| *number >= 20 || number % 3 == 0);
        taken.map(|(_, seen)| calls(&decoded(seen))).sum::<f64>()
    };
    until(|| (taken() >= 100.0).then_some(())).await;
    rig.graph.end().await;
    assert_eq!(taken(), 100.0);
    let seen = peer.seen();
    let request = decoded(seen.last().unwrap());
    let Some(Data::Sum(sum)) = &metrics(&request)["traces.span.metrics.calls"].data else {
        panic!("{request:?}");
    };
    assert_eq!(sum.aggregation_temporality, 1);
}

#[tokio::test]
async fn what_is_counted_last_is_sent_at_the_end() {
    let peer = http_peer([]).await;
    let exporter = format!(
        "otlphttp: {{endpoint: \"{}\", compression: none}}",
        peer.url()
    );
    let rig = rig("metrics_flush_interval: 1h", &exporter);
    rig.send(&[span(1), span(2)]).await;
    rig.graph.end().await;
    assert_eq!(last_calls(&peer), 2.0);
}

#[tokio::test]
async fn remote_write_says_what_it_is_and_is_refused_for_good_by_400() {
    let peer = http_peer([Reply::of(400, "out of order sample")]).await;
    let rig = rig(
        "metrics_flush_interval: 20ms, aggregation_temporality: AGGREGATION_TEMPORALITY_DELTA",
        &format!(
            "prometheusremotewrite: {{endpoint: \"{}/api/v1/write\", external_labels: {{cluster: a}}}}",
            peer.url()
        ),
    );
    rig.send(&[span(1)]).await;
    until(|| (rig.account().sent >= 2).then_some(())).await;
    let account = rig.account();
    assert_eq!(account.rejected, BTreeMap::from([("refused_by_peer", 2)]));
    let seen = &peer.seen()[1];
    assert_eq!(seen.path, "/api/v1/write");
    for (name, value) in [
        ("x-prometheus-remote-write-version", "0.1.0"),
        ("content-encoding", "snappy"),
        ("content-type", "application/x-protobuf"),
    ] {
        assert_eq!(seen.headers[name], value);
    }
    let body = snap::raw::Decoder::new()
        .decompress_vec(&seen.body)
        .unwrap();
    let text = String::from_utf8_lossy(&body);
    for part in [
        "traces_span_metrics_calls_total",
        "traces_span_metrics_duration_milliseconds_bucket",
        "cluster",
        "collector_instance_id",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[tokio::test]
async fn buckets_that_grow_by_a_factor_are_exponential_histograms() {
    let peer = http_peer([]).await;
    let rig = rig(
        "metrics_flush_interval: 20ms, exemplars: {enabled: true}, \
         histogram: {unit: s, exponential: {max_size: 20}}",
        &format!(
            "otlphttp: {{endpoint: \"{}\", compression: none}}",
            peer.url()
        ),
    );
    rig.send(&[
        span(1),
        span(2).lasting_ns(0),
        span(3),
        span(4).lasting_ns(9_000_000_000),
    ])
    .await;
    let seen = until(|| {
        peer.seen()
            .into_iter()
            .find(|seen| calls(&decoded(seen)) > 3.0)
    })
    .await;
    let request = decoded(&seen);
    let duration = metrics(&request)["traces.span.metrics.duration"];
    let Some(Data::ExponentialHistogram(histogram)) = &duration.data else {
        panic!("{duration:?}");
    };
    assert_eq!(histogram.aggregation_temporality, 2);
    let point = &histogram.data_points[0];
    assert_eq!((point.count, point.zero_count), (4, 1));
    assert!((point.sum.unwrap() - 9.006).abs() < 1e-9, "{point:?}");
    assert_eq!(point.exemplars.len(), 1);
    let buckets = point.positive.as_ref().unwrap();
    assert!(buckets.bucket_counts.len() <= 20, "{buckets:?}");
    let within = |value: f64| {
        let found = buckets.bucket_counts.iter().enumerate().find(|(place, _)| {
            let bound =
                |index: i32| f64::exp2(f64::from(index) * f64::exp2(-f64::from(point.scale)));
            let index = buckets.offset + *place as i32;
            bound(index) < value && value <= bound(index + 1)
        });
        found.map(|(_, count)| *count)
    };
    assert_eq!(
        (within(0.003), within(9.0), within(1.0)),
        (Some(2), Some(1), Some(0))
    );
}
