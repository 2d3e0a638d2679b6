//! A Collector's file with `tail_sampling`, run by a process that is killed while
//! traces wait.

use std::path::Path;

use crate::crash_full_disk;
use crate::running::{Running, request, until};
use tracewell_model::StatusCode;
use tracewell_testkit::{TestSpan, batch};
use tracewell_wire::otlp::protobuf;

/// One that takes OTLP over HTTP, and stores traces that have an error.
fn sampling(dir: &Path, storage: &str) -> Vec<String> {
    let policies = "{name: failed, type: status_code, status_code: {status_codes: [ERROR]}}";
    sampling_by(dir, storage, "", policies)
}

/// The same with other policies, and what else a file has.
fn sampling_by(dir: &Path, storage: &str, extensions: &str, policies: &str) -> Vec<String> {
    let service = match extensions {
        "" => "",
        _ => "extensions: [file_storage], ",
    };
    let text = format!(
        "receivers: {{otlp: {{protocols: {{http: {{endpoint: 127.0.0.1:0}}}}}}}}
processors:
  tail_sampling:
    decision_wait: 300ms
    {storage}
    policies: [{policies}]
exporters: {{tracewell: }}
{extensions}
service: {{{service}pipelines: {{traces: {{receivers: [otlp], processors: [tail_sampling], exporters: [tracewell]}}}}}}
"
    );
    let file = dir.join("collector.yaml");
    std::fs::write(&file, text).unwrap();
    let mut more = vec!["--config".to_owned(), file.to_str().unwrap().to_owned()];
    for port in [
        "otlp-grpc",
        "jaeger-grpc",
        "jaeger-http",
        "jaeger-compact",
        "jaeger-binary",
        "jaeger-zipkin",
        "zipkin",
    ] {
        more.extend([format!("--{port}-port"), "off".to_owned()]);
    }
    more
}

fn start(dir: &Path) -> Running {
    start_with(dir, &sampling(dir, ""))
}

fn start_with(dir: &Path, more: &[String]) -> Running {
    let more: Vec<&str> = more.iter().map(String::as_str).collect();
    Running::start(&dir.join("data"), &more)
}

/// A span of each trace; of the even ones it failed.
fn body(traces: std::ops::Range<u64>, id: u64, can_fail: bool) -> Vec<u8> {
    let spans: Vec<TestSpan> = traces
        .map(|trace| {
            let span = TestSpan::new(trace, id, "shop", "buy", 1_700_000_000_000_000_000);
            if can_fail && trace % 2 == 0 {
                span.status(StatusCode::Error)
            } else {
                span
            }
        })
        .collect();
    protobuf::encode(&batch(&spans))
}

fn account(server: &Running) -> serde_json::Value {
    server.get("/api/status").json()["processors"][0].clone()
}

/// Waits until nothing waits any more.
fn decided(server: &Running) -> serde_json::Value {
    until("decisions", || {
        let account = account(server);
        (account["inFlight"] == 0).then_some(account)
    })
}

fn spans_of(server: &Running, trace: u64) -> usize {
    let answer = server.get(&format!("/api/traces/aaaa{trace:028x}"));
    if answer.status == 404 {
        return 0;
    }
    let trace = answer.json();
    trace["data"][0]["spans"].as_array().map_or(0, Vec::len)
}

#[test]
fn traces_that_wait_are_decided_though_the_process_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = start(dir.path());
    for round in 0..3 {
        let first = 1 + round * 10;
        server.store(body(first..first + 10, 1, true));
        server.store(body(first..first + 10, 2, false));
        server.kill();
        drop(server);
        server = start(dir.path());
    }
    let account = decided(&server);
    let now = |name: &str| account[name].as_u64().unwrap();
    let dropped = account["dropped"]["sampled_out"].as_u64().unwrap_or(0);
    assert_eq!(now("received"), now("passed") + dropped, "{account}");
    for trace in 1..31 {
        let expected = if trace % 2 == 0 { 2 } else { 0 };
        assert_eq!(spans_of(&server, trace), expected, "trace {trace}");
    }

    // Late spans follow decisions of the lives before, even where they failed.
    server.kill();
    drop(server);
    let server = start(dir.path());
    let all_failed: Vec<TestSpan> = (1..31)
        .map(|trace| TestSpan::new(trace, 3, "shop", "late", 1_700_000_000_000_000_000))
        .map(|span| span.status(StatusCode::Error))
        .collect();
    server.store(protobuf::encode(&batch(&all_failed)));
    let account = decided(&server);
    assert_eq!(account["dropped"]["sampled_out"], 15, "{account}");
    // And more, where it was not yet on the disk that they were taken.
    assert!(account["passed"].as_u64() >= Some(15), "{account}");
    for trace in 1..31 {
        let expected = if trace % 2 == 0 { 3 } else { 0 };
        assert_eq!(spans_of(&server, trace), expected, "trace {trace}");
    }
}

