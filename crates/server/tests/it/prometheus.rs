//! What connectors count, asked of a real Prometheus: sent to it by remote write, and read
//! by it at the port of an exporter.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tracewell_model::{SpanKind, StatusCode};
use tracewell_testkit::{TestSpan, batch};
use tracewell_wire::otlp::protobuf;

use crate::running::{Running, request, until};

/// In the PATH, or where `xtask/prometheus` puts it.
pub(crate) fn program() -> Option<PathBuf> {
    let of_path = std::env::var_os("PATH")?;
    let unpacked = Path::new(env!("CARGO_BIN_EXE_tracewell"))
        .parent()?
        .join("../tools/prometheus/usr/bin");
    let mut folders = std::env::split_paths(&of_path).chain([unpacked]);
    let found = folders.find_map(|folder| {
        let program = folder.join("prometheus");
        program.is_file().then_some(program)
    });
    if found.is_none() {
        eprintln!("skipped: there is no prometheus; xtask/prometheus fetches it");
    }
    found
}

/// A Prometheus that runs; killed when dropped.
struct Prometheus {
    child: Child,
    address: String,
}

impl Prometheus {
    /// Reads at targets that a file in its directory will name.
    fn start(program: &Path, dir: &Path, address: &str) -> Self {
        let config = "global: {scrape_interval: 100ms}\n\
                      scrape_configs:\n\
                      - {job_name: pull, file_sd_configs: [{files: [targets.json]}]}\n";
        std::fs::write(dir.join("prometheus.yml"), config).unwrap();
        let mut child = Command::new(program)
            .current_dir(dir)
            .args([
                "--config.file=prometheus.yml",
                "--storage.tsdb.path=data",
                "--web.enable-remote-write-receiver",
                "--enable-feature=exemplar-storage,native-histograms",
                &format!("--web.listen-address={address}"),
            ])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (mut address, mut is_ready, mut said) = (None, false, String::new());
        // The two come in either order.
        while address.is_none() || !is_ready {
            let Some(Ok(line)) = lines.next() else {
                panic!("it did not become ready: {said}");
            };
            if let Some((_, at)) = line.split_once("msg=\"Listening on\" address=") {
                address = Some(at.to_owned());
            }
            is_ready |= line.contains("Server is ready");
            said += &(line + "\n");
        }
        let address = address.unwrap();
        // A full pipe would stop it.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Self { child, address }
    }

    fn ask(&self, path: &str) -> Value {
        let url = format!("http://{}/api/v1/{path}", self.address);
        request("GET", &url, "", Vec::new()).json()["data"].clone()
    }

    /// The value of an expression of one series.
    fn value(&self, expression: &str) -> Option<f64> {
        let query: String = expression
            .bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => char::from(byte).to_string(),
                other => format!("%{other:02X}"),
            })
            .collect();
        let answer = self.ask(&format!("query?query={query}"));
        answer["result"][0]["value"][1].as_str()?.parse().ok()
    }

    fn comes_to(&self, expression: &str, value: f64) {
        let is_there = || (self.value(expression)? == value).then_some(());
        until(&format!("{expression} = {value}"), is_there);
    }

    fn stop(&mut self) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(sent.unwrap().success());
        self.child.wait().unwrap();
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may be dead already, and then there is nothing to do.
        if self.child.kill().is_ok() {
            self.child.wait().unwrap();
        }
    }
}

/// A request of `shop` to `bank`, in which the second fails.
fn sent(trace: u64) -> Vec<u8> {
    let start_ns = 1_700_000_000_000_000_000;
    protobuf::encode(&batch(&[
        TestSpan::new(trace, 1, "shop", "buy", start_ns)
            .kind(SpanKind::Client)
            .lasting_ns(30_000_000),
        TestSpan::new(trace, 2, "bank", "pay", start_ns)
            .kind(SpanKind::Server)
            .child_of(1)
            .lasting_ns(5_000_000)
            .status(StatusCode::Error),
    ]))
}

