//! Pipelines of metrics: what is served of them, and what is said of the rest.

use std::path::Path;

use super::*;
use crate::written::yaml;

/// The file, its mistakes and its warnings.
fn read_text(exporters: &str, pipelines: &str) -> (PipelineFile, Vec<String>, Vec<String>) {
    let text = format!(
        "receivers: {{otlp: {{protocols: {{http: }}}}}}
processors: {{batch: , memory_limiter: , filter/x: {{traces: {{span: ['name == \"x\"']}}}}}}
connectors: {{spanmetrics: , servicegraph: , forward: }}
exporters: {{nop: , {exporters}}}
service:
  pipelines:
    traces: {{receivers: [otlp], exporters: [spanmetrics, nop]}}
    {pipelines}"
    );
    let reading = Reading::new(Path::new("file.yaml"));
    let root = yaml::parse(&text).unwrap().unwrap();
    let file = read(&root, &reading);
    let (mistakes, warnings) = reading.into_found();
    let mistakes = mistakes.into_iter().map(|mistake| mistake.message);
    (file, mistakes.collect(), warnings)
}

#[test]
fn what_connectors_count_goes_to_exporters_that_take_metrics() {
    let (file, mistakes, warnings) = read_text(
        "otlp: {endpoint: a:1}, prometheus: {endpoint: \":8889\"}, debug: ",
        "metrics: {receivers: [spanmetrics, otlp], processors: [memory_limiter, batch], exporters: [otlp, prometheus, debug]}
    metrics/host: {receivers: [otlp], exporters: [otlp]}
    logs: {receivers: [otlp], exporters: [otlp]}",
    );
    assert!(mistakes.is_empty(), "{mistakes:?}");
    for warning in [
        "service.pipelines.metrics: only what connectors count of spans is sent; what otlp takes is left out",
        "service.pipelines.metrics.exporters: debug writes no metrics; /metrics/spans has them",
        "service.pipelines.metrics/host: only traces are served, and what connectors count of them;",
        "service.pipelines.logs: only traces are served;",
    ] {
        let is_said = warnings.iter().any(|said| said.contains(warning));
        assert!(is_said, "{warning}: {warnings:?}");
    }
    assert_eq!(
        file.lines()[1],
        "metrics: spanmetrics → otlp + prometheus + debug"
    );
    let otlp = ComponentId::parse("otlp").unwrap();
    assert_eq!(
        file.sent_to(&otlp),
        [&ComponentId::parse("spanmetrics").unwrap()]
    );
}

#[test]
fn what_is_wrong_with_pipelines_of_metrics_is_said() {
    for (exporters, pipelines, wanted) in [
        (
            "tracewell: ",
            "metrics: {receivers: [spanmetrics], exporters: [tracewell]}",
            "service.pipelines.metrics.exporters names tracewell, but it takes traces alone",
        ),
        (
            "prometheus: {endpoint: \"a:1\"}",
            "traces/2: {receivers: [otlp], exporters: [prometheus]}",
            "service.pipelines.traces/2.exporters names prometheus, but it takes metrics alone",
        ),
        (
            "otlphttp: {metrics_endpoint: \"http://a/m\"}",
            "traces/2: {receivers: [otlp], exporters: [otlphttp]}",
            "service.pipelines.traces/2.exporters names otlphttp, but it is told no endpoint of \
             traces; write endpoint or traces_endpoint",
        ),
        (
            "otlphttp: {traces_endpoint: \"http://a/t\"}",
            "metrics: {receivers: [spanmetrics], exporters: [otlphttp]}",
            "service.pipelines.metrics.exporters names otlphttp, but it is told no endpoint of \
             metrics; write endpoint or metrics_endpoint",
        ),
        (
            "otlp: {endpoint: \"a:1\"}",
            "metrics: {receivers: [spanmetrics], processors: [filter/x], exporters: [otlp]}",
            "service.pipelines.metrics.processors: filter/x is served in pipelines of traces alone; \
             leave it out, or send what connectors count through a Collector",
        ),
        (
            "otlp: {endpoint: \"a:1\"}",
            "metrics: {receivers: [servicegraph], exporters: [otlp]}",
            "service.pipelines.metrics: servicegraph counts nothing, as no pipeline of traces has \
             it as an exporter; name it there, or leave it out",
        ),
        (
            "otlp: {endpoint: \"a:1\"}",
            "metrics: {receivers: [spanmetrics], exporters: []}",
            "service.pipelines.metrics.exporters: there must be at least one",
        ),
        (
            "prometheusremotewrite: {endpoint: \"http://a/w\", wal: {directory: d}}",
            "metrics: {receivers: [spanmetrics], exporters: [prometheusremotewrite]}",
            "exporters.prometheusremotewrite.wal is not served; what a peer has not yet is in the \
             sums that it gets next; leave it out",
        ),
        (
            "prometheusremotewrite: {endpoint: \"http://a/w\", protobuf_message: io.prometheus.write.v2.Request}",
            "metrics: {receivers: [spanmetrics], exporters: [prometheusremotewrite]}",
            "exporters.prometheusremotewrite.protobuf_message: \"io.prometheus.write.v2.Request\" is \
             not served; remote write 1.0 is, prometheus.WriteRequest",
        ),
        (
            "prometheusremotewrite: {endpoint: \"http://a/w\", compression: gzip}",
            "metrics: {receivers: [spanmetrics], exporters: [prometheusremotewrite]}",
            "exporters.prometheusremotewrite.compression: remote write is packed with snappy; leave \
             it out",
        ),
        (
            "prometheus: {endpoint: \"a:1\", const_labels: {a.b: x, a_b: y}}",
            "metrics: {receivers: [spanmetrics], exporters: [prometheus]}",
            "exporters.prometheus.const_labels.a_b: the label a_b is there already; leave it out",
        ),
    ] {
        let (_, mistakes, _) = read_text(exporters, pipelines);
        assert_eq!(mistakes, [wanted], "{exporters} {pipelines}");
    }
}