#[test]
fn without_a_directory_it_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    for (storage, more, expected) in [
        (
            "",
            &["--storage", "memory"][..],
            "spans wait on the disk, and there is no data directory",
        ),
        (
            "tail_storage: file_storage/tail",
            &[],
            "tail_storage names file_storage/tail, which is no file_storage that \
             service.extensions names; add it to both",
        ),
    ] {
        let mut arguments = sampling(dir.path(), storage);
        for port in ["--query-http-port", "--query-grpc-port"] {
            arguments.extend([port.to_owned(), "0".to_owned()]);
        }
        let data = dir.path().join("data");
        arguments.extend(["--data-dir".to_owned(), data.to_str().unwrap().to_owned()]);
        arguments.extend(more.iter().map(|&flag| flag.to_owned()));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let out = crate::process::tracewell(&arguments, &[]).output().unwrap();
        assert!(!out.status.success());
        let told = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(told.contains("processors.tail_sampling"), "{told}");
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn what_waits_when_a_process_is_stopped_is_decided_by_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = start(dir.path());
    server.store(body(2..3, 1, true));
    assert_eq!(server.terminate(), Some(0));
    drop(server);
    let server = start(dir.path());
    let url = server.url("otlp-http", "/v1/traces");
    let answer = request("POST", &url, "application/x-protobuf", body(2..3, 2, false));
    assert_eq!(answer.status, 200);
    decided(&server);
    assert_eq!(spans_of(&server, 2), 2);
}

/// What is known of a trace by its number, and must become of it.
struct Known {
    number: u64,
    /// As the rate allows: whole, or not at all.
    is_limited: bool,
    is_sampled: bool,
}

/// The first spans of these traces, on which all depends: so they may be decided
/// whenever they are, and the answer is the same.
fn first_spans(numbers: std::ops::Range<u64>) -> (Vec<TestSpan>, Vec<Known>) {
    let (mut spans, mut known) = (Vec::new(), Vec::new());
    for number in numbers {
        let every = |nth: u64| number.is_multiple_of(nth);
        let lasting_ms = if every(11) {
            4_000
        } else if every(3) {
            1_500
        } else {
            20
        };
        let route = if every(17) {
            "/health"
        } else if every(5) {
            "/pay/{id}"
        } else {
            "/cart"
        };
        let mut span = TestSpan::new(number, 1, "shop", route, 1_700_000_000_000_000_000)
            .lasting_ns(lasting_ms * 1_000_000)
            .with_text("http.route", route);
        if every(7) {
            span = span.status(StatusCode::Error);
        }
        if every(13) {
            span = span.with_text("tenant", "gold");
        }
        if every(2) {
            span = span.with_text("job", "nightly");
        }
        spans.push(span);
        let is_kept = every(7) || every(13) || lasting_ms > 3_000 || every(5) && lasting_ms > 1_000;
        known.push(Known {
            number,
            is_sampled: is_kept && !every(17),
            is_limited: every(2) && !is_kept && !every(17),
        });
    }
    (spans, known)
}

const MIXED: &str = "
  {name: health, type: drop, drop: {drop_sub_policy: [
    {name: path, type: string_attribute, string_attribute: {key: http.route, values: [/health]}}]}},
  {name: failed, type: status_code, status_code: {status_codes: [ERROR]}},
  {name: slow, type: latency, latency: {threshold_ms: 3000}},
  {name: gold, type: string_attribute, string_attribute: {key: tenant, values: [gold]}},
  {name: paying, type: and, and: {and_sub_policy: [
    {name: path, type: string_attribute, string_attribute: {key: http.route, values: ['^/pay/'], enabled_regex_matching: true}},
    {name: not so fast, type: latency, latency: {threshold_ms: 1000}}]}},
  {name: limited, type: and, and: {and_sub_policy: [
    {name: kind, type: string_attribute, string_attribute: {key: job, values: [nightly]}},
    {name: rate, type: rate_limiting, rate_limiting: {spans_per_second: 20}}]}}";

