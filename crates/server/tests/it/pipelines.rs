//! A Collector's file, run by one process in front of another.

use std::path::{Path, PathBuf};

use crate::network;
use crate::process::tracewell;
use crate::running::{Running, request, until};
use tracewell_model::SpanKind;
use tracewell_testkit::{TestSpan, batch, shared_data};
use tracewell_wire::otlp::protobuf;

fn written(dir: &Path, text: &str) -> PathBuf {
    let path = dir.join("collector.yaml");
    std::fs::write(&path, text).unwrap();
    path
}

/// One that takes OTLP over HTTP and sends on with these exporters.
fn forwarding(dir: &Path, exporters: &str, names: &str) -> Running {
    let text = format!(
        "receivers: {{otlp: {{protocols: {{http: {{endpoint: 127.0.0.1:0}}}}}}}}
processors: {{batch: {{timeout: 10ms}}}}
exporters:
{exporters}
service: {{pipelines: {{traces: {{receivers: [otlp], processors: [batch], exporters: [{names}]}}}}}}
"
    );
    let file = written(dir, &text);
    Running::start_pipelines(&dir.join("unused"), &file)
}

fn body(traces: std::ops::Range<u64>) -> Vec<u8> {
    let spans: Vec<TestSpan> = traces
        .map(|trace| TestSpan::new(trace, 1, "shop", "buy", 1_700_000_000_000_000_000))
        .collect();
    protobuf::encode(&batch(&spans))
}

fn stored_spans(server: &Running) -> u64 {
    server.get("/api/status").json()["store"]["spans"]
        .as_u64()
        .unwrap()
}

