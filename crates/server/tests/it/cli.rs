//! The client commands against a server that answers as documented.

mod shown;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::Stdio;
use std::thread;

use tracewell_testkit::TestSpan;

use crate::process::{Finished, run, run_in, tracewell};

/// Answers the next connection with one fixed response and hands back the
/// request line.
fn answer_once(status: &str, body: String) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let status = status.to_owned();
    let served = thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(connection.try_clone().unwrap()).lines();
        let request_line = lines.next().unwrap().unwrap();
        while !lines.next().unwrap().unwrap().is_empty() {}
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        // The command may stop reading early; that is its right.
        let _stopped = connection.write_all(head.as_bytes());
        let _stopped = connection.write_all(body.as_bytes());
        request_line
    });
    (address, served)
}

/// Runs a command against a fixed answer; gives the request line as well.
fn ask(arguments: &[&str], status: &str, body: &str) -> (String, Finished) {
    let (address, served) = answer_once(status, body.to_owned());
    let finished = run_in(
        std::path::Path::new("."),
        arguments,
        &[("TRACEWELL_SERVER", &address)],
    );
    (served.join().unwrap(), finished)
}

const FOUND: &str = concat!(
    r#"{"type":"trace","traceId":"0af7651916cd43dd8448eb211c80319c","rootService":"storefront","rootName":"POST /checkout","startNs":"1790000000123000000","durationNs":"85140000","spanCount":1234,"errorCount":2,"orphanCount":0,"matchedCount":1,"matched":["b7ad6b7169203331"],"services":[{"name":"storefront","spanCount":1234,"errorCount":2}],"bars":[[0,0,1,0,0]]}"#,
    "\n",
    r#"{"type":"progress","searchedBlocks":1,"totalBlocks":2,"searchedBytes":10}"#,
    "\n",
    r#"{"type":"trace","traceId":"00000000000000000000000000000001","rootService":null,"rootName":null,"startNs":"1790000000000000000","durationNs":"900","spanCount":1,"errorCount":0,"orphanCount":1,"matchedCount":1,"matched":[],"services":[],"bars":[]}"#,
    "\n",
    r#"{"type":"done","elapsedMs":3,"searchedBlocks":2,"totalBlocks":2,"searchedBytes":20,"searchedSpans":1235,"cursor":null,"partial":"one block is damaged"}"#,
    "\n"
);

#[test]
fn search_prints_a_table_for_people() {
    let (request, finished) = ask(
        &["search", "--service", "storefront", "--since", "2h"],
        "200 OK",
        FOUND,
    );
    assert_eq!(
        request,
        "GET /api/ui/search?q=%7B%20resource.service.name%20%3D%20%22storefront%22%20%7D&from=now-7200s&to=now&limit=20 HTTP/1.1"
    );
    assert_eq!(
        finished.stdout,
        "\
START (UTC)               DURATION    SPANS  ERRORS  TRACE ID                          SERVICE     OPERATION
2026-09-21 14:13:20.123     85.1ms    1,234       2  0af7651916cd43dd8448eb211c80319c  storefront  POST /checkout
2026-09-21 14:13:20.000      900ns        1          00000000000000000000000000000001  (no root)   (no root)
"
    );
    assert_eq!(
        finished.stderr,
        "warning: the result is incomplete: one block is damaged\n"
    );
    assert_eq!(finished.code, Some(0));
}

#[test]
fn search_prints_json_lines_for_scripts() {
    let (_, finished) = ask(&["search", "--json"], "200 OK", FOUND);
    let lines: Vec<serde_json::Value> = finished
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["traceId"], "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(lines[0]["durationNs"], "85140000");
    assert_eq!(lines[0]["errorCount"], 2);
    assert_eq!(lines[1]["rootService"], serde_json::Value::Null);
}