#[test]
fn every_trace_is_decided_as_it_must_be_and_once_through_two_kills() {
    let dir = tempfile::tempdir().unwrap();
    let more = sampling_by(dir.path(), "", "", MIXED);
    let mut server = start_with(dir.path(), &more);
    let (spans, known) = first_spans(1..401);
    let neutral = |id: u64| -> Vec<TestSpan> {
        let span = |known: &Known| {
            TestSpan::new(known.number, id, "stock", "get", 1_700_000_000_000_000_000)
        };
        known.iter().map(span).collect()
    };
    for (part, spans) in [spans, neutral(2), neutral(3)].iter().enumerate() {
        for some in spans.chunks(90) {
            server.store(protobuf::encode(&batch(some)));
        }
        if part < 2 {
            server.kill();
            drop(server);
            server = start_with(dir.path(), &more);
        }
    }
    decided(&server);
    // These would have it sampled, were it decided again.
    let late: Vec<TestSpan> = neutral(4)
        .into_iter()
        .map(|span| span.status(StatusCode::Error))
        .collect();
    server.store(protobuf::encode(&batch(&late)));
    decided(&server);
    let mut limited = 0;
    for Known {
        number,
        is_limited,
        is_sampled,
    } in known
    {
        let found = spans_of(&server, number);
        assert!(found == 4 || found == 0, "trace {number}: {found} of 4");
        if is_limited {
            limited += u64::from(found > 0);
        } else {
            assert_eq!(found > 0, is_sampled, "trace {number}");
        }
    }
    assert!(limited > 0, "the bucket was full");
}

/// Nobody frees a byte: what is decided gives the room back, by a process that finds
/// the disk full when it starts.
#[test]
fn a_full_disk_is_got_out_of_by_decisions_alone() {
    let (dir, small) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let Some(_disk) = crash_full_disk::mount(small.path()) else {
        return;
    };
    // Room for five segments.
    std::fs::write(small.path().join("ballast"), vec![0; 44 << 20]).unwrap();
    let directory = small.path().join("tail");
    let extensions = format!(
        "extensions: {{file_storage: {{create_directory: true, directory: {}}}}}",
        directory.display()
    );
    let storage = "tail_storage: file_storage";
    let all = "{name: all, type: always_sample}";
    let more = sampling_by(dir.path(), storage, &extensions, all);
    let file = dir.path().join("collector.yaml");
    let deciding = std::fs::read_to_string(&file).unwrap();
    let waiting = deciding.replace("decision_wait: 300ms", "decision_wait: 1h");
    let mut next = 0;
    for is_killed in [true, false] {
        std::fs::write(&file, &waiting).unwrap();
        let mut server = start_with(dir.path(), &more);
        let first = next;
        until("a full disk", || {
            let answer = crash_full_disk::send(&server, next);
            let told = String::from_utf8_lossy(&answer.body).into_owned();
            match answer.status {
                200 => next += 1,
                // Another reason to come again.
                429 => {}
                503 => return told.contains("disk is full").then_some(()),
                _ => panic!("{answer:?}"),
            }
            None
        });
        assert!(
            next - first > 40,
            "{} requests filled the disk",
            next - first
        );
        match is_killed {
            true => server.kill(),
            false => assert_eq!(server.terminate(), Some(0)),
        }
        drop(server);
        std::fs::write(&file, &deciding).unwrap();
        let mut server = start_with(dir.path(), &more);
        until("room", || {
            (crash_full_disk::send(&server, next).status == 200).then_some(())
        });
        next += 1;
        decided(&server);
        assert_eq!(server.terminate(), Some(0));
    }
    let server = start_with(dir.path(), &more);
    for number in 0..next {
        let trace = server.get(&format!("/api/traces/{:032x}", number + 1));
        let trace = trace.json();
        let spans = trace["data"][0]["spans"].as_array().map_or(0, Vec::len);
        assert_eq!(spans as u64, crash_full_disk::SPANS, "of trace {number}");
    }
}
