//! The accounts of a whole graph, read while spans go through it: what comes out of
//! one component goes into the next, and every span is somewhere.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use tracewell_testkit::{TestSpan, batch};
use tracewell_wire::otlp::protobuf;

use crate::running::Running;

/// Requests, and traces of two spans in each.
const REQUESTS: u64 = 60;
const TRACES: u64 = 40;

fn body(request: u64) -> Vec<u8> {
    let spans: Vec<TestSpan> = (0..TRACES)
        .flat_map(|trace| {
            let id = 1 + request * TRACES + trace;
            let mixed = id.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mut spans = [1, 2].map(|span| TestSpan::new(id, span, "shop", "buy", 1_000));
            spans[1].name = "noise".to_owned();
            for span in &mut spans {
                span.trace_id.0[9..].copy_from_slice(&mixed.to_be_bytes()[1..]);
            }
            spans
        })
        .collect();
    protobuf::encode(&batch(&spans))
}

/// Spans that went into a component and came out of it, by way out; checked.
struct Account {
    received: u64,
    out: u64,
    passed: u64,
}

fn account(of: &Value, passed: &str) -> Account {
    let number = |value: &Value| value.as_u64().unwrap();
    let sum = |value: &Value| match value {
        Value::Object(reasons) => reasons.values().map(number).sum(),
        other => number(other),
    };
    let dropped = of.get("dropped").map_or(0, sum);
    let account = Account {
        received: number(&of["received"]),
        out: number(&of[passed]) + dropped + sum(&of["rejected"]),
        passed: number(&of[passed]),
    };
    assert_eq!(
        account.received,
        account.out + number(&of["inFlight"]),
        "{of}"
    );
    account
}

/// Receiver, filter, sampler, exporter of one moment. They are read one after another,
/// from the receivers on, so a later one may have more than came in before.
fn check(status: &Value) -> [Account; 4] {
    let spans = &status["spans"];
    let processors = status["processors"].as_array().unwrap();
    let of = |name: &str| processors.iter().find(|of| of["name"] == name).unwrap();
    [
        account(spans, "stored"),
        account(of("filter"), "passed"),
        account(of("probabilistic_sampler"), "passed"),
        account(&status["exporters"][0], "sent"),
    ]
}

#[test]
fn every_span_is_somewhere_at_every_moment() {
    let dirs = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let backend = Running::start(dirs[0].path(), &[]);
    let file = dirs[1].path().join("collector.yaml");
    let text = format!(
        "receivers: {{otlp: {{protocols: {{http: {{endpoint: \"127.0.0.1:0\"}}}}}}}}
processors:
  filter: {{trace_conditions: ['span.name == \"noise\"']}}
  probabilistic_sampler: {{mode: equalizing, sampling_percentage: 50}}
  batch: {{timeout: 5ms}}
exporters: {{otlp: {{endpoint: \"http://{}\"}}}}
service:
  pipelines:
    traces: {{receivers: [otlp], processors: [filter, probabilistic_sampler, batch], exporters: [otlp]}}
",
        backend.address("otlp-grpc")
    );
    std::fs::write(&file, text).unwrap();
    let front = Running::start_pipelines(&dirs[1].path().join("unused"), &file);
    let is_over = AtomicBool::new(false);
    let looked = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut looked = 0;
            let mut before = [0; 4];
            while !is_over.load(Ordering::Relaxed) {
                let now = check(&front.get("/api/status").json());
                for (account, before) in now.iter().zip(&mut before) {
                    assert!(account.received >= *before, "an account went back");
                    assert!(account.out <= account.received);
                    *before = account.received;
                }
                looked += 1;
            }
            looked
        });
        (0..REQUESTS).for_each(|request| front.store(body(request)));
        is_over.store(true, Ordering::Relaxed);
        reader.join().unwrap()
    });
    assert!(looked > 0);
    let [receiver, filter, sampler, exporter] = check(&front.get("/api/status").json());
    let all = 2 * REQUESTS * TRACES;
    assert_eq!([receiver.received, receiver.passed], [all, all]);
    assert_eq!([filter.received, filter.passed], [all, all / 2]);
    assert_eq!(sampler.received, all / 2);
    assert!(
        (all / 5..all / 3).contains(&sampler.passed),
        "{}",
        sampler.passed
    );
    assert_eq!([exporter.received, exporter.passed], [sampler.passed; 2]);
    let stored = backend.get("/api/status").json()["store"]["spans"].as_u64();
    assert_eq!(stored, Some(exporter.passed));
}
