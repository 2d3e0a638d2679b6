//! The sum over a whole graph, read as fast as it can be while spans go through one of
//! every kind of component, while peers fail, and while the file changes: it is right at
//! every moment, and in the end everything is accounted for.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::Value;
use tracewell_testkit::{TestSpan, batch};
use tracewell_wire::otlp::protobuf;

use crate::running::{Running, request, until};

/// Requests, and traces of three spans in each.
const REQUESTS: u64 = 60;
const TRACES: u64 = 20;

fn file(dir: &Path, peer: SocketAddr) -> String {
    let dir = dir.display();
    format!(
        "receivers: {{otlp: {{protocols: {{http: {{endpoint: \"127.0.0.1:0\"}}}}}}}}
extensions: {{file_storage: {{directory: {dir}/queues}}}}
processors:
  filter: {{trace_conditions: ['span.name == \"noise\"']}}
  probabilistic_sampler: {{mode: equalizing, sampling_percentage: 50}}
  tail_sampling: {{decision_wait: 50ms, policies: [{{name: half, type: probabilistic, probabilistic: {{sampling_percentage: 50}}}}]}}
  groupbytrace: {{wait_duration: 20ms}}
  batch: {{timeout: 5ms}}
connectors:
  spanmetrics:
  forward/all:
  routing:
    default_pipelines: [traces/rest]
    table:
      - {{context: span, condition: 'name == \"pay\"', action: copy, pipelines: [traces/archive]}}
exporters:
  tracewell:
  nop:
  file: {{path: {dir}/archive.jsonl}}
  otlp: {{endpoint: \"http://{peer}\", timeout: 2s, retry_on_failure: {{enabled: false}}}}
  otlp/queue:
    endpoint: \"http://{peer}\"
    timeout: 2s
    sending_queue: {{storage: file_storage}}
    retry_on_failure: {{initial_interval: 10ms, max_interval: 50ms}}
service:
  extensions: [file_storage]
  pipelines:
    traces/in: {{receivers: [otlp], processors: [filter], exporters: [forward/all, spanmetrics, routing]}}
    traces/sampled: {{receivers: [forward/all], processors: [tail_sampling, batch], exporters: [otlp/queue, nop]}}
    traces/direct: {{receivers: [forward/all], processors: [probabilistic_sampler, batch], exporters: [otlp, tracewell]}}
    traces/grouped: {{receivers: [forward/all], processors: [groupbytrace], exporters: [otlp]}}
    traces/archive: {{receivers: [routing], exporters: [file]}}
    traces/rest: {{receivers: [routing], exporters: [nop]}}
"
    )
}

fn body(number: u64) -> Vec<u8> {
    let spans = (0..TRACES).flat_map(|trace| {
        let id = 1 + number * TRACES + trace;
        let mixed = id.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut spans = [1, 2, 3].map(|span| TestSpan::new(id, span, "shop", "buy", 1_000));
        spans[1].name = "noise".to_owned();
        spans[2].name = "pay".to_owned();
        for span in &mut spans {
            span.trace_id.0[9..].copy_from_slice(&mixed.to_be_bytes()[1..]);
        }
        spans
    });
    protobuf::encode(&batch(&spans.collect::<Vec<_>>()))
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value}"))
}

/// What came, what is somewhere and does not come back, and what is on its way; checked.
fn check(status: &Value) -> [u64; 10] {
    let sum = &status["graph"]["sum"];
    let of = |name: &str| number(&sum[name]);
    let dropped = sum["dropped"].as_object().unwrap();
    let dropped: u64 = dropped.values().map(number).sum();
    let ended = [
        of("stored"),
        of("forwarded"),
        of("counted"),
        of("discarded"),
        of("rejected"),
        dropped,
    ];
    let came = of("received") + of("restored") + of("copied");
    let is_somewhere = ended.iter().sum::<u64>() + of("inFlight");
    assert_eq!(came, is_somewhere, "{sum}");
    for edge in status["graph"]["edges"].as_array().unwrap() {
        let answered = number(&edge["refused"]) + number(&edge["waiting"]);
        assert!(answered <= number(&edge["handed"]), "{edge}");
    }
    let [stored, forwarded, counted, discarded, rejected, dropped] = ended;
    [
        of("received"),
        of("restored"),
        stored,
        forwarded,
        counted,
        discarded,
        rejected,
        dropped,
        of("inFlight"),
        of("copied"),
    ]
}

/// Sends, and sends again what was not taken, as a client does.
fn send(front: &Running, number: u64) {
    let url = front.url("otlp-http", "/v1/traces");
    until("a request is taken", || {
        let answer = request("POST", &url, "application/x-protobuf", body(number));
        match answer.status {
            200 => Some(()),
            429 | 503 => None,
            other => panic!("{other}: {}", String::from_utf8_lossy(&answer.body)),
        }
    });
}

/// Waits until nothing is on its way, and answers with what there is then.
fn at_rest(front: &Running) -> Value {
    until("nothing is on its way", || {
        let status = front.get("/api/status").json();
        let [.., in_flight, _] = check(&status);
        (in_flight == 0).then_some(status)
    })
}

#[test]
fn the_sum_over_a_whole_graph_is_right_at_every_moment() {
    let dirs = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let mut backend = Running::start_apart(dirs[0].path(), &[]);
    let peer = backend.address("otlp-grpc");
    let (listen, port) = (peer.ip().to_string(), peer.port().to_string());
    let again = ["--listen", &listen, "--otlp-grpc-port", &port];
    let path = dirs[1].path().join("collector.yaml");
    std::fs::write(&path, file(dirs[1].path(), peer)).unwrap();
    let data = dirs[1].path().join("data");
    let mut front = Running::start_pipelines(&data, &path);

    let is_over = AtomicBool::new(false);
    let looked = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (mut looked, mut before) = (0, [0; 10]);
            while !is_over.load(Ordering::Relaxed) {
                let now = check(&front.get("/api/status").json());
                // But for what is on its way and what is there twice.
                for (now, before) in now[..8].iter().zip(&before[..8]) {
                    assert!(now >= before, "a number went back: {now:?} {before:?}");
                }
                (looked, before) = (looked + 1, now);
            }
            looked
        });
        for number in 0..REQUESTS {
            if number == REQUESTS / 3 {
                backend.kill();
                let url = front.url("otlp-http", "/v1/traces");
                let refused = || {
                    let answer = request("POST", &url, "application/x-protobuf", body(number));
                    (answer.status == 503).then_some(())
                };
                until("a client hears of it", refused);
                backend = Running::start(dirs[0].path(), &again);
            }
            send(&front, number);
        }
        at_rest(&front);
        is_over.store(true, Ordering::Relaxed);
        reader.join().unwrap()
    });
    assert!(looked > 10, "{looked}");

    let status = at_rest(&front);
    let [
        received,
        restored,
        stored,
        forwarded,
        counted,
        discarded,
        rejected,
        dropped,
        _,
        copied,
    ] = check(&status);
    // Clients sent more than that, where they were refused.
    assert!(received > 3 * REQUESTS * TRACES, "{received}");
    assert_eq!(received, number(&status["spans"]["received"]));
    assert_eq!(restored, 0);
    // A third is noise; of the rest every span is counted once.
    assert_eq!(counted, received / 3 * 2);
    let of = |reason: &str| number(&status["graph"]["sum"]["dropped"][reason]);
    assert_eq!(of("filtered"), received / 3);
    assert_eq!(dropped, of("filtered") + of("sampled_out"));
    assert!(stored > 0 && forwarded > 0 && discarded > 0 && rejected > 0);
    // Twice from `traces/in`, twice from `forward`, once where `routing` copies, and where
    // what is sampled goes two ways.
    assert!(copied > counted * 9 / 2, "{copied} {counted}");
    let metrics = String::from_utf8(front.get("/metrics").body).unwrap();
    for line in [
        format!("tracewell_graph_spans{{where=\"stored\"}} {stored}"),
        format!("tracewell_graph_spans_came{{how=\"copied\"}} {copied}"),
        "tracewell_edge_spans_waiting{pipeline=\"traces/direct\",from=\"batch\",to=\"otlp\"} 0"
            .to_owned(),
    ] {
        assert!(metrics.contains(&line), "{line}\n{metrics}");
    }

    // What waits on the disk for a peer is found by the next process.
    backend.kill();
    let url = front.url("otlp-http", "/v1/traces");
    let queued = || {
        request("POST", &url, "application/x-protobuf", body(REQUESTS));
        let status = front.get("/api/status").json();
        let mut exporters = status["exporters"].as_array().unwrap().iter();
        let queue = exporters.find(|of| of["name"] == "otlp/queue").unwrap();
        (number(&queue["inFlight"]) > 0).then_some(())
    };
    until("something waits for the peer", queued);
    front.kill();
    drop(front);
    let front = Running::start_pipelines(&data, &path);
    let [_, restored, ..] = check(&front.get("/api/status").json());
    assert!(restored > 0);
    let _backend = Running::start(dirs[0].path(), &again);
    let status = at_rest(&front);
    let [received, _, _, forwarded, ..] = check(&status);
    assert_eq!(received, 0);
    assert!(forwarded > 0, "what waited for the peer has not come to it");
}

