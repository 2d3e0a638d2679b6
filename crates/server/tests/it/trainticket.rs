//! A real public data set goes in and comes out: 508,018 spans of the
//! TrainTicket microservices, counted independently of our own decoder.

use crate::oracle::{Traces, compare, count, read_traces};
use crate::running::{Running, request};
use opentelemetry_proto::tonic::trace::v1::Span;
use std::io::Read;
use std::time::{Duration, Instant};
use tracewell_testkit::shared_data;

/// Requests as they stand in a file of records {u32 big-endian length, request}.
fn requests(packed: &std::path::Path) -> Vec<Vec<u8>> {
    let file = std::fs::File::open(packed).unwrap();
    let mut bytes = Vec::new();
    flate2::read::MultiGzDecoder::new(file)
        .read_to_end(&mut bytes)
        .unwrap();
    let mut rest = &bytes[..];
    let mut requests = Vec::new();
    while let Some((length, tail)) = rest.split_first_chunk::<4>() {
        let (request, tail) = tail.split_at(u32::from_be_bytes(*length) as usize);
        requests.push(request.to_vec());
        rest = tail;
    }
    requests
}

#[test]
fn train_ticket_comes_back_whole_also_after_a_kill() {
    let Some(packed) = shared_data::find("traces/trainticket-2023-01-29_30.otlp.pb.gz") else {
        return;
    };
    let requests = requests(&packed);
    let traces = read_traces(&requests);
    let expected = count(&traces);
    let data = tempfile::tempdir().unwrap();
    let mut server = Running::start(data.path(), &["--retention", "3650d"]);
    for request in requests {
        server.store(request);
    }
    let status = server.get("/api/status").json();
    assert_eq!(
        status["spans"]["stored"], status["spans"]["received"],
        "{status}"
    );
    assert_eq!(status["spans"]["stored"].as_u64(), Some(508_018));
    compare(&server, &traces, &expected);
    server.kill();
    let server = Running::start(data.path(), &["--retention", "3650d"]);
    compare(&server, &traces, &expected);
}

/// Requests that a client sends a second time, because it heard no answer.
const REPEATED_REQUESTS: usize = 20;

/// Longer than merging everything takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// What people ask, whose answers must not depend on how spans are stored.
const QUESTIONS: &[&str] = &[
    "/api/services",
    "/api/dependencies?endTs=1675123200000&lookback=259200000",
    "/api/traces?service=ts-order-service&limit=50&start=1674864000000000&end=1675209600000000",
    "/api/traces?service=ts-travel-service&limit=50&minDuration=100ms\
     &start=1674864000000000&end=1675209600000000",
];

/// The same for a service that failed.
fn questions(traces: &Traces) -> Vec<String> {
    let spans = traces.values().flatten();
    let is_failed = |span: &Span| span.status.as_ref().is_some_and(|status| status.code == 2);
    let failed = spans.filter(|(_, span)| is_failed(span));
    let service = failed.map(|(service, _)| service).min().unwrap();
    let with_errors = format!(
        "/api/traces?service={service}&limit=50&tags=%7B%22error%22%3A%22true%22%7D\
         &start=1674864000000000&end=1675209600000000"
    );
    let fixed = QUESTIONS.iter().map(ToString::to_string);
    fixed.chain([with_errors]).collect()
}

fn answers(server: &Running, questions: &[String]) -> Vec<serde_json::Value> {
    let answer = |path: &String| {
        let mut answer = server.get(path).json();
        assert!(answer["errors"].is_null(), "{path}: {answer}");
        assert_ne!(answer["data"].as_array().map(Vec::len), Some(0), "{path}");
        for trace in answer["data"].as_array_mut().unwrap() {
            in_one_order(trace);
        }
        answer["data"].take()
    };
    questions.iter().map(answer).collect()
}

/// The numbers of processes and the order of spans that start together are not
/// part of an answer.
fn in_one_order(trace: &mut serde_json::Value) {
    if trace["spans"].is_null() {
        return;
    }
    let processes = trace["processes"].take();
    let spans = trace["spans"].as_array_mut().unwrap();
    for span in spans.iter_mut() {
        let process = span["processID"].as_str().unwrap().to_owned();
        span["processID"] = processes[process].clone();
    }
    spans.sort_by_cached_key(ToString::to_string);
}

#[test]
fn train_ticket_answers_the_same_before_compaction_after_it_and_after_a_restart() {
    let Some(packed) = shared_data::find("traces/trainticket-2023-01-29_30.otlp.pb.gz") else {
        return;
    };
    let requests = requests(&packed);
    let traces = read_traces(&requests);
    let expected = count(&traces);
    let questions = questions(&traces);
    let again = requests.iter().take(REPEATED_REQUESTS);
    // With much memory nothing is sealed, with little there is much to merge.
    let [unsealed, merged] = ["8GiB", "64MiB"].map(|memory| {
        let data = tempfile::tempdir().unwrap();
        let settings = ["--retention", "3650d", "--memory-limit", memory];
        let server = Running::start(data.path(), &settings);
        for request in requests.iter().chain(again.clone()) {
            store_patiently(&server, request);
        }
        (data, server)
    });
    let before = answers(&unsealed.1, &questions);
    compare(&unsealed.1, &traces, &expected);
    let (data, mut server) = merged;
    merged_blocks(&server);
    assert_same(&answers(&server, &questions), &before, &questions);
    compare(&server, &traces, &expected);
    server.kill();
    let server = Running::start(data.path(), &["--retention", "3650d"]);
    assert_same(&answers(&server, &questions), &before, &questions);
    compare(&server, &traces, &expected);
}

/// Says the first entry that differs, not megabytes.
fn assert_same(now: &[serde_json::Value], before: &[serde_json::Value], questions: &[String]) {
    for ((now, before), question) in now.iter().zip(before).zip(questions) {
        let entries = |answer: &serde_json::Value| answer.as_array().map(Vec::len);
        assert_eq!(entries(now), entries(before), "{question}");
        for (now, before) in now.as_array().into_iter().zip(before.as_array()) {
            let differing = now.iter().zip(before).find(|(now, before)| now != before);
            assert_eq!(differing, None, "{question}");
        }
    }
}

/// Sends a request again while the server asks for that.
fn store_patiently(server: &Running, body: &[u8]) {
    let url = server.url("otlp-http", "/v1/traces");
    let since = Instant::now();
    loop {
        let answer = request("POST", &url, "application/x-protobuf", body.to_vec());
        match answer.status {
            200 => return,
            429 => assert!(since.elapsed() < PATIENCE, "the server takes nothing"),
            _ => panic!("{answer:?}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until blocks were merged and none wait.
fn merged_blocks(server: &Running) {
    let since = Instant::now();
    loop {
        let status = server.get("/api/status").json();
        let compaction = &status["store"]["compaction"];
        let is_at_rest = compaction["backlogBlocks"] == 0 && compaction["running"].is_null();
        if is_at_rest && compaction["merges"].as_u64() > Some(0) {
            return;
        }
        assert!(since.elapsed() < PATIENCE, "{status}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
