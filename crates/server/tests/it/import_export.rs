//! Traces leave a server as files and come into another one unchanged.

mod failures;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tracewell_testkit::spans::{TestSpan, batch, flatten};
use tracewell_testkit::{Random, shared_data};
use tracewell_wire::otlp;

use crate::process::{Finished, run, tracewell};
use crate::running::Running;

const START_NS: u64 = 1_700_000_000_000_000_000;

/// A server without files, for those who only ask it.
fn start(dir: &Path) -> Running {
    Running::start(dir, &[])
}

fn import(server: &Running, arguments: &[&str]) -> Finished {
    let endpoint = server.url("otlp-http", "");
    run(&[&["import", "--endpoint", &endpoint], arguments].concat())
}

fn export(server: &Running, arguments: &[&str]) -> Finished {
    let address = server.url("query-http", "");
    run(&[&["export", "--server", &address], arguments].concat())
}

/// Everything a server has, read from its export endpoint, sorted.
fn spans_of(server: &Running) -> Vec<TestSpan> {
    let answer = server.get("/api/export");
    assert_eq!(answer.status, 200);
    spans_in(&answer.body)
}

/// The spans of an answer of the export endpoint, sorted.
fn spans_in(body: &[u8]) -> Vec<TestSpan> {
    let (mut rest, mut spans) = (body, Vec::new());
    loop {
        let (length, tail) = rest.split_first_chunk::<4>().unwrap();
        let length = u32::from_be_bytes(*length) as usize;
        if length == 0 {
            assert!(tail.is_empty(), "the empty record is the last");
            break;
        }
        let decoded = otlp::protobuf::decode(&tail[..length]).unwrap();
        assert_eq!(decoded.rejected.total(), 0);
        spans.extend(flatten(&decoded.batch));
        rest = &tail[length..];
    }
    spans.sort_by_key(|span| (span.trace_id, span.span_id));
    spans
}

/// All traces as Jaeger's API shows them, processes put into their spans.
fn jaeger_view(server: &Running) -> BTreeMap<String, Vec<Value>> {
    let mut view = BTreeMap::new();
    for trace in spans_of(server).into_iter().map(|span| span.trace_id) {
        let id = trace.to_string();
        if view.contains_key(&id) {
            continue;
        }
        let answer = server.get(&format!("/api/traces/{id}")).json();
        let trace = &answer["data"][0];
        let mut spans: Vec<Value> = trace["spans"].as_array().unwrap().clone();
        for span in &mut spans {
            let process = span["processID"].as_str().unwrap().to_owned();
            span["processID"] = trace["processes"][&process].clone();
        }
        spans.sort_by_key(|span| span["spanID"].to_string());
        view.insert(id, spans);
    }
    view
}

fn stored(server: &Running) -> u64 {
    let status = server.get("/api/status").json();
    status["spans"]["stored"].as_u64().unwrap()
}

#[test]
fn every_format_brings_the_same_traces_into_another_server() {
    let dir = tempfile::tempdir().unwrap();
    let spans = Random::new(7).spans(600, START_NS);
    let source = start(&dir.path().join("source"));
    for part in spans.chunks(100) {
        source.store(otlp::protobuf::encode(&batch(part)));
    }
    let before = spans_of(&source);
    assert_eq!(before.len(), 600);
    for (format, file) in [
        ("otlp", "traces.otlp"),
        ("otlp-json", "traces.jsonl"),
        ("parquet", "traces.parquet"),
        ("jaeger", "traces.json"),
    ] {
        let path = dir.path().join(file);
        let path = path.to_str().unwrap();
        let done = export(&source, &["--format", format, "--output", path]);
        assert_eq!(done.code, Some(0), "{format}: {}", done.stderr);
        assert_eq!(done.stdout, "");
        assert!(done.stderr.starts_with("exported "), "{}", done.stderr);
        assert!(done.stderr.contains("with 600 spans ("), "{}", done.stderr);
        let target = start(&dir.path().join(format));
        let done = import(&target, &["--format", format, path]);
        assert_eq!(done.code, Some(0), "{format}: {}", done.stderr);
        assert!(
            done.stdout.contains("acknowledged   600 spans"),
            "{}",
            done.stdout
        );
        if format == "jaeger" {
            assert_eq!(jaeger_view(&target), jaeger_view(&source));
        } else {
            assert_eq!(spans_of(&target), before, "{format}");
        }
        let again = import(&target, &[path, path]);
        assert_eq!(again.code, Some(0), "{}", again.stderr);
        assert_eq!(spans_of(&target).len(), 600, "{format}: nothing twice");
    }
}