#[test]
fn prometheus_has_what_is_counted_however_it_gets_it() {
    let Some(program) = program() else { return };
    let dirs = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let mut prometheus = Prometheus::start(&program, dirs[0].path(), "127.0.0.1:0");
    let file = dirs[1].path().join("collector.yaml");
    let text = format!(
        "receivers: {{otlp: {{protocols: {{http: {{endpoint: \"127.0.0.1:0\"}}}}}}}}
processors: {{batch: }}
connectors:
  spanmetrics: {{metrics_flush_interval: 50ms, exemplars: {{enabled: true}}, histogram: {{unit: s}}}}
  spanmetrics/native: {{metrics_flush_interval: 50ms, namespace: native, histogram: {{unit: s, exponential: }}}}
  servicegraph: {{metrics_flush_interval: 50ms}}
exporters:
  nop:
  prometheusremotewrite:
    endpoint: http://{}/api/v1/write
    external_labels: {{cluster: east}}
    retry_on_failure: {{initial_interval: 50ms, max_interval: 100ms}}
  prometheus: {{endpoint: \"127.0.0.1:0\", namespace: my, const_labels: {{zone: a}}, enable_open_metrics: true}}
service:
  pipelines:
    traces: {{receivers: [otlp], exporters: [spanmetrics, spanmetrics/native, servicegraph, nop]}}
    metrics: {{receivers: [spanmetrics, spanmetrics/native, servicegraph], processors: [batch], exporters: [prometheusremotewrite, prometheus]}}
",
        prometheus.address
    );
    std::fs::write(&file, text).unwrap();
    let data = dirs[1].path().join("unused");
    let mut server = Running::start_pipelines(&data, &file);
    let targets = serde_json::json!([{"targets": [server.address("prometheus").to_string()]}]);
    std::fs::write(dirs[0].path().join("targets.json"), targets.to_string()).unwrap();

    (1..=3).for_each(|trace| server.store(sent(trace)));
    let calls = "{cluster=\"east\",service_name=\"bank\",span_name=\"pay\",\
                 span_kind=\"SPAN_KIND_SERVER\",status_code=\"STATUS_CODE_ERROR\"}";
    let edge = "{cluster=\"east\",client=\"shop\",server=\"bank\",failed=\"true\"}";
    let duration = "traces_span_metrics_duration_seconds";
    for (expression, value) in [
        (format!("traces_span_metrics_calls_total{calls}"), 3.0),
        (format!("{duration}_count{calls}"), 3.0),
        (
            format!("{duration}_bucket{{le=\"0.006\",cluster=\"east\",service_name=\"bank\"}}"),
            3.0,
        ),
        (
            format!("{duration}_bucket{{le=\"0.004\",cluster=\"east\",service_name=\"bank\"}}"),
            0.0,
        ),
        (format!("round({duration}_sum{calls}, 0.001)"), 0.015),
        (format!("traces_service_graph_request_total{edge}"), 3.0),
        (
            format!("traces_service_graph_request_failed_total{edge}"),
            3.0,
        ),
        (
            format!("traces_service_graph_request_client_seconds_count{edge}"),
            3.0,
        ),
        // Three of 5 ms each, in a bucket that is hardly wider than that.
        (
            format!("histogram_count(native_duration_seconds{calls})"),
            3.0,
        ),
        (
            format!("round(histogram_quantile(0.5, native_duration_seconds{calls}), 0.0001)"),
            0.005,
        ),
        ("count by (job) (up{job=\"pull\"} == 1)".to_owned(), 1.0),
        (
            "my_traces_span_metrics_calls_total{zone=\"a\",service_name=\"bank\"}".to_owned(),
            3.0,
        ),
        (
            "my_traces_service_graph_request_server_seconds_count{zone=\"a\"}".to_owned(),
            3.0,
        ),
    ] {
        prometheus.comes_to(&expression, value);
    }
    let exemplars = || {
        let path =
            format!("query_exemplars?query={duration}_bucket&start=1600000000&end=2600000000");
        let answer = prometheus.ask(&path);
        let mut series = answer.as_array()?.iter();
        let pushed = series.find(|of| of["seriesLabels"]["cluster"] == "east")?;
        pushed["exemplars"][0]["labels"]["trace_id"]
            .as_str()
            .map(str::to_owned)
    };
    assert_eq!(until("an exemplar", exemplars).len(), 32);

    // One that was away has the newest sums when it is back.
    let address = prometheus.address.clone();
    prometheus.stop();
    (4..=9).for_each(|trace| server.store(sent(trace)));
    let account = |of: &Running| of.get("/api/status").json()["metricExporters"][0].clone();
    until("an error", || {
        account(&server)["lastError"].as_str().map(|_| ())
    });
    prometheus = Prometheus::start(&program, dirs[0].path(), &address);
    prometheus.comes_to(&format!("traces_span_metrics_calls_total{calls}"), 9.0);
    let shown = account(&server);
    assert_eq!(shown["rejected"], serde_json::json!({}), "{shown}");
    let metrics = String::from_utf8(server.get("/metrics").body).unwrap();
    let sent_points =
        "tracewell_metric_exporter_points_sent_total{exporter=\"prometheusremotewrite\"} ";
    assert!(metrics.contains(sent_points), "{metrics}");

    // What comes last is sent before the end.
    server.store(sent(10));
    server.terminate();
    prometheus.comes_to(&format!("traces_span_metrics_calls_total{calls}"), 10.0);
}
