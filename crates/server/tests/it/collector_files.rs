//! Collectors' files of the kinds that people have, run as they stand: each in a
//! network of its own, where `backend` is another process of ours.

use std::path::Path;

use serde_json::{Value, json};
use tracewell_model::{AnyValue, SpanKind, StatusCode};
use tracewell_testkit::{TestSpan, batch};
use tracewell_wire::otlp::protobuf;

use crate::network;

const START_NS: u64 = 1_700_000_000_000_000_000;

/// Starts both, sends `body` to the front and prints what the backend has then, once it
/// is as many spans as wanted.
const SCRIPT: &str = r#"
$TRACEWELL --data-dir backend --otlp-grpc-port 5317 --otlp-http-port 5318 --jaeger-grpc-port 24250 \
  --jaeger-http-port off --jaeger-compact-port off --jaeger-binary-port off \
  --jaeger-zipkin-port off --zipkin-port off --tempo-port off --health-check-port 14133 > backend.out 2>&1 &
wait_for http://127.0.0.1:16686/health
$TRACEWELL --config $FILE --data-dir front --query-http-port 26686 --query-grpc-port 26685 > front.out 2>&1 &
wait_for http://127.0.0.1:26686/health
curl -sf --data-binary @body -H "content-type: $TYPE" http://127.0.0.1:$SEND_TO > /dev/null
timeout 60 sh -c "until curl -sf http://127.0.0.1:16686/api/status | grep -q '\"spans\":$WANTED,'; do :; done"
curl -sf 'http://127.0.0.1:16686/api/traces?service=shop&limit=1000&start=1600000000000000&end=1800000000000000' > traces
curl -sf http://127.0.0.1:26686/api/status > status
curl -sf http://127.0.0.1:26686/metrics > metrics
kill %1 %2
"#;

/// What is sent.
enum Sent<'s> {
    Otlp(&'s [TestSpan]),
    Zipkin(Value),
}

/// What the backend shows, and what the front says of itself.
struct Ran {
    spans: Vec<Value>,
    status: Value,
    metrics: String,
    /// What the exporter `file` wrote.
    archive: String,
}

impl Ran {
    fn tag(&self, operation: &str, key: &str) -> Value {
        let mut spans = self.spans.iter();
        let span = spans.find(|span| span["operationName"] == operation);
        let span = span.unwrap_or_else(|| panic!("no {operation} in {:?}", self.spans));
        let mut tags = span["tags"].as_array().unwrap().iter();
        let tag = tags.find(|tag| tag["key"] == key);
        tag.map_or(Value::Null, |tag| tag["value"].clone())
    }

    fn operations(&self) -> Vec<&str> {
        let spans = self.spans.iter();
        let mut names: Vec<&str> = spans
            .map(|span| span["operationName"].as_str().unwrap())
            .collect();
        names.sort_unstable();
        names
    }

    /// The accounts of a processor: received, passed, dropped.
    fn processor(&self, name: &str) -> [Value; 3] {
        let mut processors = self.status["processors"].as_array().unwrap().iter();
        let of = processors.find(|account| account["name"] == name).unwrap();
        ["received", "passed", "dropped"].map(|field| of[field].clone())
    }
}

/// `None` where there are no networks of one's own.
fn run(file: &str, sent: Sent<'_>, wanted: usize) -> Option<Ran> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../testdata/collector")
        .join(file);
    let dir = tempfile::tempdir().unwrap();
    let (body, media_type, send_to) = match sent {
        Sent::Otlp(spans) => (
            protobuf::encode(&batch(spans)),
            "application/x-protobuf",
            "4318/v1/traces",
        ),
        Sent::Zipkin(spans) => (
            spans.to_string().into_bytes(),
            "application/json",
            "9411/api/v2/spans",
        ),
    };
    std::fs::write(dir.path().join("body"), body).unwrap();
    let (path, wanted) = (path.display().to_string(), wanted.to_string());
    let variables = [
        ("FILE", &*path),
        ("TYPE", media_type),
        ("SEND_TO", send_to),
        ("WANTED", &wanted),
        ("OTEL_RESOURCE_ATTRIBUTES", "k8s.node.name=node%201"),
    ];
    let out = network::run(dir.path(), "backend", SCRIPT, &variables)?;
    let stderr = String::from_utf8_lossy(&out.stderr);
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap_or_default();
    assert!(
        out.status.success(),
        "{file}: {stderr}\n{}\n{}\n{}",
        read("backend.out"),
        read("front.out"),
        read("status")
    );
    let traces: Value = serde_json::from_str(&read("traces")).unwrap();
    let traces = traces["data"].as_array().unwrap();
    let mut spans = Vec::new();
    for trace in traces {
        for span in trace["spans"].as_array().unwrap() {
            let mut span = span.clone();
            span["process"] = trace["processes"][span["processID"].as_str().unwrap()].clone();
            spans.push(span);
        }
    }
    Some(Ran {
        spans,
        status: serde_json::from_str(&read("status")).unwrap(),
        metrics: read("metrics"),
        archive: read("archive.jsonl"),
    })
}

