//! A real public data set goes in and comes out: 508,018 spans of the
//! TrainTicket microservices, counted independently of our own decoder.

use crate::running::{Running, request};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};
use prost::Message;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read;
use std::time::{Duration, Instant};
use tracewell_testkit::shared_data;

/// Traces that are read back and compared span by span.
const COMPARED_TRACES: usize = 200;

/// What an independent reader counts.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    /// Without spans that repeat byte for byte.
    spans: u64,
    traces: u64,
    services: BTreeSet<String>,
    operations: BTreeSet<(String, String)>,
    errors: u64,
}

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

fn service(spans: &ResourceSpans) -> String {
    let resource = spans.resource.clone().unwrap_or_default();
    let name = resource
        .attributes
        .into_iter()
        .find(|pair| pair.key == "service.name");
    match name
        .and_then(|pair| pair.value)
        .and_then(|value| value.value)
    {
        Some(Value::StringValue(name)) => name,
        _ => String::new(),
    }
}

type Traces = HashMap<Vec<u8>, Vec<(String, Span)>>;

fn read_traces(requests: &[Vec<u8>]) -> Traces {
    let mut traces = Traces::new();
    for request in requests {
        let request = ExportTraceServiceRequest::decode(&request[..]).unwrap();
        for resource_spans in &request.resource_spans {
            let service = service(resource_spans);
            for span in resource_spans
                .scope_spans
                .iter()
                .flat_map(|scope| &scope.spans)
            {
                let trace = traces.entry(span.trace_id.clone()).or_default();
                trace.push((service.clone(), span.clone()));
            }
        }
    }
    for spans in traces.values_mut() {
        spans.sort_by_cached_key(|(service, span)| (span.encode_to_vec(), service.clone()));
        spans.dedup();
    }
    traces
}

fn count(traces: &Traces) -> Counts {
    let mut counts = Counts {
        traces: traces.len() as u64,
        ..Counts::default()
    };
    for (service, span) in traces.values().flatten() {
        counts.spans += 1;
        counts.services.insert(service.clone());
        counts
            .operations
            .insert((service.clone(), span.name.clone()));
        counts.errors += u64::from(span.status.as_ref().is_some_and(|status| status.code == 2));
    }
    counts
}

fn counts_of(server: &Running) -> Counts {
    let mut counts = Counts::default();
    for service in server.get("/api/services").json()["data"]
        .as_array()
        .unwrap()
    {
        let service = service.as_str().unwrap();
        counts.services.insert(service.to_owned());
        let path = format!("/api/services/{service}/operations");
        for operation in server.get(&path).json()["data"].as_array().unwrap() {
            counts
                .operations
                .insert((service.to_owned(), operation.as_str().unwrap().to_owned()));
        }
    }
    let range = "query.startTimeMin=2023-01-01T00:00:00Z&query.startTimeMax=2023-02-28T00:00:00Z";
    let path = format!("/api/v3/trace-summaries?{range}&query.searchDepth=100000");
    let summaries = server.get(&path).json();
    for summary in summaries["summaries"].as_array().unwrap() {
        counts.traces += 1;
        counts.spans += summary["spanCount"].as_u64().unwrap();
        counts.errors += summary["errorSpanCount"].as_u64().unwrap_or(0);
    }
    counts
}

/// A span as Jaeger's JSON has it, of what both sides know.
type Row = (String, String, String, u64, u64);

fn sent_rows(spans: &[(String, Span)]) -> Vec<Row> {
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let row = |(service, span): &(String, Span)| {
        let duration_us = (span.end_time_unix_nano - span.start_time_unix_nano) / 1000;
        let id = hex(&span.span_id);
        (
            id,
            span.name.clone(),
            service.clone(),
            span.start_time_unix_nano / 1000,
            duration_us,
        )
    };
    let mut rows: Vec<Row> = spans.iter().map(row).collect();
    rows.sort();
    rows
}

fn read_rows(trace: &serde_json::Value) -> Vec<Row> {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let spans = trace["spans"].as_array().unwrap().iter();
    let mut rows: Vec<Row> = spans
        .map(|span| {
            let process = &trace["processes"][span["processID"].as_str().unwrap()];
            let (start, duration) = (&span["startTime"], &span["duration"]);
            (
                text(&span["spanID"]),
                text(&span["operationName"]),
                text(&process["serviceName"]),
                start.as_u64().unwrap(),
                duration.as_u64().unwrap(),
            )
        })
        .collect();
    rows.sort();
    rows
}

fn compare(server: &Running, traces: &Traces, expected: &Counts) {
    assert_eq!(counts_of(server), *expected);
    let by_id: BTreeMap<_, _> = traces.iter().collect();
    // Every so-manyth in the order of random ids is a random choice that repeats.
    let step = by_id.len() / COMPARED_TRACES;
    for (id, spans) in by_id.into_iter().step_by(step.max(1)) {
        let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        let answer = server.get(&format!("/api/traces/{hex}")).json();
        assert_eq!(
            read_rows(&answer["data"][0]),
            sent_rows(spans),
            "trace {hex}"
        );
    }
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
