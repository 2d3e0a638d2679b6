//! Traces are searchable while they wait for a sampling decision, in a process that is
//! killed meanwhile.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tracewell_testkit::{TestSpan, batch};
use tracewell_wire::otlp::protobuf;

use crate::running::{OTHER_RECEIVERS, Running, until};

const START_NS: u64 = 1_700_000_000_000_000_000;

/// Traces of one service are kept, of one a half is, of the others none.
fn file(dir: &Path, decision_wait: &str) -> PathBuf {
    let of = |name: &str, policy: &str| {
        format!(
            "{{name: {name}, type: and, and: {{and_sub_policy: [{policy}, {{name: of, type: \
             string_attribute, string_attribute: {{key: service.name, values: [{name}]}}}}]}}}}"
        )
    };
    let all = of("kept", "{name: all, type: always_sample}");
    let half = of(
        "half",
        "{name: half, type: probabilistic, probabilistic: {sampling_percentage: 50}}",
    );
    let text = format!(
        "receivers: {{otlp: {{protocols: {{http: {{endpoint: 127.0.0.1:0}}}}}}}}
processors: {{tail_sampling: {{decision_wait: {decision_wait}, policies: [{all}, {half}]}}}}
exporters: {{tracewell: }}
service: {{pipelines: {{traces: {{receivers: [otlp], processors: [tail_sampling], exporters: [tracewell]}}}}}}
"
    );
    let file = dir.join("collector.yaml");
    std::fs::write(&file, text).unwrap();
    file
}

/// A trace of two spans.
fn send(server: &Running, service: &str, trace: u64) {
    let root = TestSpan::new(trace, 1, service, "buy", START_NS).lasting_ns(9_000_000);
    let child = TestSpan::new(trace, 2, service, "pay", START_NS + 1_000).child_of(1);
    for span in [root, child] {
        server.store(protobuf::encode(&batch(&[span])));
    }
}

fn id(trace: u64) -> String {
    format!("aaaa{trace:028x}")
}

/// The lines of a search of all time for a service, in the UI's API.
fn found(server: &Running, service: &str) -> Vec<Value> {
    let q = format!("%7Bresource.service.name%3D%22{service}%22%7D");
    let range = "from=2023-01-01T00:00:00Z&to=2024-01-01T00:00:00Z";
    let answer = server.get(&format!("/api/ui/search?q={q}&{range}&limit=1000"));
    assert_eq!(answer.status, 200);
    let body = String::from_utf8(answer.body).unwrap();
    let lines = body
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["type"] == "trace").collect()
}

/// Whether the trace is there by its id, and how many of its spans wait.
fn by_id(server: &Running, trace: u64) -> Option<u64> {
    let answer = server.get(&format!("/api/ui/traces/{}/skeleton", id(trace)));
    if answer.status == 404 {
        return None;
    }
    let header_bytes = u32::from_le_bytes(answer.body[..4].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&answer.body[4..4 + header_bytes]).unwrap();
    header["waitingCount"].as_u64()
}

/// In how many of the other APIs it is found: Jaeger's by id and by search, Tempo's.
fn elsewhere(server: &Running, trace: u64, service: &str) -> [usize; 4] {
    let spans = |answer: crate::running::Answer| match answer.status {
        404 => 0,
        _ => answer.json()["data"][0]["spans"]
            .as_array()
            .map_or(0, Vec::len),
    };
    let searched = format!("/api/traces?service={service}&start=0&end=1800000000000000&limit=1000");
    let in_search = server.get(&searched).json();
    let in_search = in_search["data"].as_array().map_or(0, |traces| {
        let is_it = |found: &&Value| found["traceID"] == id(trace);
        traces.iter().filter(is_it).count()
    });
    let tempo = |path: &str| {
        let url = server.url("tempo", path);
        crate::running::request("GET", &url, "", Vec::new())
    };
    let q = format!("%7Bresource.service.name%3D%22{service}%22%7D");
    let path = format!("/api/search?q={q}&start=1699999000&end=1700009000&limit=1000");
    let in_tempo = tempo(&path).json();
    let in_tempo = in_tempo["traces"].as_array().map_or(0, |traces| {
        let number = format!("{trace:x}");
        let is_it = |found: &&Value| {
            let id = found["traceID"].as_str().unwrap_or_default();
            id.trim_start_matches('0')
                .trim_start_matches("aaaa")
                .trim_start_matches('0')
                == number
        };
        traces.iter().filter(is_it).count()
    });
    [
        spans(server.get(&format!("/api/traces/{}", id(trace)))),
        in_search,
        usize::from(tempo(&format!("/api/traces/{}", id(trace))).status == 200),
        in_tempo,
    ]
}

fn start(dir: &Path, file: &Path) -> Running {
    let mut flags = vec!["--config", file.to_str().unwrap()];
    flags.extend(OTHER_RECEIVERS.iter().flat_map(|port| [*port, "off"]));
    Running::start(&dir.join("data"), &flags)
}

#[test]
fn what_waits_is_found_until_it_is_dropped_and_once_when_it_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let waiting = file(dir.path(), "1h");
    let mut server = start(dir.path(), &waiting);
    send(&server, "kept", 1);
    send(&server, "dropped", 2);
    for number in 10..60u64 {
        // Chance goes by a hash of the id, which numbers in a row hardly change.
        let trace = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        send(&server, "half", trace);
    }
    let all_is_found = |server: &Running| {
        for (service, trace) in [("kept", 1), ("dropped", 2)] {
            let lines = found(server, service);
            assert_eq!(lines.len(), 1, "{service}");
            assert_eq!(lines[0]["traceId"], id(trace));
            assert_eq!(
                (&lines[0]["spanCount"], &lines[0]["waitingCount"]),
                (&2.into(), &2.into())
            );
            assert_eq!(by_id(server, trace), Some(2));
            assert_eq!(elsewhere(server, trace, service), [2, 1, 1, 1], "{service}");
        }
        assert_eq!(found(server, "half").len(), 50);
        assert_eq!(by_id(server, 3), None);
    };
    all_is_found(&server);
    server.kill();
    drop(server);
    let mut server = start(dir.path(), &waiting);
    all_is_found(&server);

    // The same traces are decided soon.
    server.kill();
    drop(server);
    let server = start(dir.path(), &file(dir.path(), "300ms"));
    // What was taken is shown as waiting until that is noted.
    until("decisions, noted", || {
        let status = server.get("/api/status").json();
        let shown = [found(&server, "kept"), found(&server, "half")].concat();
        let is_noted = shown.iter().all(|trace| trace["waitingCount"] == 0);
        (status["processors"][0]["inFlight"] == 0 && is_noted).then_some(())
    });
    assert_eq!(by_id(&server, 1), Some(0));
    assert_eq!(found(&server, "kept")[0]["waitingCount"], 0);
    assert_eq!(elsewhere(&server, 1, "kept"), [2, 1, 1, 1]);
    assert_eq!(by_id(&server, 2), None);
    assert!(found(&server, "dropped").is_empty());
    assert_eq!(elsewhere(&server, 2, "dropped"), [0; 4]);
    let kept = found(&server, "half");
    assert!(!kept.is_empty() && kept.len() < 50, "{}", kept.len());
    for trace in kept {
        assert_eq!(
            (&trace["spanCount"], &trace["waitingCount"]),
            (&2.into(), &0.into())
        );
        let path = format!("/api/ui/traces/{}/otlp", trace["traceId"].as_str().unwrap());
        let written = String::from_utf8(server.get(&path).body).unwrap();
        assert_eq!(written.matches("th:8\"").count(), 2, "{written}");
    }
}