#[test]
fn search_says_that_newer_spans_match() {
    let answer = r#"{"type":"done","newerNs":"4102444800000000000"}"#;
    let arguments = ["search", "--until", "2027-01-15T08:00:00Z"];
    let (request, finished) = ask(&arguments, "200 OK", answer);
    assert!(
        request.contains("&to=2027-01-15T08%3A00%3A00Z&"),
        "{request}"
    );
    let note = finished.stderr.lines().next().unwrap();
    assert_eq!(
        note,
        "note: matching spans are dated after the searched time, up to \
         2100-01-01 00:00:00.000; --until 9999-12-31 shows them"
    );
}

#[test]
fn search_says_how_much_was_searched() {
    let (_, finished) = ask(&["search", "--stats"], "200 OK", FOUND);
    let told = finished.stderr.lines().last().unwrap();
    assert_eq!(told, "searched 2 of 2 blocks, 1,235 spans, 20 B in 3 ms");
    let (_, finished) = ask(&["search", "--stats", "--json"], "200 OK", FOUND);
    let told: serde_json::Value =
        serde_json::from_str(finished.stderr.lines().last().unwrap()).unwrap();
    assert_eq!(told["searchedBlocks"], 2);
    assert_eq!(told["searchedBytes"], 20);
}

#[test]
fn search_counts_instead_of_showing() {
    let answer = r#"{"spans":1234567,"traces":8901,"exact":true,"partial":null,"elapsedMs":12,"searchedBlocks":3,"totalBlocks":9,"searchedBytes":4096,"searchedSpans":2000000}"#;
    let (request, finished) = ask(&["search", "--count", "error"], "200 OK", answer);
    assert_eq!(
        request,
        "GET /api/ui/count?q=%7B%20error%20%3D%20true%20%7D&from=now-3600s&to=now HTTP/1.1"
    );
    assert_eq!(finished.stdout, "1,234,567 spans in 8,901 traces\n");
    assert_eq!((finished.stderr.as_str(), finished.code), ("", Some(0)));

    let (_, finished) = ask(&["search", "--count", "--json"], "200 OK", answer);
    let (told, said): (serde_json::Value, serde_json::Value) = (
        serde_json::from_str(&finished.stdout).unwrap(),
        serde_json::from_str(answer).unwrap(),
    );
    assert_eq!(told, said);

    let rough = answer
        .replace("8901", "null")
        .replace("true", "false")
        .replace(r#""partial":null"#, r#""partial":"the time was over""#);
    let (_, finished) = ask(&["search", "--count"], "200 OK", &rough);
    assert_eq!(
        finished.stdout,
        "1,234,567 spans in too many traces to count\n"
    );
    assert_eq!(
        finished.stderr,
        "warning: the result is incomplete: the time was over\n\
         note: spans that were stored twice may have been counted twice\n"
    );
}

const SERIES: &str = r#"{"kind":"series","unit":"/s","startNs":"1790000000000000000","stepNs":"60000000000","count":4,"series":[{"labels":[{"name":"resource.service.name","value":"cart"}],"values":[0,null,2.5,5]},{"labels":[{"name":"resource.service.name","value":"a, \"b\""}],"values":[0.125,0,0,0]}],"exact":false,"partial":"one block is damaged","elapsedMs":3,"searchedBlocks":2,"totalBlocks":2,"searchedBytes":20,"searchedSpans":1235}"#;

#[test]
fn query_prints_series_as_a_table_for_people() {
    let query = "{ } | rate() by (resource.service.name)";
    let arguments = ["query", query, "--since", "2h", "--step", "1m", "--stats"];
    let (request, finished) = ask(&arguments, "200 OK", SERIES);
    assert_eq!(
        request,
        "GET /api/ui/metrics?q=%7B%20%7D%20%7C%20rate%28%29%20by%20%28resource.service.name%29&from=now-7200s&to=now&step=1m&series=100 HTTP/1.1"
    );
    assert_eq!(
        finished.stdout,
        "\
SERIES  LAST      MAX       MEAN  2026-09-21 14:13:20 TO 2026-09-21 14:16:20 (UTC), EVERY 60.0s
cart     5/s      5/s      2.5/s  ▁ ▅█
a, \"b\"   0/s  0.125/s  0.03125/s  █▁▁▁
"
    );
    assert_eq!(
        finished.stderr,
        "warning: the result is incomplete: one block is damaged\n\
         note: spans that were stored twice may have been counted twice\n\
         searched 2 of 2 blocks, 1,235 spans, 20 B in 3 ms\n"
    );
    assert_eq!(finished.code, Some(0));
}

#[test]
fn query_prints_series_for_scripts() {
    let (_, finished) = ask(&["query", "{ } | rate()", "--csv"], "200 OK", SERIES);
    let mut lines = finished.stdout.lines();
    assert_eq!(lines.next(), Some("time,resource.service.name,value"));
    assert_eq!(lines.next(), Some("2026-09-21T14:13:20.000Z,cart,0"));
    assert_eq!(lines.next(), Some("2026-09-21T14:15:20.000Z,cart,2.5"));
    let last = lines.next_back();
    assert_eq!(last, Some(r#"2026-09-21T14:16:20.000Z,"a, ""b""",0"#));
    let (_, finished) = ask(&["query", "{ } | rate()", "--json"], "200 OK", SERIES);
    let lines: Vec<serde_json::Value> = finished
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        lines[0],
        serde_json::json!({
            "labels": {"resource.service.name": "cart"},
            "unit": "/s",
            "samples": [["1790000000000000000", 0.0], ["1790000120000000000", 2.5], ["1790000180000000000", 5.0]],
        })
    );
    assert_eq!(lines.len(), 2);
}

#[test]
fn a_query_without_series_fails_and_says_what_was_searched() {
    let none = r#"{"kind":"series","unit":"/s","startNs":"0","stepNs":"1","count":1,"series":[],"exact":true,"partial":null,"elapsedMs":1,"searchedBlocks":0,"totalBlocks":0,"searchedBytes":0,"searchedSpans":12}"#;
    let (_, finished) = ask(&["query", "{ .x } | rate()"], "200 OK", none);
    assert_eq!(finished.stdout, "");
    assert_eq!(
        finished.stderr,
        "error: no span of the last 1h counts for { .x } | rate() (12 spans searched); widen --since or loosen the query\n"
    );
    assert_eq!(finished.code, Some(1));
}

const EXPLAINED: &str = r#"{"revision":"6-1","spanCount":1234,"root":{"row":0,"service":"shop","name":"GET /orders"},"pathNs":"100000000","path":[],"selfNs":[],"operations":[{"service":"shop","name":"GET /orders\u001b[2J","kind":"server","criticalNs":"60000000","rows":[0],"spanCount":1},{"service":"shop","name":"SELECT","kind":"client","criticalNs":"40000000","rows":[1,2],"spanCount":1200}],"operationCount":2,"findings":[{"kind":"n-plus-one","title":"N+1 calls","says":"“SELECT a” ran 1200 times, one after another, below shop GET /orders.","lookAt":"Ask once for all of them.","costNs":"39000000","rows":[1],"spanIds":["000000000000000a"],"spanCount":1200}],"leftOut":2}"#;

#[test]
fn explain_says_where_the_time_is_and_what_is_odd() {
    let (request, finished) = ask(&["explain", "abc"], "200 OK", EXPLAINED);
    assert_eq!(request, "GET /api/ui/traces/abc/explain HTTP/1.1");
    assert_eq!(
        finished.stdout,
        "\
shop GET /orders, 100ms of critical path, 1,234 spans

SHARE    TIME  WHERE THE TIME IS
 60 %  60.0ms  shop GET /orders\u{fffd}[2J
 40 %  40.0ms  shop SELECT (1,200 spans)

N+1 calls  39.0ms, 39 %
  “SELECT a” ran 1200 times, one after another, below shop GET /orders.
  Ask once for all of them.
  span 000000000000000a and 1,199 more

2 more are not listed.
"
    );
    assert_eq!(finished.code, Some(0));
    let (_, finished) = ask(&["explain", "abc", "--json"], "200 OK", EXPLAINED);
    let (told, said): (serde_json::Value, serde_json::Value) = (
        serde_json::from_str(&finished.stdout).unwrap(),
        serde_json::from_str(EXPLAINED).unwrap(),
    );
    assert_eq!(told, said);
    let healthy = r#"{"spanCount":1,"root":null,"pathNs":"0","operations":[],"operationCount":0,"findings":[],"leftOut":0}"#;
    let (_, finished) = ask(&["explain", "abc"], "200 OK", healthy);
    assert!(finished.stdout.ends_with("\nNothing odd was found.\n"));
}

#[test]
fn a_search_without_a_result_fails_and_says_what_was_searched() {
    let done = r#"{"type":"done","elapsedMs":1,"searchedBlocks":0,"totalBlocks":0,"searchedBytes":0,"searchedSpans":12,"cursor":null,"partial":null}"#;
    let (_, finished) = ask(&["search", ".x = 1"], "200 OK", done);
    assert_eq!(finished.code, Some(1));
    assert_eq!(finished.stdout, "");
    assert_eq!(
        finished.stderr,
        "error: no trace of the last 1h matches { .x = 1 } (12 spans searched); widen --since or loosen the query\n"
    );
}

#[test]
fn refusals_are_passed_on_in_the_servers_words() {
    for (arguments, status, body, code, told) in [
        (
            &["search", "{ .x = }"][..],
            "400 Bad Request",
            r#"{"code":"bad_request","message":"expected a value after =","hint":"quote text","span":[7,8]}"#,
            2,
            "error: expected a value after =; quote text\n",
        ),
        (
            &["trace", "abc"],
            "404 Not Found",
            r#"{"code":"not_found","message":"trace abc is not stored","hint":"it may be on its way"}"#,
            1,
            "error: trace abc is not stored; it may be on its way\n",
        ),
        (
            &["trace", "abc", "--json"],
            "404 Not Found",
            r#"{"data":null,"total":0,"limit":0,"offset":0,"errors":[{"code":404,"msg":"trace not found"}]}"#,
            1,
            "error: there is no trace abc\n",
        ),
        (
            &["status"],
            "503 Service Unavailable",
            r#"{"code":"unavailable","message":"the store is \u001b[31mclosed"}"#,
            1,
            "error: the store is \u{fffd}[31mclosed\n",
        ),
    ] {
        let (_, finished) = ask(arguments, status, body);
        assert_eq!(
            (finished.code, finished.stderr.as_str()),
            (Some(code), told)
        );
    }
}

#[test]
fn usage_mistakes_need_no_server() {
    for (arguments, told) in [
        (&["trace", "xyz"][..], "\"xyz\" is not a trace id"),
        (&["explain", "xyz"][..], "\"xyz\" is not a trace id"),
        (
            &["search", "--since", "yesterday"],
            "--since: \"yesterday\" is not a duration",
        ),
        (&["search", "--tag", "a"], "--tag: \"a\" is not KEY=VALUE"),
        (
            &["query", "{ error }"],
            "{ error } searches for traces, which `tracewell search` shows",
        ),
        (
            &["query", "{ } | rate()", "--since", "soon"],
            "--since: \"soon\" is not a duration",
        ),
        (
            &["status", "--server", "ftp://x"],
            "only http and https are supported",
        ),
        (&["serch"], "unrecognized subcommand 'serch'"),
    ] {
        let finished = run(arguments);
        assert_eq!(finished.code, Some(2), "{arguments:?}");
        assert!(
            finished.stderr.contains(told),
            "{arguments:?}: {}",
            finished.stderr
        );
    }
}

#[test]
fn a_server_that_is_not_there_is_named_with_what_to_do() {
    // Bound and closed again: nobody listens on it.
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    let finished = run(&["status", "--server", &address]);
    assert_eq!(finished.code, Some(1));
    assert!(
        finished
            .stderr
            .starts_with(&format!("error: cannot reach http://{address}: ")),
        "{}",
        finished.stderr
    );
    assert!(
        finished.stderr.contains("start tracewell there"),
        "{}",
        finished.stderr
    );
    assert_eq!(finished.stderr.lines().count(), 1);
}
