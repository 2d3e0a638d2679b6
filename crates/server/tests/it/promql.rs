//! PromQL, asked with Prometheus' own client, and answers held against its own engine.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tracewell_model::{SpanKind, StatusCode};
use tracewell_testkit::{TestSpan, batch};
use tracewell_wire::otlp::protobuf;

use crate::prometheus::program;
use crate::running::Running;

const S: u64 = 1_000_000_000;
const START_S: u64 = 1_700_000_000;

/// What may be asked of counters as they are: Prometheus estimates rates, which are
/// counted here.
const QUERIES: [&str; 14] = [
    "traces_spanmetrics_calls_total",
    "sum by (service) (traces_spanmetrics_calls_total)",
    "sum without (span_name, status_code) (traces_spanmetrics_calls_total{span_name!=\"pay\"})",
    "topk(1, sum by (span_name) (traces_spanmetrics_calls_total))",
    "bottomk by (service) (1, sum by (service, span_name) (traces_spanmetrics_calls_total))",
    "count(traces_spanmetrics_calls_total{service=~\"b.*|shop\"}) + 2 ^ 3 ^ 2",
    "avg by (service) (traces_spanmetrics_calls_total) > 1",
    "max(traces_spanmetrics_calls_total) - min(traces_spanmetrics_calls_total) > bool 0",
    "traces_spanmetrics_calls_total{status_code=\"STATUS_CODE_ERROR\"} / ignoring (status_code) \
     sum without (status_code) (traces_spanmetrics_calls_total)",
    "sum by (service) (traces_spanmetrics_calls_total) unless on (service) \
     traces_spanmetrics_calls_total{status_code=\"STATUS_CODE_ERROR\"}",
    "sum(traces_spanmetrics_calls_total{service=\"none\"}) or vector(0)",
    "sum by (service) (traces_spanmetrics_calls_total) and on (service) \
     sum by (service) (traces_spanmetrics_latency_count) >= 10",
    "histogram_quantile(0.9, sum by (le, service) (traces_spanmetrics_latency_bucket))",
    "histogram_quantile(0.05, traces_spanmetrics_latency_bucket)",
];

fn promtool() -> Option<PathBuf> {
    let promtool = program()?.with_file_name("promtool");
    promtool.is_file().then_some(promtool)
}

/// Services with few and many spans, quick and slow ones.
fn spans() -> Vec<TestSpan> {
    let span = |number: u64| {
        let (service, name) =
            [("shop", "buy"), ("bank", "pay"), ("bank", "score")][(number % 3) as usize];
        let status = match number % 5 {
            0 if service == "bank" => StatusCode::Error,
            _ => StatusCode::Unset,
        };
        TestSpan::new(number, 1, service, name, (START_S + number) * S)
            .kind(SpanKind::Server)
            .status(status)
            .lasting_ns(1_000_000 * (1 + number * number % 700))
    };
    (1..=40).map(span).collect()
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn ask(server: &Running, query: &str) -> Value {
    let at = START_S + 60;
    let path = format!(
        "/prometheus/api/v1/query?time={at}&query={}",
        encoded(query)
    );
    let answer = server.get(&path).json();
    assert_eq!(answer["status"], "success", "{query}: {answer}");
    answer["data"].clone()
}

/// `name{label="value"}`, as series are written.
fn series(metric: &Value, is_named: bool) -> String {
    let labels = metric.as_object().unwrap();
    let name = labels.get("__name__").and_then(Value::as_str);
    // Of what is rounded nobody knows the name.
    let name = name.filter(|_| is_named).unwrap_or_default();
    let others = labels.iter().filter(|(label, _)| *label != "__name__");
    let others = others.map(|(label, value)| format!("{label}={value}"));
    format!("{name}{{{}}}", others.collect::<Vec<_>>().join(","))
}

/// As `round(…, 0.000001)` does: the last bits of a quotient may differ, and every
/// promtool compares all of them.
fn rounded(value: f64) -> f64 {
    let inverse = 1.0 / 0.000_001;
    (value * inverse + 0.5).floor() / inverse
}

#[test]
fn figures_are_those_of_prometheus_own_engine() {
    let Some(promtool) = promtool() else { return };
    let dir = tempfile::tempdir().unwrap();
    let server = Running::start(&dir.path().join("data"), &[]);
    server.store(protobuf::encode(&batch(&spans())));
    // Our counters are its samples, and our answers what it must come to.
    let mut input = Vec::new();
    for name in ["calls_total", "latency_count", "latency_bucket"] {
        for one in ask(&server, &format!("traces_spanmetrics_{name}"))["result"]
            .as_array()
            .unwrap()
        {
            let value = one["value"][1].as_str().unwrap();
            input
                .push(serde_json::json!({"series": series(&one["metric"], true), "values": value}));
        }
    }
    assert!(input.len() > 20, "{}", input.len());
    let expected = |query: &str| {
        let answer = ask(&server, query);
        let samples: Vec<Value> = answer["result"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| {
                let value: f64 = one["value"][1].as_str().unwrap().parse().unwrap();
                let value = rounded(value);
                serde_json::json!({"labels": series(&one["metric"], false), "value": value})
            })
            .collect();
        let expr = format!("round(({query}), 0.000001)");
        serde_json::json!({"expr": expr, "eval_time": "0m", "exp_samples": samples})
    };
    let asked: Vec<Value> = QUERIES.iter().map(|query| expected(query)).collect();
    let file = serde_json::json!({
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": input, "promql_expr_test": asked}],
    });
    let path = dir.path().join("test.yml");
    // JSON is YAML.
    std::fs::write(&path, file.to_string()).unwrap();
    run(&promtool, &["test", "rules", path.to_str().unwrap()]);
}

#[test]
fn prometheus_own_client_understands_the_answers() {
    let Some(promtool) = promtool() else { return };
    let dir = tempfile::tempdir().unwrap();
    let server = Running::start(&dir.path().join("data"), &[]);
    server.store(protobuf::encode(&batch(&spans())));
    let end = START_S + 60;
    let start = START_S.to_string();
    let end = end.to_string();
    for endpoint in ["query-http", "tempo"] {
        let url = server.url(endpoint, "/prometheus");
        let rate = "sum by (service) (increase(traces_spanmetrics_calls_total[1m]))";
        let said = run(
            &promtool,
            &["query", "instant", &format!("--time={end}"), &url, rate],
        );
        assert!(said.contains("{service=\"bank\"} => 27 @"), "{said}");
        assert!(said.contains("{service=\"shop\"} => 13 @"), "{said}");
        let times = [format!("--start={start}"), format!("--end={end}")];
        let over = [
            "query",
            "range",
            "--step=30s",
            &times[0],
            &times[1],
            &url,
            rate,
        ];
        let said = run(&promtool, &over);
        assert!(said.contains("20 @[1700000030]"), "{said}");
        let matcher = "--match=traces_service_graph_request_total{client=\"user\"}";
        let said = run(
            &promtool,
            &["query", "series", matcher, &times[0], &times[1], &url],
        );
        assert!(said.contains("server=\"shop\""), "{said}");
        let said = run(
            &promtool,
            &["query", "labels", &times[0], &times[1], &url, "span_name"],
        );
        assert_eq!(
            said.split_whitespace().collect::<Vec<_>>(),
            ["buy", "pay", "score"]
        );
    }
}

/// What a program that must succeed has said.
fn run(program: &Path, args: &[&str]) -> String {
    let done = Command::new(program).args(args).output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{args:?}: {said}{complaint}");
    said
}
