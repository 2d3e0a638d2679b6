//! `tracewell sampling try`: what it says of traces that are stored is what the
//! processor does with the same traces.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use tracewell_model::StatusCode;
use tracewell_model::clock::{Clock, SystemClock};
use tracewell_testkit::{Random, TestSpan, batch};
use tracewell_wire::otlp::protobuf;

use crate::process::{Finished, run};
use crate::running::{Running, until};

const MS: u64 = 1_000_000;

const POLICIES: &str = "[
      {name: failed, type: status_code, status_code: {status_codes: [ERROR]}},
      {name: slow, type: latency, latency: {threshold_ms: 900}},
      {name: pay, type: and, and: {and_sub_policy: [
        {name: of, type: string_attribute, string_attribute: {key: service.name, values: [pay]}},
        {name: half, type: probabilistic, probabilistic: {sampling_percentage: 50}}]}},
      {name: some, type: probabilistic, probabilistic: {sampling_percentage: 10}},
      {name: health, type: drop, drop: {drop_sub_policy: [
        {name: of, type: ottl_condition, ottl_condition: {span: ['name == \"health\"']}}]}}]";

/// A Collector's file with the policies, or with none of its own.
fn file(dir: &Path, name: &str, processors: &str) -> String {
    let text = format!(
        "receivers: {{otlp: {{protocols: {{http: {{endpoint: 127.0.0.1:0}}}}}}}}
processors:
  tail_sampling:
    decision_wait: 1s
    policies: {POLICIES}
exporters: {{tracewell: }}
service: {{pipelines: {{traces: {{receivers: [otlp], processors: [{processors}], exporters: [tracewell]}}}}}}
"
    );
    let path = dir.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn start(dir: &Path, file: &str) -> Running {
    Running::start_pipelines(dir, Path::new(file))
}

/// Traces of some seconds ago, each within half a second.
fn traces(random: &mut Random) -> Vec<TestSpan> {
    let now_ns = SystemClock.now_ns();
    let mut spans = Vec::new();
    for trace in 1..=600u64 {
        let begin_ns = now_ns - 60_000 * MS + random.below(20_000) * MS;
        for part in 0..=random.below(5) {
            let service = ["shop", "pay", "stock"][random.below(3) as usize];
            let name = if random.once_in(40) { "health" } else { "buy" };
            let mut span = TestSpan::new(trace, trace * 10 + part, service, name, begin_ns);
            span.trace_id.0[..8].copy_from_slice(&random.number().to_be_bytes());
            span.trace_id.0[8..].copy_from_slice(&trace.to_be_bytes());
            span.end_ns = begin_ns + (300 + random.below(700)) * MS;
            if part > 0 {
                span = span.child_of(trace * 10);
                span.trace_id = spans.last().map(|last: &TestSpan| last.trace_id).unwrap();
            }
            if random.once_in(50) {
                span = span.status(StatusCode::Error);
            }
            spans.push(span);
        }
    }
    spans
}

fn tried(server: &Running, file: &str, more: &[&str]) -> Finished {
    let url = server.url("query-http", "");
    let mut words = vec!["sampling", "try", file, "--server", &url];
    words.extend(more);
    run(&words)
}

fn counted(spans: &[TestSpan]) -> BTreeMap<String, u64> {
    let mut counted = BTreeMap::new();
    for span in spans {
        let service = span.resource.iter().find(|(key, _)| key == "service.name");
        let service = format!("{:?}", service.unwrap().1);
        *counted.entry(service).or_default() += 1;
    }
    counted
}

#[test]
fn what_is_tried_is_what_happens() {
    let dir = tempfile::tempdir().unwrap();
    let all = start(&dir.path().join("all"), &file(dir.path(), "all.yaml", ""));
    let sampling = file(dir.path(), "sampling.yaml", "tail_sampling");
    let sampled = start(&dir.path().join("sampled"), &sampling);
    let spans = traces(&mut Random::new(3));
    assert_eq!(counted(&spans).len(), 3);
    // No trace is parted: none of its spans comes after the decision.
    let traces: Vec<&[TestSpan]> = spans.chunk_by(|a, b| a.trace_id == b.trace_id).collect();
    for part in traces.chunks(100) {
        all.store(protobuf::encode(&batch(&part.concat())));
        sampled.store(protobuf::encode(&batch(&part.concat())));
    }
    let sum = spans.len() as u64;
    let passed = until("decisions", || {
        let account = sampled.get("/api/status").json()["processors"][0].clone();
        (account["received"] == sum && account["inFlight"] == 0).then(|| account["passed"].clone())
    });

    let said = tried(&all, &sampling, &["--json"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let said: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(said["stored"]["spans"], sum);
    assert_eq!(said["stored"]["traces"], 600);
    assert_eq!(said["kept"]["spans"], passed, "{said}");
    assert_eq!(said["lateSpans"], 0);
    let kept = said["kept"]["traces"].as_u64().unwrap();
    assert!((100..500).contains(&kept), "{kept}");

    // Of what was sampled all is kept, by each service and in each sum, by policies
    // that keep all.
    let everything = dir.path().join("everything.yaml");
    std::fs::write(&everything, "policies: [{name: all, type: always_sample}]").unwrap();
    let everything = everything.to_str().unwrap();
    let there = tried(&sampled, everything, &["--json"]);
    let there: Value = serde_json::from_str(&there.stdout).unwrap();
    for field in ["traces", "spans"] {
        assert_eq!(there["kept"][field], said["kept"][field], "{field}");
    }
    let by_service = |said: &Value, spans: &str| -> BTreeMap<String, u64> {
        let services = said["services"].as_array().unwrap().iter();
        let count = |service: &Value| service[spans].as_u64().unwrap();
        services
            .map(|service| (service["name"].to_string(), count(service)))
            .collect()
    };
    assert_eq!(by_service(&said, "keptSpans"), by_service(&there, "spans"));

    // What would be lost is not there.
    let examples = said["lost"]["examples"].as_array().unwrap();
    assert!(!examples.is_empty());
    for example in examples {
        let id = example["traceId"].as_str().unwrap();
        assert_eq!(all.get(&format!("/api/traces/{id}")).status, 200);
        assert_eq!(sampled.get(&format!("/api/traces/{id}")).status, 404);
    }

    // The metrics of the processor count what each policy said.
    let metrics = String::from_utf8(sampled.get("/metrics").body).unwrap();
    for policy in said["policies"].as_array().unwrap() {
        let (name, yes) = (policy["name"].as_str().unwrap(), &policy["yes"]["traces"]);
        let line = format!("policy=\"{name}\",decision=\"sampled\"}} {yes}");
        assert!(metrics.contains(&line), "{line} is not in {metrics}");
    }
}

#[test]
fn people_see_a_table() {
    let dir = tempfile::tempdir().unwrap();
    let config = file(dir.path(), "all.yaml", "");
    let server = start(&dir.path().join("data"), &config);
    let policies = dir.path().join("policies.yaml");
    let text = "tail_sampling: {decision_wait: 10s, policies: [{name: slow, type: latency, latency: {threshold_ms: 500}}]}";
    std::fs::write(&policies, text).unwrap();
    let policies = policies.to_str().unwrap();
    let empty = tried(&server, policies, &[]);
    assert_eq!(empty.code, Some(1));
    assert!(
        empty.stderr.contains("no trace of the last 1h"),
        "{}",
        empty.stderr
    );

    let begin_ns = SystemClock.now_ns() - 60_000 * MS;
    let mut spans = Vec::new();
    for (trace, ms) in [(1, 700), (2, 100), (3, 200)] {
        let mut span = TestSpan::new(
            trace,
            trace,
            "shop",
            "buy a very long name of a thing",
            begin_ns,
        );
        span.end_ns = begin_ns + ms * MS;
        spans.push(match trace {
            3 => span.status(StatusCode::Error),
            _ => span,
        });
    }
    server.store(protobuf::encode(&batch(&spans)));
    let said = tried(&server, policies, &[]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert!(
        lines.iter().all(|line| line.chars().count() <= 80),
        "{}",
        said.stdout
    );
    for words in [
        "stored 3 3",
        "would be kept 1 1",
        "33.3% 33.3%",
        "slow 1 33.3% 1",
        "shop 3 1 33.3%",
        "2 traces would be lost: 1 with errors, 0 slower than p99",
        "200ms 1 shop buy a very long name",
        "100ms shop buy a very long name",
    ] {
        let is_there = lines.iter().any(|line| {
            let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
            line.contains(words)
        });
        assert!(is_there, "{words} is not in\n{}", said.stdout);
    }
    let one = tried(&server, policies, &["--json", "--query", "status = error"]);
    let one: Value = serde_json::from_str(&one.stdout).unwrap();
    assert_eq!(one["stored"]["traces"], 1);
}

#[test]
fn mistakes_are_told_with_their_place_and_nobody_is_asked() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file.yaml");
    let told = |text: &str, more: &[&str]| {
        std::fs::write(&path, text).unwrap();
        let path = path.to_str().unwrap();
        // Nobody listens there.
        let mut words = vec!["sampling", "try", path, "--server", "127.0.0.1:1"];
        words.extend(more);
        let said = run(&words);
        assert_eq!(said.code, Some(2), "{text}: {}", said.stderr);
        said.stderr
    };
    for (text, expected) in [
        (
            "tail_sampling:\n  policies: [{name: a, type: latncy}]\n",
            "file.yaml:2:30: tail_sampling.policies",
        ),
        (
            "tail_samplng: {}\n",
            "file.yaml:1:1: tail_samplng is no section of policies",
        ),
        ("policies: []\n", "nothing would ever be sampled"),
        ("", "the file is empty"),
        ("a: [\n", "not valid YAML"),
        (
            "receivers: {otlp: {protocols: {grpc: }}}\nexporters: {nop: }\nservice: {pipelines: {traces: {receivers: [otlp], exporters: [nop]}}}\n",
            "no pipeline of",
        ),
        (
            "processors: {tail_sampling/a: {policies: [{name: a, type: always_sample}]}, tail_sampling/b: {policies: [{name: a, type: always_sample}]}, batch: }\n",
            "has several: say with --processor which is to be tried, of tail_sampling/a, tail_sampling/b",
        ),
    ] {
        let said = told(text, &[]);
        assert!(said.contains(expected), "{text}: {said}");
    }
    let said = told(
        "policies: [{name: a, type: always_sample}]",
        &["--processor", "x"],
    );
    assert!(
        said.contains("no tail_sampling of the name \"x\""),
        "{said}"
    );
    let said = told(
        "policies: [{name: a, type: always_sample}]",
        &["--since", "long"],
    );
    assert!(said.contains("--since"), "{said}");
}
