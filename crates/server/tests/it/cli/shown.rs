//! What `tracewell trace` and `tracewell status` print.

use super::*;

fn jaeger_trace(spans: usize) -> String {
    let spans: Vec<String> = (0..spans)
        .map(|index| {
            let (parent, error) = match index {
                0 => (String::new(), false),
                _ => (
                    r#"{"refType":"CHILD_OF","traceID":"abc","spanID":"0"}"#.to_owned(),
                    index == 2,
                ),
            };
            let start_us = 1_790_000_000_123_000 + index * 10_000;
            let duration_us = if index == 0 { 60_000 } else { 20_000 };
            format!(
                r#"{{"traceID":"abc","spanID":"{index}","operationName":"op {index}","references":[{parent}],"startTime":{start_us},"duration":{duration_us},"tags":[{{"key":"error","type":"bool","value":{error}}}],"logs":[],"processID":"p1","warnings":null}}"#
            )
        })
        .collect();
    format!(
        r#"{{"data":[{{"traceID":"abc","spans":[{}],"processes":{{"p1":{{"serviceName":"cart","tags":[]}}}},"warnings":null}}],"total":0,"limit":0,"offset":0,"errors":null}}"#,
        spans.join(",")
    )
}

/// The trace "aaaa…01" as OTLP; its third span failed with HTTP 500.
fn otlp_trace(spans: u64) -> String {
    const START_NS: u64 = 1_790_000_000_123_000_000;
    let spans: Vec<TestSpan> = (0..spans)
        .map(|index| {
            let start_ns = START_NS + index * 10_000_000;
            let span = TestSpan::new(1, index + 1, "cart", &format!("op {index}"), start_ns);
            match index {
                0 => span.lasting_ns(60_000_000),
                2 => span
                    .child_of(1)
                    .lasting_ns(20_000_000)
                    .with("http.status_code", 500.into()),
                _ => span.child_of(1).lasting_ns(20_000_000),
            }
        })
        .collect();
    let json = tracewell_wire::otlp::json::encode(&tracewell_testkit::batch(&spans));
    String::from_utf8(json).unwrap()
}

#[test]
fn trace_draws_a_waterfall() {
    let (request, finished) = ask(&["trace", "abc"], "200 OK", &otlp_trace(3));
    assert_eq!(request, "GET /api/ui/traces/abc/otlp HTTP/1.1");
    let bars: Vec<String> = finished
        .stdout
        .lines()
        .map(|line| line.replace('█', "#"))
        .collect();
    assert_eq!(bars[0], "trace aaaa0000000000000000000000000001");
    assert_eq!(
        bars[1],
        "2026-09-21 14:13:20.123 UTC · 60.0ms · 3 spans · 1 service · 1 error"
    );
    assert!(
        bars[3].starts_with("cart  op 0        60.0ms  ####"),
        "{bars:#?}"
    );
    assert!(
        bars[4].starts_with("├ cart  op 1      20.0ms       "),
        "{bars:#?}"
    );
    assert!(
        bars[5].starts_with("└ cart  op 2 !    20.0ms            "),
        "{bars:#?}"
    );
    assert_eq!(bars.len(), 6);
    assert_eq!(finished.code, Some(0));
}

#[test]
fn trace_as_json_is_what_the_server_said() {
    let (_, finished) = ask(&["trace", "abc", "--json"], "200 OK", &jaeger_trace(2));
    let answer: serde_json::Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!(
        answer,
        serde_json::from_str::<serde_json::Value>(&jaeger_trace(2)).unwrap()
    );
}

#[test]
fn output_into_a_closed_pipe_is_no_error() {
    let (address, _served) = answer_once("200 OK", otlp_trace(20_000));
    let mut child = tracewell(&["trace", "abc"], &[("TRACEWELL_SERVER", &address)])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut first)
        .unwrap();
    assert_eq!(first, "trace aaaa0000000000000000000000000001\n");
    let mut complaint = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut complaint)
        .unwrap();
    assert_eq!(complaint, "");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn status_tells_addresses_spans_and_store() {
    let body = r#"{"version":"1.2.3","uptimeSeconds":7322,"spans":{"received":1000,"inFlight":0,"stored":990,"rejected":10},"endpoints":[{"name":"OTLP gRPC","address":"127.0.0.1:4317"}],"store":{"spans":990,"bytes":39600,"blocks":2,"oldestNs":"1790000000000000000","newestNs":"1790000001500000000","unhealthy":"no space left","degraded":"1 block is damaged","compaction":{"merges":3,"spans":2400,"bytes":99,"duplicates":1,"backlogBlocks":8,"backlogBytes":2048,"running":{"spans":960000,"written":412000},"trouble":"block 7 is damaged"},"disk":{"dataDir":"/var/lib/tracewell","freeBytes":2147483648}}}"#;
    let (request, finished) = ask(&["status"], "200 OK", body);
    assert_eq!(request, "GET /api/status HTTP/1.1");
    let (heading, rest) = finished.stdout.split_once('\n').unwrap();
    assert!(
        heading.starts_with("tracewell 1.2.3 at http://127.0.0.1:"),
        "{heading}"
    );
    assert_eq!(
        rest,
        "  up                 2h 2m
  OTLP gRPC          127.0.0.1:4317
  in the store       990 spans, 2 blocks, 38.7 KiB, 40 bytes a span
  spans from         2026-09-21 14:13:20.000 to 2026-09-21 14:13:21.500 UTC
  in                 /var/lib/tracewell, 2.00 GiB free
  unhealthy          no space left
  degraded           1 block is damaged
  compaction         3 merges, 2,400 spans, 1 duplicate removed
  merging            42 % of 960,000 spans
  to be merged       8 blocks, 2.00 KiB
  merging fails      block 7 is damaged
  received           1,000 spans
  stored             990 spans
  rejected           10 spans
  in flight          0 spans
"
    );
}

#[test]
fn status_tells_what_was_thrown_away_put_right_and_not_taken() {
    let body = r#"{"version":"1","uptimeSeconds":1,"receivers":[
        {"ignored":{"metrics":20},"ignoredItems":{"metrics":12000},"repaired":{"utf8":1}},
        {"ignored":{"metrics":3},"ignoredItems":{"metrics":345},"repaired":{"utf8":2}}],
        "complaints":[{"receiver":"otlp_http","reason":"undecodable","peer":"10.0.0.7:5000",
        "userAgent":"shop/1","path":"/v1/traces","message":"line 1: no","times":2,
        "lastNs":"1790000000000000000"}]}"#;
    let (_, finished) = ask(&["status"], "200 OK", body);
    for want in [
        "thrown away        12,345 metric points in 23 requests: only traces are stored",
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
        "put right          bytes that are not UTF-8 replaced, 3 places",
        "not taken          2026-09-21 14:13:20.000 UTC, 2 requests of shop/1 at 10.0.0.7:5000 \
         to /v1/traces: line 1: no",
    ] {
        let shown = &finished.stdout;
        assert!(shown.contains(want), "{want} is not in\n{shown}");
    }
}
