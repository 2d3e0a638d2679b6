//! Several files: what they come to together, and where their mistakes are.

use std::path::PathBuf;

use super::*;

/// Writes files `0.yaml`, `1.yaml`, … and loads them in that order.
fn load_all(texts: &[&str]) -> Result<Loaded, String> {
    let dir = tempfile::tempdir().unwrap();
    let write = |(index, text): (usize, &&str)| -> PathBuf {
        let path = dir.path().join(format!("{index}.yaml"));
        fs::write(&path, text).unwrap();
        path
    };
    let files = texts.iter().enumerate().map(write).collect();
    let sources = Sources {
        files,
        ..Sources::default()
    };
    let prefix = format!("{}/", dir.path().display());
    load(sources).map_err(|mistakes| mistakes.to_string().replace(&prefix, ""))
}

const BASE: &str = "receivers: {otlp: {protocols: {grpc: , http: {endpoint: \":4318\"}}}}
processors: {batch: {timeout: 100ms}}
exporters:
  otlp: {endpoint: \"tempo:4317\"}
service:
  pipelines:
    traces: {receivers: [otlp], processors: [batch], exporters: [otlp]}
";

#[test]
fn a_later_file_changes_what_an_earlier_one_says() {
    let more = "receivers::otlp::protocols::http::endpoint: 127.0.0.1:5318
processors: {filter: {trace_conditions: ['span.name == \"x\"']}}
exporters: {debug: }
service::pipelines::traces: {processors: [filter], exporters: [debug]}
";
    let loaded = load_all(&[BASE, more]).unwrap();
    let file = loaded.pipelines.unwrap();
    assert_eq!(file.lines(), ["traces: otlp → filter → debug"]);
    let http = loaded.config.otlp.http.unwrap();
    assert_eq!(http.address, "127.0.0.1:5318".parse().unwrap());
    assert!(loaded.config.otlp.grpc.is_some());

    let settings = load_all(&["storage: memory\nlisten: 0.0.0.0", "listen: 127.0.0.2"]);
    let config = settings.unwrap().config;
    assert_eq!(config.storage, Storage::Memory);
    assert_eq!(config.listen.to_string(), "127.0.0.2");
}

#[test]
fn mistakes_are_told_where_they_stand() {
    for (texts, expected) in [
        (
            &[
                BASE,
                "exporters:\n  otlp: {endpont: x}",
                "processors: {batch: {timeout: soon}}",
            ][..],
            "1.yaml:2:10: unknown key exporters.otlp.endpont; did you mean endpoint?\n\
             2.yaml:1:31: processors.batch.timeout: \"soon\" is not a duration; write for example 200ms or 1m30s",
        ),
        // A section without a value is one with its defaults.
        (
            &[BASE, "\nexporters: {otlp: }"],
            "1.yaml:2:17: exporters.otlp.endpoint is missing; write for example jaeger:4317",
        ),
        (
            &[
                BASE,
                "service: {pipelines: {traces: {exporters: [otlp/b]}}}",
            ],
            "1.yaml:1:44: service.pipelines.traces.exporters names the exporter otlp/b, which is not above; there are otlp",
        ),
        (&["storage: memory", "a: [\n"], ": not valid YAML"),
        (
            &["storage: memory", "[1]"],
            "1.yaml:1:1: the file must hold `key: value` lines",
        ),
        (
            &["data_dir: ./a", "listen: 1\nlisten: 2"],
            "1.yaml:2:1: listen is written twice, first on line 1; keep one",
        ),
    ] {
        let told = load_all(texts).unwrap_err();
        assert!(told.contains(expected), "{told}\n---\n{expected}");
    }
}
