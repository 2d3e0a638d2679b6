//! Clients of the protocols before OTLP, against the whole server.

use crate::running::{Running, request, until};
use std::net::UdpSocket;
use tracewell_testkit::thrift::{binary, binary_call, jaeger_batch};

/// Name and service of the one span of a trace, once it is there.
fn found(server: &Running, trace: &str) -> (String, String) {
    let path = format!("/api/traces/{trace}");
    // Datagrams are not answered.
    let answer = until(&path, || {
        let answer = server.get(&path);
        (answer.status == 200).then(|| answer.json())
    });
    let trace = &answer["data"][0];
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let name = text(&trace["spans"][0]["operationName"]);
    (name, text(&trace["processes"]["p1"]["serviceName"]))
}

#[test]
fn each_port_takes_what_its_clients_send() {
    let data = tempfile::tempdir().unwrap();
    let server = Running::start(data.path(), &[]);
    let zipkin = r#"[{"traceId":"a1","id":"1","name":"get","timestamp":1700000000000000,
        "localEndpoint":{"serviceName":"old"}}]"#;
    let url = server.url("zipkin", "/api/v2/spans");
    assert_eq!(
        request("POST", &url, "application/json", zipkin.into()).status,
        202
    );
    let url = server.url("jaeger-http", "/api/traces");
    let batch = binary(&jaeger_batch(0xa2, "http"));
    assert_eq!(
        request("POST", &url, "application/x-thrift", batch).status,
        202
    );
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    for (trace, port) in [
        (0xa3, "jaeger-compact"),
        (0xa4, "jaeger-binary"),
        (0xa5, "jaeger-zipkin"),
    ] {
        let datagram = binary_call("emitBatch", &jaeger_batch(trace, port));
        socket.send_to(&datagram, server.address(port)).unwrap();
    }
    for (trace, name) in [
        ("a1", "get"),
        ("a2", "http"),
        ("a3", "jaeger-compact"),
        ("a4", "jaeger-binary"),
        ("a5", "jaeger-zipkin"),
    ] {
        assert_eq!(found(&server, trace), (name.to_owned(), "old".to_owned()));
    }
    // A span is shown before the account of it is closed.
    for name in [
        "zipkin",
        "jaeger_thrift_http",
        "jaeger_thrift_compact",
        "jaeger_thrift_binary",
        "jaeger_zipkin_compact",
    ] {
        until(name, || (stored(&server, name) == 1).then_some(()));
    }
    assert_eq!(stored(&server, "jaeger_grpc"), 0);
}

#[test]
fn zipkins_port_answers_what_a_zipkin_server_is_asked() {
    let data = tempfile::tempdir().unwrap();
    let server = Running::start(data.path(), &[]);
    let sent = r#"[{"traceId":"00000000000000a1","id":"0000000000000001","kind":"SERVER","name":"get",
        "timestamp":1700000000000000,"duration":5,"localEndpoint":{"serviceName":"old"}}]"#;
    let url = server.url("zipkin", "/api/v2/spans");
    assert_eq!(
        request("POST", &url, "application/json", sent.into()).status,
        202
    );
    let ask = |path: &str| request("GET", &server.url("zipkin", path), "", Vec::new());
    let sent: serde_json::Value = serde_json::from_str(sent).unwrap();
    let trace = until("the trace", || {
        let answer = ask("/api/v2/trace/a1");
        (answer.status == 200).then(|| answer.json())
    });
    assert_eq!(trace, sent);
    assert_eq!(
        ask("/zipkin/api/v2/services").json(),
        serde_json::json!(["old"])
    );
    assert_eq!(ask("/health").status, 200);
    let page = ask("/zipkin/");
    assert_eq!(page.status, 404);
    assert_eq!(
        page.json()["hint"],
        "the user interface is on the query port"
    );
    // It is no door to anything else.
    assert_eq!(ask("/api/status").status, 404);
    assert_eq!(ask("/api/traces?service=old").status, 404);
}

