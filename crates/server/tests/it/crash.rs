//! Acknowledged means durable: the process is killed again and again in the
//! middle of its work, and afterwards everything it had acknowledged is there.

use crate::process::tracewell;
use crate::running::Running;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use tracewell_testkit::Random;

/// Kills in one run of the test.
const ROUNDS: u64 = 50;

/// Traces that are asked for in one request.
const TRACES_A_REQUEST: usize = 50;

/// Little memory makes many small blocks, so that kills meet seals as well.
const SETTINGS: &[&str] = &["--memory-limit", "64MiB"];

pub(crate) fn load(server: &Running, verify_file: &Path, seed: &str) -> Child {
    let endpoint = server.url("otlp-http", "");
    let arguments = [
        "load",
        "--protocol",
        "http",
        "--endpoint",
        &endpoint,
        "--rate",
        "20000",
        "--duration",
        "60s",
        "--batch",
        "100",
        "--retry-for",
        "0s",
        "--timeout",
        "1s",
        "--seed",
        seed,
        "--verify-file",
        verify_file.to_str().unwrap(),
    ];
    let mut command = tracewell(&arguments, &[]);
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// How often the generator is told to end: a signal that comes while it sets up
/// its handler can be lost.
const TOLD_AGAIN: Duration = Duration::from_secs(2);

/// Ends the generator, which then writes down what was acknowledged.
pub(crate) fn interrupt(mut load: Child) {
    let pid = load.id().to_string();
    let mut told: Option<Instant> = None;
    while load.try_wait().unwrap().is_none() {
        if told.is_none_or(|last| last.elapsed() > TOLD_AGAIN) {
            let sent = std::process::Command::new("kill")
                .args(["-INT", &pid])
                .status();
            // It may have ended by itself meanwhile.
            sent.unwrap();
            told = Some(Instant::now());
        }
        std::thread::yield_now();
    }
}

/// Acknowledged spans by trace. A generator that was ended before it had begun
/// wrote nothing.
pub(crate) fn acknowledged(verify_file: &Path) -> BTreeMap<String, u64> {
    let mut traces = BTreeMap::new();
    let text = std::fs::read_to_string(verify_file).unwrap_or_default();
    for line in text.lines() {
        let (id, spans) = line.split_once(' ').unwrap();
        *traces.entry(id.to_owned()).or_default() += spans.parse::<u64>().unwrap();
    }
    traces
}

pub(crate) fn assert_all_there(server: &Running, traces: &BTreeMap<String, u64>, round: u64) {
    let all: Vec<_> = traces.iter().collect();
    for part in all.chunks(TRACES_A_REQUEST) {
        let ids: Vec<String> = part.iter().map(|(id, _)| format!("traceID={id}")).collect();
        let answer = server.get(&format!("/api/traces?{}", ids.join("&"))).json();
        let mut found = BTreeMap::new();
        for trace in answer["data"].as_array().unwrap() {
            let spans = trace["spans"].as_array().unwrap();
            let ids: HashSet<_> = spans.iter().map(|span| span["spanID"].as_str()).collect();
            let id = trace["traceID"].as_str().unwrap();
            assert_eq!(
                ids.len(),
                spans.len(),
                "round {round}: a span is twice in trace {id}"
            );
            found.insert(format!("{id:0>32}"), spans.len() as u64);
        }
        for (id, spans) in part {
            let there = found.get(*id).copied().unwrap_or(0);
            assert!(
                there >= **spans,
                "round {round}: {spans} spans of trace {id} were acknowledged, {there} are there"
            );
        }
    }
}

#[test]
fn killed_at_fifty_moments_under_load_nothing_acknowledged_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let seed = std::process::id().into();
    println!("seed {seed}");
    let mut random = Random::new(seed);
    let mut total = 0;
    let mut server = Running::start_apart(&data, SETTINGS);
    for round in 0..ROUNDS {
        let verify_file = directory.path().join(format!("acknowledged-{round}"));
        let load = load(&server, &verify_file, &random.number().to_string());
        std::thread::sleep(Duration::from_millis(50 + random.below(700)));
        server.kill();
        interrupt(load);
        server = Running::start_apart(&data, SETTINGS);
        let traces = acknowledged(&verify_file);
        total += traces.values().sum::<u64>();
        assert_all_there(&server, &traces, round);
    }
    assert!(
        total > 10_000,
        "only {total} spans were acknowledged: that proves nothing"
    );
    assert_eq!(server.terminate(), Some(0), "and it still ends cleanly");
}