fn span(trace: u64, name: &str) -> TestSpan {
    TestSpan::new(trace, trace, "shop", name, START_NS)
}

#[test]
fn an_agent_says_on_which_node_it_is() {
    let Some(ran) = run("agent.yaml", Sent::Otlp(&[span(1, "buy")]), 1) else {
        return;
    };
    let process = &ran.spans[0]["process"]["tags"];
    let tag = |key: &str| {
        let mut tags = process.as_array().unwrap().iter();
        tags.find(|tag| tag["key"] == key)
            .map(|tag| tag["value"].clone())
    };
    assert_eq!(tag("deployment.environment.name"), Some(json!("staging")));
    assert_eq!(tag("k8s.node.name"), Some(json!("node 1")));
    assert!(tag("host.name").is_some());
}

#[test]
fn a_gateway_drops_noise_and_tidies() {
    let noise = span(1, "GET").with_text("http.route", "/healthz");
    let good = span(2, "buy")
        .with_text("http.request.header.authorization", "secret")
        .with_text("http.request.header.cookie.id", "secret")
        .with_text("user.email", "ann@example.com")
        .with_text("http.url", "https://shop.example/cart")
        .with_text("retries", "3");
    let Some(ran) = run(
        "gateway.yaml",
        Sent::Otlp(&[noise, span(3, "GET /livez"), good]),
        1,
    ) else {
        return;
    };
    assert_eq!(ran.operations(), ["buy"]);
    assert_eq!(
        ran.tag("buy", "http.request.header.authorization"),
        Value::Null
    );
    assert_eq!(ran.tag("buy", "http.request.header.cookie.id"), Value::Null);
    assert_eq!(ran.tag("buy", "user.email").as_str().unwrap().len(), 64);
    assert_eq!(ran.tag("buy", "url_host"), "shop.example");
    assert_eq!(ran.tag("buy", "retries"), 3);
    assert_eq!(
        ran.processor("filter/health"),
        [json!(3), json!(1), json!({"filtered": 2})]
    );
}

#[test]
fn nothing_personal_leaves() {
    let sent = span(1, "pay")
        .with_text("note", "card 4111111111111111 of bob@corp.org")
        .with_text("mail", "ann@example.com")
        .with_text("api_key", "hunter2")
        .with_text("db.query.text", "SELECT * FROM users WHERE name = 'ann'")
        .with_text("url.full", "https://h/users/42?token=x");
    let Some(ran) = run("redaction.yaml", Sent::Otlp(&[sent]), 1) else {
        return;
    };
    for (key, value) in [
        ("note", "card **** of ****"),
        ("mail", "ann@example.com"),
        ("api_key", "****"),
        ("db.query.text", "SELECT * FROM users WHERE name = ?"),
        ("url.full", "https://h/users/*"),
    ] {
        assert_eq!(ran.tag("pay", key), value);
    }
}

#[test]
fn a_share_goes_on_and_says_so() {
    // Ids whose last 56 bits lie evenly.
    let spans: Vec<TestSpan> = (0..16)
        .map(|number| {
            let mut span = span(number + 1, "buy");
            span.trace_id.0[9] = (number * 16) as u8;
            span
        })
        .collect();
    let Some(ran) = run("sampling.yaml", Sent::Otlp(&spans), 4) else {
        return;
    };
    assert_eq!(
        ran.processor("probabilistic_sampler"),
        [json!(16), json!(4), json!({"sampled_out": 12})]
    );
    let states = (0..4).map(|index| ran.spans[index]["tags"].to_string());
    assert!(
        states.into_iter().all(|tags| tags.contains("ot=th:c")),
        "{:?}",
        ran.spans
    );
}

#[test]
fn old_names_are_brought_to_those_of_today() {
    let mut server = span(1, "GET /users/42").kind(SpanKind::Server);
    server = server
        .with_text("http.method", "GET")
        .with("http.status_code", 503.into());
    server
        .resource
        .push(("deployment.environment".to_owned(), AnyValue::from("prod")));
    let query = span(2, "query")
        .with_text("db.system.name", "postgresql")
        .with_text("db.operation.name", "SELECT")
        .status(StatusCode::Ok);
    let Some(ran) = run("transform.yaml", Sent::Otlp(&[server, query]), 2) else {
        return;
    };
    assert_eq!(ran.operations(), ["GET /users/{id}", "postgresql SELECT"]);
    assert_eq!(ran.tag("GET /users/{id}", "http.request.method"), "GET");
    assert_eq!(ran.tag("GET /users/{id}", "http.method"), Value::Null);
    assert_eq!(ran.tag("GET /users/{id}", "error"), true);
    let environment = |span: &Value| {
        span["process"]["tags"]
            .to_string()
            .contains("deployment.environment.name")
    };
    assert!(ran.spans.iter().any(environment));
}