#[test]
fn spans_reach_every_exporter_and_are_acknowledged_by_all() {
    let dirs = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let old = Running::start(dirs[0].path(), &[]);
    let new = Running::start(dirs[1].path(), &[]);
    let exporters = format!(
        "  jaeger: {{endpoint: {}, tls: {{insecure: true}}}}
  otlp: {{endpoint: \"http://{}\", compression: zstd}}
  tracewell:
  debug: {{verbosity: normal}}",
        old.address("jaeger-grpc"),
        new.address("otlp-grpc")
    );
    let front = forwarding(dirs[2].path(), &exporters, "jaeger, otlp, tracewell, debug");
    front.store(body(1..6));
    let line = "buy aaaa0000000000000000000000000003 0000000000000001";
    until(line, || front.log().contains(line).then_some(()));
    for server in [&old, &new, &front] {
        assert_eq!(stored_spans(server), 5);
    }
    let status = front.get("/api/status").json();
    assert_eq!(status["spans"]["stored"], 5);
    let exporters = status["exporters"].as_array().unwrap();
    assert_eq!(exporters.len(), 2);
    for exporter in exporters {
        assert_eq!(exporter["rejected"], serde_json::json!({}));
        let account = ["received", "sent", "inFlight"].map(|name| exporter[name].as_u64().unwrap());
        assert_eq!(account, [5, 5, 0], "{exporter}");
    }
    let metrics = String::from_utf8(front.get("/metrics").body).unwrap();
    let sent = r#"tracewell_exporter_spans_sent_total{exporter="jaeger"} 5"#;
    assert!(metrics.contains(sent), "{metrics}");
}

#[test]
fn a_peer_that_comes_back_has_everything_once_and_nobody_was_told_before() {
    let (backend, front) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut peer = Running::start_apart(backend.path(), &[]);
    let address = peer.address("otlp-grpc");
    peer.kill();
    let exporters = format!(
        "  otlp:
    endpoint: http://{address}
    retry_on_failure: {{initial_interval: 10ms, max_interval: 50ms, max_elapsed_time: 0}}"
    );
    let front = forwarding(front.path(), &exporters, "otlp");
    let url = front.url("otlp-http", "/v1/traces");
    std::thread::scope(|scope| {
        let sent = scope.spawn(|| request("POST", &url, "application/x-protobuf", body(1..4)));
        let waits = || front.get("/api/status").json()["exporters"][0].clone();
        let told = until("a retry", || {
            let exporter = waits();
            (exporter["retries"].as_u64() > Some(1)).then_some(exporter)
        });
        assert_eq!((&told["inFlight"], &told["sent"]), (&3.into(), &0.into()));
        assert!(!sent.is_finished(), "acknowledged while nobody had it");
        assert!(
            told["lastError"].as_str().unwrap().contains("refused"),
            "{told}"
        );
        let (ip, port) = (address.ip().to_string(), address.port().to_string());
        let peer = Running::start(
            backend.path(),
            &["--listen", &ip, "--otlp-grpc-port", &port],
        );
        assert_eq!(sent.join().unwrap().status, 200);
        assert_eq!(stored_spans(&peer), 3);
        assert_eq!(waits()["lastError"], serde_json::Value::Null);
    });
}

#[test]
fn a_peer_that_denies_us_is_not_asked_again_and_the_client_keeps_its_spans() {
    let (backend, front) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let tokens = backend.path().join("tokens");
    std::fs::write(&tokens, "write 0123456789abcdef-writer").unwrap();
    let locked = ["--access-tokens-file", tokens.to_str().unwrap()];
    let peer = Running::start(&backend.path().join("data"), &locked);
    let endpoint = peer.address("otlp-grpc");
    let without = format!("  otlp: {{endpoint: \"http://{endpoint}\"}}");
    let server = forwarding(front.path(), &without, "otlp");
    let url = server.url("otlp-http", "/v1/traces");
    let answer = request("POST", &url, "application/x-protobuf", body(1..3));
    assert_eq!(answer.status, 503);
    let told = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(
        told.contains("the exporter otlp is denied: Unauthenticated"),
        "{told}"
    );
    let exporter = &server.get("/api/status").json()["exporters"][0];
    assert_eq!(exporter["rejected"]["denied_by_peer"], 2, "{exporter}");
    assert_eq!(exporter["retries"], 0);
    drop(server);
    let with = format!(
        "  otlp: {{endpoint: \"http://{endpoint}\", headers: {{Authorization: Bearer 0123456789abcdef-writer}}}}"
    );
    let server = forwarding(front.path(), &with, "otlp");
    server.store(body(1..3));
}

#[test]
fn everything_that_is_wrong_with_a_file_is_told_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let file = written(
        dir.path(),
        "receivers:
  otlp:
    protocols:
      grpc: {endpont: 0.0.0.0:4317}
  pulsar: {endpoint: b:6650}
processors:
  batch: {timeout: soon}
  groupbyattrs:
  filter:
connectors: {exceptions: }
exporters:
  jaeger: {tls: {insecure: true}}
service:
  pipelines:
    traces:
      receivers: [otlp, pulsar, zipkin]
      processors: [groupbyattrs, batch]
      exporters: [jaeger, exceptions]
    metrics: {receivers: [otlp], exporters: [jaeger]}
",
    );
    let out = tracewell(&["config", "check", file.to_str().unwrap()], &[])
        .output()
        .unwrap();
    let stderr = String::from_utf8(out.stderr).unwrap();
    assert!(!out.status.success());
    for line in [
        "4:14: unknown key receivers.otlp.protocols.grpc.endpont; did you mean endpoint?",
        "5:3: receivers.pulsar: the receiver pulsar is not served; let a Collector receive it",
        "7:20: processors.batch.timeout: \"soon\" is not a duration; write for example 200ms or 1m30s",
        "8:3: processors.groupbyattrs: the processor groupbyattrs is not served;",
        "10:14: connectors.exceptions: the connector exceptions is not served; span_metrics counts events too",
        "12:11: exporters.jaeger.endpoint is missing; write for example jaeger:4317",
        "16:33: service.pipelines.traces.receivers names the receiver zipkin, which is not above; there are otlp, pulsar",
    ] {
        assert!(stderr.contains(line), "{line}\n---\n{stderr}");
    }
}

#[test]
fn the_graph_of_a_file_is_printed() {
    let dir = tempfile::tempdir().unwrap();
    let file = written(
        dir.path(),
        "receivers: {otlp: {protocols: {grpc: , http: }}, zipkin: {endpoint: \":9411\"}}
processors: {memory_limiter: {check_interval: 1s, limit_percentage: 75}, batch: {timeout: 10s}}
exporters: {otlp/a: {endpoint: \"${env:BACKEND:-b:4317}\"}, tracewell: , prometheus: {endpoint: 0.0.0.0:8889, resource_to_telemetry_conversion: {enabled: true}}}
connectors: {spanmetrics: }
extensions: {health_check: , zpages: }
service:
  extensions: [health_check, zpages]
  telemetry: {logs: {level: debug}}
  pipelines:
    traces: {receivers: [otlp, zipkin, otlp], processors: [memory_limiter, batch], exporters: [otlp/a, tracewell, otlp/a, spanmetrics]}
    metrics: {receivers: [spanmetrics], exporters: [prometheus]}
",
    );
    let out = tracewell(&["config", "check", file.to_str().unwrap()], &[])
        .output()
        .unwrap();
    let stdout = String::from_utf8(out.stdout).unwrap();
    for graph in [
        "  traces: otlp + zipkin → memory_limiter → batch → otlp/a + tracewell + spanmetrics",
        "  metrics: spanmetrics → prometheus",
    ] {
        assert!(stdout.contains(graph), "{stdout}");
    }
    let stderr = String::from_utf8(out.stderr).unwrap();
    for warning in [
        "zpages: what it shows is on the page /status",
        "service.telemetry: metrics",
        "exporters.prometheus.resource_to_telemetry_conversion.enabled: attributes of resources are labels where",
        "processors.memory_limiter.limit_percentage: the limit is --memory-limit",
        "processors.batch.timeout: clients wait for what they sent to go on, so it is 1s at most",
    ] {
        assert!(stderr.contains(warning), "{stderr}");
    }
    let print = ["config", "print", "--config", file.to_str().unwrap()];
    let out = tracewell(&print, &[]).output().unwrap();
    let printed = String::from_utf8(out.stdout).unwrap();
    assert!(printed.contains("#   traces: otlp + zipkin →"), "{printed}");
    assert!(printed.contains("endpoint: 0.0.0.0:9411"), "{printed}");
}

/// As the Collector's documents have it; the query port has it besides.
#[test]
fn what_connectors_count_is_there_to_be_scraped() {
    let dir = tempfile::tempdir().unwrap();
    let file = written(
        dir.path(),
        "receivers: {otlp: {protocols: {http: {endpoint: 127.0.0.1:0}}}}
connectors:
  spanmetrics: {exemplars: {enabled: true}, dimensions: [{name: zone, default: a}]}
  servicegraph:
exporters: {tracewell: , prometheus: {endpoint: 127.0.0.1:0}}
service:
  pipelines:
    traces: {receivers: [otlp], exporters: [spanmetrics, servicegraph, tracewell]}
    metrics: {receivers: [spanmetrics, servicegraph], exporters: [prometheus]}
",
    );
    let server = Running::start_pipelines(&dir.path().join("data"), &file);
    let spans = [
        TestSpan::new(1, 1, "shop", "buy", 1_700_000_000_000_000_000).kind(SpanKind::Client),
        TestSpan::new(1, 2, "bank", "pay", 1_700_000_000_000_000_000)
            .kind(SpanKind::Server)
            .child_of(1),
    ];
    server.store(protobuf::encode(&batch(&spans)));
    let calls = "traces_span_metrics_calls_total{service_name=\"shop\",span_name=\"buy\",\
                 span_kind=\"SPAN_KIND_CLIENT\",status_code=\"STATUS_CODE_UNSET\",zone=\"a\"} 1";
    let edge = "traces_service_graph_request_server_seconds_bucket{client=\"shop\",\
                server=\"bank\",failed=\"false\",le=\"0.002\"} 1";
    let own = "tracewell_spans_stored_total{receiver=\"otlp_http\"} 2";
    let text = |path| String::from_utf8(server.get(path).body).unwrap();
    let all = text("/metrics");
    let alone = text("/metrics/spans");
    let scraped = request("GET", &server.url("prometheus", "/metrics"), "", Vec::new());
    let scraped = String::from_utf8(scraped.body).unwrap();
    assert!(
        scraped.contains(calls) && scraped.contains(edge),
        "{scraped}"
    );
    // The older text, unless the file has the other.
    assert!(
        !scraped.contains("# EOF") && !scraped.contains("trace_id"),
        "{scraped}"
    );
    for line in [calls, edge] {
        assert!(all.contains(line) && alone.contains(line), "{line}\n{all}");
    }
    assert!(all.contains(own) && !alone.contains(own), "{all}");
    assert!(alone.contains(" # {trace_id=\"aaaa0000000000000000000000000001\""));
    for page in [&all, &alone] {
        assert!(page.ends_with("\n# EOF\n"), "{page}");
        assert_eq!(page.matches("# EOF").count(), 1);
    }
    assert_eq!(stored_spans(&server), 2);
}

/// The file of the specification as it stands, with `jaeger` for a name of this
/// machine and its ports for ports of ours: in a network of its own.
#[test]
fn the_specifications_file_runs_unchanged() {
    let Some(spec) = shared_data::find("../spec/distributed-tracing.md") else {
        return;
    };
    let spec = std::fs::read_to_string(spec).unwrap();
    let (_, text) = spec.split_once("# otel-collector-config.yaml\n").unwrap();
    let (text, _) = text.split_once("```").unwrap();
    let dir = tempfile::tempdir().unwrap();
    written(dir.path(), text);
    std::fs::write(dir.path().join("body"), body(1..4)).unwrap();
    let script = r#"
$TRACEWELL --data-dir backend --otlp-grpc-port 5317 --otlp-http-port 5318 > backend.out 2>&1 &
wait_for http://127.0.0.1:16686/health
$TRACEWELL --config collector.yaml --query-http-port 26686 --query-grpc-port 26685 > front.out 2>&1 &
wait_for http://127.0.0.1:26686/health
curl -sf --data-binary @body -H 'content-type: application/x-protobuf' http://127.0.0.1:4318/v1/traces
curl -sf http://127.0.0.1:16686/api/traces/aaaa0000000000000000000000000002
kill %1 %2
"#;
    let Some(out) = network::run(dir.path(), "jaeger", script, &[]) else {
        return;
    };
    let stderr = String::from_utf8_lossy(&out.stderr);
    let said = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap_or_default();
    assert!(
        out.status.success(),
        "{stderr}\n{}\n{}",
        said("backend.out"),
        said("front.out")
    );
    let found: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(found["data"][0]["spans"][0]["operationName"], "buy");
}
