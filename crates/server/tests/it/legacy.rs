//! Clients of the protocols before OTLP, against the whole server.

use crate::running::{Running, request};
use std::net::UdpSocket;

/// A batch of Jaeger's Thrift: ids, a name and a start, in the binary protocol.
fn thrift_batch(trace: i64, name: &str) -> Vec<u8> {
    let mut out = vec![12, 0, 1, 11, 0, 1, 0, 0, 0, 3];
    out.extend(b"old\x00\x0f\x00\x02\x0c\x00\x00\x00\x01");
    for (id, number) in [(1i16, trace), (2, 0), (3, 8), (8, 1_700_000_000_000_000)] {
        out.push(10);
        out.extend(id.to_be_bytes());
        out.extend(number.to_be_bytes());
    }
    out.extend([11, 0, 5]);
    out.extend((name.len() as u32).to_be_bytes());
    out.extend(name.as_bytes());
    out.extend([0, 0]);
    out
}

fn datagram(trace: i64, name: &str) -> Vec<u8> {
    let mut out = b"\x80\x01\x00\x04\x00\x00\x00\x09emitBatch\x00\x00\x00\x00\x0c\x00\x01".to_vec();
    out.extend(thrift_batch(trace, name));
    out.push(0);
    out
}

/// Name and service of the one span of a trace, once it is there.
fn found(server: &Running, trace: &str) -> (String, String) {
    let path = format!("/api/traces/{trace}");
    let answer = loop {
        // Datagrams are not answered.
        let answer = server.get(&path);
        if answer.status == 200 {
            break answer.json();
        }
        std::thread::yield_now();
    };
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
    let batch = thrift_batch(0xa2, "http");
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
        socket
            .send_to(&datagram(trace, port), server.address(port))
            .unwrap();
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
        while stored(&server, name) != 1 {
            std::thread::yield_now();
        }
    }
    assert_eq!(stored(&server, "jaeger_grpc"), 0);
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
    std::fs::write(&file, strategies(0.5)).unwrap();
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
    // What is wrong changes nothing, and what comes after it is read.
    std::fs::write(&file, "{oops").unwrap();
    assert_eq!(share(), Some(0.5));
    std::fs::write(&file, strategies(0.25)).unwrap();
    while share() != Some(0.25) {
        std::thread::yield_now();
    }
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
}