#[test]
fn whole_traces_are_kept_for_what_is_in_them() {
    let child = |trace: u64, name: &str| {
        TestSpan::new(trace, 100 + trace, "shop", name, START_NS).child_of(trace)
    };
    let spans = [
        span(1, "buy"),
        child(1, "failed").status(StatusCode::Error),
        span(2, "slow").lasting_ns(600_000_000),
        child(2, "quick"),
        span(3, "pay").with_text("http.route", "/checkout/card"),
        span(4, "dull"),
        child(4, "dull too"),
    ];
    let Some(ran) = run("tail-sampling.yaml", Sent::Otlp(&spans), 5) else {
        return;
    };
    assert_eq!(ran.operations(), ["buy", "failed", "pay", "quick", "slow"]);
    assert_eq!(
        ran.processor("tail_sampling"),
        [json!(7), json!(5), json!({"sampled_out": 2})]
    );
}

#[test]
fn what_passes_is_counted_for_prometheus() {
    let client = span(1, "GET /cart").kind(SpanKind::Client);
    let mut server = TestSpan::new(1, 2, "cart", "GET", START_NS).child_of(1);
    server.kind = SpanKind::Server;
    let Some(ran) = run("span-metrics.yaml", Sent::Otlp(&[client, server]), 2) else {
        return;
    };
    for (name, labels) in [
        (
            "traces_span_metrics_calls_total",
            [
                "service_name=\"cart\"",
                "span_kind=\"SPAN_KIND_SERVER\"",
                "http_request_method=\"GET\"",
            ],
        ),
        (
            "traces_service_graph_request_total",
            ["client=\"shop\"", "server=\"cart\"", "failed=\"false\""],
        ),
    ] {
        let is_it =
            |line: &&str| line.starts_with(name) && labels.iter().all(|label| line.contains(label));
        let found = ran.metrics.lines().find(is_it);
        assert!(
            found.is_some_and(|line| line.contains(" 1")),
            "{name}\n{}",
            ran.metrics
        );
    }
}

#[test]
fn tenants_go_their_ways() {
    let mut of_acme = span(1, "acme's");
    of_acme
        .resource
        .push(("tenant".to_owned(), AnyValue::from("acme")));
    let failed = span(2, "failed").status(StatusCode::Error);
    let Some(ran) = run(
        "routing.yaml",
        Sent::Otlp(&[of_acme, failed, span(3, "rest")]),
        2,
    ) else {
        return;
    };
    assert_eq!(ran.operations(), ["acme's", "failed"]);
    let is_gold = |span: &Value| span["process"]["tags"].to_string().contains("tenant.tier");
    assert!(ran.spans.iter().all(is_gold));
}

#[test]
fn what_is_sent_on_is_archived_too() {
    let Some(ran) = run("archive.yaml", Sent::Otlp(&[span(1, "buy")]), 1) else {
        return;
    };
    assert_eq!(ran.operations(), ["buy"]);
    let line: Value = serde_json::from_str(ran.archive.trim()).unwrap();
    let name = &line["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["name"];
    assert_eq!(name, "buy");
}

#[test]
fn a_file_of_2021_runs() {
    let spans = json!([{
        "traceId": "000000000000000000000000000000a1", "id": "00000000000000a1", "name": "buy",
        "timestamp": START_NS / 1_000, "duration": 10, "localEndpoint": {"serviceName": "shop"}
    }]);
    let Some(ran) = run("older.yaml", Sent::Zipkin(spans), 1) else {
        return;
    };
    assert_eq!(ran.operations(), ["buy"]);
}

#[test]
fn every_file_is_drawn() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/collector");
    for file in std::fs::read_dir(dir).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|end| end != "yaml") {
            continue;
        }
        let draw = |more: &[&str]| {
            let graph = ["config", "graph", path.to_str().unwrap()];
            let out = crate::process::tracewell(&[&graph[..], more].concat(), &[])
                .output()
                .unwrap();
            assert!(
                out.status.success(),
                "{}",
                String::from_utf8_lossy(&out.stderr)
            );
            String::from_utf8(out.stdout).unwrap()
        };
        let (letters, picture) = (draw(&[]), draw(&["--svg"]));
        let check = ["config", "check", path.to_str().unwrap()];
        let lines = crate::process::tracewell(&check, &[]).output().unwrap();
        let lines = String::from_utf8(lines.stdout).unwrap();
        for line in lines.lines().skip(1) {
            let (pipeline, stages) = line.trim().split_once(": ").unwrap();
            assert!(letters.lines().any(|line| line == pipeline), "{letters}");
            assert!(
                picture.contains(&format!(">{pipeline}</text>")),
                "{picture}"
            );
            for stage in stages.split(" → ").flat_map(|stage| stage.split(" + ")) {
                assert!(letters.contains(&format!(" {stage} ")), "{letters}");
                assert!(
                    picture.contains(&format!(">{stage}</text>")),
                    "{stage}: {picture}"
                );
            }
        }
        assert!(
            letters.lines().all(|line| line.chars().count() <= 80),
            "{letters}"
        );
        assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
    }
}
