//! A Collector's file with `groupbytrace`, before an archive: what goes on together is a
//! line of it. The process is killed while traces wait.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;
use tracewell_testkit::{TestSpan, batch};
use tracewell_wire::otlp::protobuf;

use crate::running::{Running, until};

const START_NS: u64 = 1_700_000_000_000_000_000;

fn start(dir: &Path, settings: &str) -> Running {
    let archive = dir.join("archive.jsonl");
    let text = format!(
        "receivers: {{otlp: {{protocols: {{http: {{endpoint: 127.0.0.1:0}}}}}}}}
processors: {{groupbytrace: {{{settings}}}}}
exporters: {{file: {{path: {}, append: true}}}}
service: {{pipelines: {{traces: {{receivers: [otlp], processors: [groupbytrace], exporters: [file]}}}}}}
",
        archive.display()
    );
    let file = dir.join("collector.yaml");
    std::fs::write(&file, text).unwrap();
    Running::start_pipelines(&dir.join("data"), &file)
}

/// A request with one span of each trace.
fn body(traces: std::ops::Range<u64>, id: u64) -> Vec<u8> {
    let span = |trace| TestSpan::new(trace, id, "shop", "buy", START_NS);
    protobuf::encode(&batch(&traces.map(span).collect::<Vec<_>>()))
}

/// Of each trace the spans, by the line of the archive that they stand in.
fn lines(dir: &Path) -> BTreeMap<String, Vec<BTreeSet<String>>> {
    let text = std::fs::read_to_string(dir.join("archive.jsonl")).unwrap_or_default();
    let mut found = BTreeMap::<String, Vec<BTreeSet<String>>>::new();
    // One that is still being written is not looked at.
    for line in text
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
    {
        let line: Value = serde_json::from_str(line).unwrap();
        let mut of_line = BTreeMap::<String, BTreeSet<String>>::new();
        let list = |of: &Value, name: &str| of[name].as_array().cloned().unwrap_or_default();
        for resource in list(&line, "resourceSpans") {
            for scope in list(&resource, "scopeSpans") {
                for span in list(&scope, "spans") {
                    let [trace, id] = ["traceId", "spanId"].map(|name| span[name].to_string());
                    of_line.entry(trace).or_default().insert(id);
                }
            }
        }
        for (trace, spans) in of_line {
            found.entry(trace).or_default().push(spans);
        }
    }
    found
}

fn account(server: &Running) -> Value {
    server.get("/api/status").json()["processors"][0].clone()
}

fn until_nothing_waits(server: &Running) {
    until("an empty processor", || {
        (account(server)["inFlight"] == 0).then_some(())
    });
}

#[test]
fn spans_of_a_trace_go_on_together_though_they_come_apart_and_the_process_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let waits = "wait_duration: 100h";
    let mut server = start(dir.path(), waits);
    for id in 1..4 {
        server.store(body(1..31, id));
    }
    assert_eq!(account(&server)["inFlight"], 90);
    server.kill();
    drop(server);
    assert_eq!(lines(dir.path()), BTreeMap::new());

    let mut server = start(dir.path(), waits);
    assert_eq!(account(&server)["inFlight"], 90);
    for id in 4..6 {
        server.store(body(1..31, id));
    }
    assert_eq!(server.terminate(), Some(0));
    drop(server);

    let server = start(dir.path(), "wait_duration: 10ms");
    until_nothing_waits(&server);
    let found = lines(dir.path());
    assert_eq!(found.len(), 30);
    for (trace, lines) in found {
        let spans: Vec<usize> = lines.iter().map(BTreeSet::len).collect();
        assert_eq!(spans, [5], "{trace}");
    }
    let account = account(&server);
    assert_eq!([&account["received"], &account["passed"]], [150, 150]);
    assert_eq!(account["dropped"], serde_json::json!({}));
}

#[test]
fn what_comes_late_waits_anew_and_beyond_the_limit_the_oldest_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = start(dir.path(), "wait_duration: 100h, num_traces: 10");
    server.store(body(1..31, 1));
    until("the limit", || {
        (account(&server)["inFlight"] == 10).then_some(())
    });
    // Of those that went on some come again.
    let gone: BTreeSet<String> = lines(dir.path()).into_keys().collect();
    assert_eq!(gone.len(), 20);
    server.store(body(1..6, 2));
    until("the limit again", || {
        (account(&server)["inFlight"] == 10).then_some(())
    });
    assert_eq!(account(&server)["passed"], 25);
    assert_eq!(server.terminate(), Some(0));
}
