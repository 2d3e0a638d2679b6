//! What a reader that shares no code with Tracewell counts in requests, and
//! the same asked of a server in every way there is.

use crate::running::Running;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};
use prost::Message;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Traces that are read back and compared span by span.
const COMPARED_TRACES: usize = 200;

/// What an independent reader counts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Without spans that repeat byte for byte.
    spans: u64,
    traces: u64,
    services: BTreeSet<String>,
    operations: BTreeSet<(String, String)>,
    errors: u64,
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

/// By trace id; with the service, without spans that repeat.
pub(crate) type Traces = HashMap<Vec<u8>, Vec<(String, Span)>>;

pub(crate) fn read_traces(requests: &[Vec<u8>]) -> Traces {
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

pub(crate) fn count(traces: &Traces) -> Counts {
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

/// All of time that the data lies in, as the UI's API takes it.
const RANGE: &str = "from=2023-01-01T00:00:00Z&to=2023-02-28T00:00:00Z";

fn escaped(query: &str) -> String {
    let bytes = query.bytes();
    bytes.map(|byte| format!("%{byte:02x}")).collect()
}

/// Spans and traces, as a count says.
fn counted(server: &Running, query: &str) -> (u64, u64) {
    let path = format!("/api/ui/count?{RANGE}&q={}", escaped(query));
    let count = server.get(&path).json();
    let is_whole = count["exact"] == true && count["partial"].is_null();
    assert!(is_whole, "{query}: {count}");
    (
        count["spans"].as_u64().unwrap(),
        count["traces"].as_u64().unwrap(),
    )
}

/// Spans and traces, as the pages of a search add up.
fn added_up(server: &Running, query: &str) -> (u64, u64) {
    let (mut spans, mut traces) = (0, 0);
    let mut cursor = String::new();
    loop {
        let q = escaped(query);
        let path = format!("/api/ui/search?{RANGE}&q={q}&limit=1000{cursor}");
        let body = server.get(&path).body;
        let mut done = serde_json::Value::Null;
        for line in body
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            let line: serde_json::Value = serde_json::from_slice(line).unwrap();
            match line["type"].as_str() {
                Some("trace") => {
                    traces += 1;
                    spans += line["matchedCount"].as_u64().unwrap();
                }
                Some("progress") => {}
                Some("done") => done = line,
                _ => panic!("{line}"),
            }
        }
        assert!(done["partial"].is_null(), "{done}");
        match done["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={}", escaped(next)),
            None => return (spans, traces),
        }
    }
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

pub(crate) fn compare(server: &Running, traces: &Traces, expected: &Counts) {
    assert_eq!(counts_of(server), *expected);
    let all = (expected.spans, expected.traces);
    for query in ["{}", "{ trace:duration >= 0ns }"] {
        assert_eq!(counted(server, query), all, "{query}");
        assert_eq!(added_up(server, query), all, "{query}");
    }
    for query in [
        "{ status = error }",
        "{ status = error && trace:duration >= 0ns }",
    ] {
        assert_eq!(counted(server, query).0, expected.errors, "{query}");
    }
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