/// Spans that a receiver has handed on.
fn stored(server: &Running, receiver: &str) -> u64 {
    let status = server.get("/api/status").json();
    let mut receivers = status["receivers"].as_array().unwrap().iter();
    let of_name = receivers.find(|one| one["name"] == receiver);
    of_name.unwrap()["stored"].as_u64().unwrap()
}

#[test]
fn a_port_that_is_off_is_not_there() {
    let data = tempfile::tempdir().unwrap();
    let server = Running::start(data.path(), &["--zipkin-port", "off"]);
    let status = server.get("/api/status").json();
    let endpoints = status["endpoints"].to_string();
    assert!(!endpoints.contains("Zipkin"), "{endpoints}");
    assert!(endpoints.contains("Jaeger gRPC"), "{endpoints}");
}

#[test]
fn a_changed_file_of_strategies_is_answered() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("strategies.json");
    let strategies = |share: f64| {
        format!(r#"{{"default_strategy": {{"type": "probabilistic", "param": {share}}}}}"#)
    };
    // Whole, as editors do it: nobody sees half a file.
    let replace = |content: String| {
        let new = data.path().join("new");
        std::fs::write(&new, content).unwrap();
        std::fs::rename(&new, &file).unwrap();
    };
    replace(strategies(0.5));
    let flag = ["--sampling-strategies-file", file.to_str().unwrap()];
    let store = data.path().join("store");
    let server = Running::start(&store, &flag);
    let url = server.url("sampling-http", "/sampling?service=cart");
    let share = || {
        let answer = request("GET", &url, "", Vec::new());
        assert_eq!(answer.status, 200);
        answer.json()["probabilisticSampling"]["samplingRate"].as_f64()
    };
    assert_eq!(share(), Some(0.5));
    // What is wrong is told and changes nothing, and what comes after it is read.
    for fault in [
        "{oops",
        r#"{"default_strategy": {"type": "probabilistic", "param": 7}}"#,
    ] {
        let told = server.log().len();
        replace(fault.to_owned());
        let is_told = || {
            let log = &server.log()[told..];
            let mut lines = log
                .lines()
                .filter(|line| line.contains("left as they were"));
            lines.next().map(str::to_owned)
        };
        let line = until(fault, is_told);
        assert!(line.contains("strategies.json"), "{line}");
        assert_eq!(share(), Some(0.5));
    }
    replace(strategies(0.25));
    until("the new share", || (share() == Some(0.25)).then_some(()));
}

#[test]
fn a_wrong_file_of_strategies_keeps_from_starting() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("strategies.json");
    std::fs::write(
        &file,
        r#"{"default_strategy": {"type": "probabilistic", "param": 7}}"#,
    )
    .unwrap();
    let file = file.to_str().unwrap();
    let flag = ["--sampling-strategies-file", file];
    let refusal = crate::lifecycle::refused_on_free_ports(data.path(), &flag);
    assert!(
        refusal.contains(file) && refusal.contains("0 to 1"),
        "{refusal}"
    );
    // It was said before anything was done.
    assert!(!data.path().join("store").exists());
}

#[test]
fn who_only_looks_needs_no_strategies() {
    let data = tempfile::tempdir().unwrap();
    let mut server = Running::start(data.path(), &[]);
    assert_eq!(server.terminate(), Some(0));
    let file = data.path().join("missing.json");
    let flag = ["--sampling-strategies-file", file.to_str().unwrap()];
    let server = Running::start(data.path(), &[&flag[..], &["--read-only"]].concat());
    assert_eq!(server.get("/api/status").status, 200);
}

#[test]
fn a_small_socket_buffer_is_told_with_what_mends_it() {
    let allowed = std::fs::read_to_string("/proc/sys/net/core/rmem_max").unwrap_or_default();
    if !allowed
        .trim()
        .parse()
        .is_ok_and(|bytes: usize| bytes < 8 << 20)
    {
        eprintln!("skipped: this system gives as much as is asked for, or does not say");
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let server = Running::start(data.path(), &[]);
    let fix = "net.core.rmem_max=8388608";
    until(fix, || server.log().contains(fix).then_some(()));
}
