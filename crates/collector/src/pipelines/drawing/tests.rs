//! What a graph looks like.

use std::path::Path;

use super::*;
use crate::pipelines;
use crate::written::fields::Reading;
use crate::written::yaml;

fn file(text: &str) -> PipelineFile {
    let reading = Reading::new(Path::new("file.yaml"));
    let root = yaml::parse(text).unwrap().unwrap();
    let file = pipelines::read(&root, &reading);
    let (mistakes, _) = reading.into_found();
    assert!(mistakes.is_empty(), "{mistakes:?}");
    file
}

const SEVERAL: &str = "
receivers: {otlp: {protocols: {grpc: }}, zipkin: , jaeger: {protocols: {grpc: }}}
processors: {memory_limiter: , batch: , filter/health: {traces: {span: ['name == \"x\"']}}}
exporters:
  otlp/backend: {endpoint: b:4317}
  tracewell:
  prometheusremotewrite: {endpoint: http://p:9090/api/v1/write}
connectors: {spanmetrics: , forward/all: }
service:
  pipelines:
    traces/in: {receivers: [otlp, zipkin, jaeger], processors: [memory_limiter], exporters: [forward/all]}
    traces: {receivers: [forward/all], processors: [filter/health, batch], exporters: [spanmetrics, otlp/backend, tracewell]}
    traces/direct: {receivers: [otlp, zipkin], exporters: [otlp/backend, tracewell]}
    metrics: {receivers: [spanmetrics], exporters: [prometheusremotewrite]}
";

const SEVERAL_IN_LETTERS: &str = "\
traces/in
  ┌────────┐     ┌────────────────┐     ╔═════════════╗
  │ otlp   │──┬─►│ memory_limiter │────►║ forward/all ║
  └────────┘  │  └────────────────┘     ╚═════════════╝
  ┌────────┐  │
  │ zipkin │──┤
  └────────┘  │
  ┌────────┐  │
  │ jaeger │──┘
  └────────┘

traces
  ╔═════════════╗     ┌───────────────┐     ┌───────┐     ╔══════════════╗
  ║ forward/all ║────►│ filter/health │────►│ batch │──┬─►║ spanmetrics  ║
  ╚═════════════╝     └───────────────┘     └───────┘  │  ╚══════════════╝
                                                       │  ┌──────────────┐
                                                       ├─►│ otlp/backend │
                                                       │  └──────────────┘
                                                       │  ┌──────────────┐
                                                       └─►│ tracewell    │
                                                          └──────────────┘

traces/direct
  ┌────────┐     ┌──────────────┐
  │ otlp   │──┬─►│ otlp/backend │
  └────────┘  │  └──────────────┘
  ┌────────┐  │  ┌──────────────┐
  │ zipkin │──┴─►│ tracewell    │
  └────────┘     └──────────────┘

metrics
  ╔═════════════╗     ┌───────────────────────┐
  ║ spanmetrics ║────►│ prometheusremotewrite │
  ╚═════════════╝     └───────────────────────┘

double lines: a connector, which ends one pipeline and begins another
";

#[test]
fn pipelines_are_drawn_in_letters() {
    let drawn = letters(&file(SEVERAL));
    assert_eq!(drawn, SEVERAL_IN_LETTERS, "\n{drawn}");
}

#[test]
fn a_long_pipeline_goes_on_in_the_next_lines() {
    let names = ["strip", "noise", "rename", "enrich", "tidy", "last"];
    let sections = names.map(|name| {
        format!("resource/{name}: {{attributes: [{{key: a, value: b, action: insert}}]}}")
    });
    let list = names.map(|name| format!("resource/{name}"));
    let text = format!(
        "receivers: {{otlp: {{protocols: {{http: }}}}, zipkin: }}
processors: {{{}}}
exporters: {{nop: , tracewell: }}
service: {{pipelines: {{traces: {{receivers: [otlp, zipkin], processors: [{}], exporters: [nop, tracewell]}}}}}}",
        sections.join(", "),
        list.join(", ")
    );
    let drawn = letters(&file(&text));
    assert!(
        drawn.lines().all(|line| line.chars().count() <= 80),
        "{drawn}"
    );
    let places = list.map(|name| drawn.find(&format!("│ {name} │")).expect(&drawn));
    assert!(places.is_sorted(), "{drawn}");
    assert!(
        drawn.lines().any(|line| line.starts_with("  ────►│")),
        "{drawn}"
    );
    assert!(drawn.lines().any(|line| line.ends_with("────►")), "{drawn}");
}

#[test]
fn a_picture_shows_what_letters_do() {
    let file = file(SEVERAL);
    let (picture, letters) = (svg(&file), letters(&file));
    for class in ["receiver", "processor", "exporter", "connector"] {
        assert!(picture.contains(&format!("class=\"{class}\"")), "{picture}");
    }
    for drawn in drawn(&file) {
        for stage in drawn.columns.iter().flatten() {
            assert!(
                picture.contains(&format!(">{}</text>", stage.text)),
                "{picture}"
            );
            assert!(letters.contains(&stage.text), "{letters}");
        }
    }
}