#[test]
fn an_export_holds_whole_traces_that_match_in_the_range() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path());
    let mut spans = Vec::new();
    for trace in 1..=5 {
        let start_ns = START_NS + trace * 1_000_000_000;
        spans.push(TestSpan::new(trace, 2 * trace, "cart", "GET /", start_ns));
        let child = TestSpan::new(trace, 2 * trace + 1, "pg", "SELECT", start_ns + 5);
        spans.push(child.child_of(2 * trace));
    }
    server.store(otlp::protobuf::encode(&batch(&spans)));
    let lines = |arguments: &[&str]| {
        let done = export(&server, &[&["--format", "otlp-json"], arguments].concat());
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        done.stdout.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(lines(&[]).len(), 5);
    let all = lines(&["--query", "name = \"SELECT\""]);
    assert_eq!(all.len(), 5);
    assert!(
        all.iter()
            .all(|line| line.contains("GET /") && line.contains("SELECT"))
    );
    assert!(all[0].contains("\"traceId\":\"aaaa0000000000000000000000000005\""));
    let one = lines(&[
        "--from",
        "2023-11-14T22:13:23Z",
        "--to",
        "2023-11-14T22:13:24Z",
    ]);
    assert_eq!(one.len(), 1);
    assert!(one[0].contains("aaaa0000000000000000000000000003"));
    let none = export(
        &server,
        &["--format", "otlp-json", "--query", "name = \"x\""],
    );
    assert_eq!((none.code, none.stdout.as_str()), (Some(1), ""));
    assert_eq!(
        none.stderr,
        "error: no trace matches; widen --from and --to, or loosen --query\n"
    );
    let wrong = export(&server, &["--format", "otlp-json", "--from", "later"]);
    assert_eq!(wrong.code, Some(2));
    assert!(
        wrong.stderr.contains("from: \"later\" is not a time"),
        "{}",
        wrong.stderr
    );
}

const GOOD: &str = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","name":"GET /"}]}]}]}"#;

#[test]
fn what_cannot_be_imported_is_named_and_the_rest_is_imported() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(&dir.path().join("data"));
    let lines = dir.path().join("traces.jsonl");
    let bad_id = GOOD.replace("b7ad6b7169203331", "b7");
    let other = GOOD.replace("b7ad6b7169203331", "b7ad6b7169203332");
    let torn = &GOOD[..60];
    let text = format!("{GOOD}\n{torn}\n{bad_id}\n{{\"resourceLogs\":[]}}\n{{\"a\":1}}\n{other}\n");
    std::fs::write(&lines, text).unwrap();
    let noise = dir.path().join("noise.bin");
    std::fs::write(&noise, "no traces here").unwrap();
    let (lines, noise) = (lines.to_str().unwrap(), noise.to_str().unwrap());
    let absent = dir.path().join("absent");
    let absent = absent.to_str().unwrap();

    let done = import(&server, &[noise, lines, absent]);
    assert_eq!(done.code, Some(1));
    let expected = [
        format!(
            "{noise}: it is neither OTLP (protobuf or JSON) nor Jaeger JSON nor Parquet, plain \
             or compressed with gzip or zstd"
        ),
        format!("{lines}, record 2 (byte 149): the line ends within a value"),
        format!(
            "{lines}, record 3 (byte 210): 1 span rejected: spanId must be 16 hexadecimal \
             digits, got 2 (resource 0, scope 0, span 0)"
        ),
        format!(
            "{lines}, record 4 (byte 347): the object is neither OTLP nor Jaeger: it has no \
             resourceSpans, data or spans"
        ),
        format!("{absent}: cannot be opened: No such file or directory (os error 2)"),
        "error: 5 problems above; everything else was imported".to_owned(),
    ];
    let told: Vec<&str> = done.stderr.lines().collect();
    assert_eq!(told.len(), expected.len(), "{}", done.stderr);
    for (told, expected) in told.iter().zip(&expected) {
        // Bytes are those of this text; what matters is the record.
        let told = told.split(" (byte ").next().unwrap();
        assert_eq!(told, expected.split(" (byte ").next().unwrap());
    }
    assert_eq!(
        done.stdout,
        "  read           3 spans in 3 records of 3 files\n  \
           sent           2 spans\n  \
           acknowledged   2 spans\n  \
           rejected       1 span\n  \
           passed         1 of metrics, logs, profiles\n"
    );
    assert_eq!(spans_of(&server).len(), 2);

    let insisted = import(&server, &["--format", "jaeger", lines]);
    assert_eq!(insisted.code, Some(1));
    assert!(insisted.stderr.contains("record 1"), "{}", insisted.stderr);
    assert!(
        insisted.stderr.contains("it is not Jaeger JSON"),
        "{}",
        insisted.stderr
    );
}

#[test]
fn standard_input_and_compressed_files_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(&dir.path().join("data"));
    let gzip = dir.path().join("traces.gz");
    let file = std::fs::File::create(&gzip).unwrap();
    let mut encoder = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    encoder.write_all(GOOD.as_bytes()).unwrap();
    encoder.finish().unwrap();
    let other = GOOD.replace("b7ad6b7169203331", "b7ad6b7169203332");
    let zstd = zstd::bulk::compress(other.as_bytes(), 1).unwrap();

    let endpoint = server.url("otlp-http", "");
    let path = gzip.to_str().unwrap();
    let mut child = tracewell(
        &["import", "--json", "--endpoint", &endpoint, "-", path],
        &[],
    )
    .stdin(Stdio::piped())
    .stdout(Stdio::piped())
    .spawn()
    .unwrap();
    child.stdin.take().unwrap().write_all(&zstd).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(result["spans"]["acknowledged"], 2);
    assert_eq!(
        (&result["files"], &result["records"]),
        (&2.into(), &2.into())
    );
    assert_eq!(result["problems"], Value::Array(Vec::new()));
    assert_eq!(stored(&server), 2);
}