/// The same file as others may have it: without some pipelines, with other components,
/// with another order.
fn variants(file: &str) -> [String; 4] {
    let without = |text: &str, names: &[&str]| -> String {
        let is_in = |line: &&str| !names.iter().any(|name| line.trim_start().starts_with(name));
        let lines = text.lines().filter(is_in);
        lines.map(|line| format!("{line}\n")).collect()
    };
    let changed = file
        .replace("decision_wait: 50ms", "decision_wait: 20ms")
        .replace("batch: {timeout: 5ms}", "batch: {timeout: 10ms}")
        .replace("max_interval: 50ms", "max_interval: 40ms");
    let unsampled = without(file, &["traces/sampled:"]);
    let fewer = without(file, &["traces/direct:", "traces/archive:"]).replace(
        "- {context: span, condition: 'name == \"pay\"', action: copy, pipelines: [traces/archive]}",
        "- {context: span, condition: 'name == \"pay\"', action: copy, pipelines: [traces/rest]}",
    );
    [file.to_owned(), changed, unsampled, fewer]
}

#[test]
fn the_sum_stays_right_while_the_file_changes() {
    let dirs = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let backend = Running::start_apart(dirs[0].path(), &[]);
    let path = dirs[1].path().join("collector.yaml");
    let files = variants(&file(dirs[1].path(), backend.address("otlp-grpc")));
    std::fs::write(&path, &files[0]).unwrap();
    let front = Running::start_pipelines(&dirs[1].path().join("data"), &path);
    let change = |text: &str| {
        let last = || front.get("/api/status").json()["reload"].clone();
        let before = last();
        std::fs::write(&path, text).unwrap();
        front.signal("HUP");
        let reload = until("a reload", || Some(last()).filter(|now| *now != before));
        assert_eq!(reload["error"], Value::Null, "{reload}");
        assert_eq!(reload["notes"], serde_json::json!([]), "{reload}");
    };

    let is_over = AtomicBool::new(false);
    let (sent, next) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut before = [0; 10];
            while !is_over.load(Ordering::Relaxed) {
                let now = check(&front.get("/api/status").json());
                for (now, before) in now[..8].iter().zip(&before[..8]) {
                    assert!(now >= before, "a number went back: {now:?} {before:?}");
                }
                before = now;
            }
        });
        let sender = scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                send(&front, next.fetch_add(1, Ordering::Relaxed));
                sent.fetch_add(1, Ordering::Relaxed);
            }
        });
        let changes = || {
            for round in 1..17 {
                let before = sent.load(Ordering::Relaxed);
                change(&files[round % files.len()]);
                until("spans go through, or somebody has failed", || {
                    let is_more = sent.load(Ordering::Relaxed) > before + 2;
                    (is_more || reader.is_finished() || sender.is_finished()).then_some(())
                });
            }
        };
        // Else the others would go on when it fails.
        let changed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(changes));
        is_over.store(true, Ordering::Relaxed);
        if let Err(why) = changed {
            std::panic::resume_unwind(why);
        }
    });

    // Everything has come to an end, also what is no longer in the file.
    change(&files[3]);
    let status = at_rest(&front);
    let [received, restored, stored, forwarded, counted, ..] = check(&status);
    assert_eq!(received, number(&status["spans"]["received"]), "{status}");
    assert_eq!(restored, 0, "{status}");
    assert_eq!(counted, received / 3 * 2, "{status}");
    assert!(stored > 0 && forwarded > 0, "{status}");
    assert_eq!(
        number(&status["graph"]["sum"]["dropped"]["filtered"]),
        received / 3
    );
    let metrics = String::from_utf8(front.get("/metrics").body).unwrap();
    let all_of_it = format!(
        "tracewell_edge_spans_total{{pipeline=\"traces/in\",from=\"otlp\",to=\"filter\"}} {received}"
    );
    assert!(metrics.contains(&all_of_it), "{all_of_it}\n{metrics}");
}
