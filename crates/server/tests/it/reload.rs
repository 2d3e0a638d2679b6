//! A Collector's file that changes while spans come: nothing that was acknowledged is
//! lost, accounts add up, and what did not change goes on as it is.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::running::{Running, request, request_with, until};
use serde_json::Value;
use tracewell_model::StatusCode;
use tracewell_testkit::{TestSpan, batch};
use tracewell_wire::otlp::protobuf;

/// A server whose file is changed.
struct Changing {
    server: Running,
    file: PathBuf,
}

impl Changing {
    fn start(dir: &Path, text: &str) -> Self {
        let file = dir.join("collector.yaml");
        std::fs::write(&file, text).unwrap();
        let server = Running::start_pipelines(&dir.join("data"), &file);
        Self { server, file }
    }

    fn status(&self) -> Value {
        self.server.get("/api/status").json()
    }

    /// Changes the file and asks for it; answers what became of that.
    fn change(&self, text: &str) -> Value {
        let before = self.status()["reload"]["atNs"].clone();
        std::fs::write(&self.file, text).unwrap();
        self.server.signal("HUP");
        self.reloaded_after(&before)
    }

    fn reloaded_after(&self, before: &Value) -> Value {
        until("a reload", || {
            let reload = self.status()["reload"].clone();
            (reload["atNs"] != *before).then_some(reload)
        })
    }

    /// Where the receiver listens that the status page calls so.
    fn address(&self, title: &str) -> Option<String> {
        let status = self.status();
        let mut endpoints = status["endpoints"].as_array().unwrap().iter();
        let endpoint = endpoints.find(|endpoint| endpoint["name"] == title)?;
        Some(endpoint["address"].as_str().unwrap().to_owned())
    }
}

fn is_done(reload: &Value) {
    let nothing: [String; 0] = [];
    assert_eq!(reload["error"], Value::Null, "{reload}");
    assert_eq!(reload["notes"], serde_json::json!(nothing), "{reload}");
}

/// Three spans of a trace.
fn body(trace: u64) -> Vec<u8> {
    let spans = [1, 2, 3].map(|id| TestSpan::new(trace, id, "shop", "buy", 1_700_000_000_000));
    protobuf::encode(&batch(&spans))
}

fn has(server: &Running, trace: u64) -> bool {
    let path = format!("/api/traces/aaaa{trace:028x}");
    server.get(&path).status == 200
}

/// What came in is what went out and what is in flight; answers what came in.
fn adds_up(of: &Value, passed: &str) -> u64 {
    let number = |value: &Value| value.as_u64().unwrap();
    let sum = |value: &Value| match value {
        Value::Object(reasons) => reasons.values().map(number).sum(),
        other => number(other),
    };
    let dropped = of.get("dropped").map_or(0, sum);
    let out = number(&of[passed]) + dropped + sum(&of["rejected"]);
    assert_eq!(
        number(&of["received"]),
        out + number(&of["inFlight"]),
        "{of}"
    );
    number(&of["received"])
}

#[test]
fn no_span_is_lost_while_the_file_changes_back_and_forth() {
    let dirs = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let backends = [0, 1].map(|index| Running::start(dirs[index].path(), &[]));
    let [one, other] = [0, 1].map(|index: usize| backends[index].address("otlp-grpc"));
    let text = |receivers: &str, processors: &str, timeout: &str, peer: std::net::SocketAddr| {
        format!(
            "receivers:
  otlp: {{protocols: {{http: {{endpoint: \"127.0.0.1:0\"}}}}}}
  otlp/more: {{protocols: {{http: {{endpoint: \"127.0.0.1:0\"}}}}}}
processors:
  filter: {{trace_conditions: ['span.name == \"noise\"']}}
  batch: {{timeout: {timeout}}}
exporters: {{otlp: {{endpoint: \"http://{peer}\"}}}}
connectors: {{span_metrics: }}
service:
  pipelines:
    traces: {{receivers: [{receivers}], processors: [{processors}], exporters: [otlp, span_metrics]}}
"
        )
    };
    let files = [
        text("otlp", "batch", "5ms", one),
        text("otlp", "filter, batch", "5ms", one),
        text("otlp", "filter, batch", "5ms", other),
        text("otlp, otlp/more", "batch, filter", "5ms", other),
        text("otlp", "filter, batch", "20ms", other),
    ];
    let front = Changing::start(dirs[2].path(), &files[0]);
    let url = front.server.url("otlp-http", "/v1/traces");
    let (is_over, next) = (AtomicBool::new(false), AtomicU64::new(1));
    let looked = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (mut looked, mut before) = (0, [0, 0]);
            while !is_over.load(Ordering::Relaxed) {
                let status = front.status();
                let now = [
                    adds_up(&status["receivers"][0], "stored"),
                    adds_up(&status["exporters"][0], "sent"),
                ];
                for processor in status["processors"].as_array().unwrap() {
                    adds_up(processor, "passed");
                }
                assert!(
                    now[0] >= before[0] && now[1] >= before[1],
                    "an account went back"
                );
                (before, looked) = (now, looked + 1);
            }
            looked
        });
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let trace = next.fetch_add(1, Ordering::Relaxed);
                    let answer = request("POST", &url, "application/x-protobuf", body(trace));
                    assert_eq!(
                        answer.status,
                        200,
                        "{}",
                        String::from_utf8_lossy(&answer.body)
                    );
                }
            });
        }
        let change = || {
            for round in 1..21 {
                let sent = next.load(Ordering::Relaxed);
                let file = &files[round % files.len()];
                if round % 5 == 2 {
                    let reload = front.change(&file.replace("batch: {", "batch: {timeot: 1s, "));
                    let error = reload["error"].as_str().unwrap();
                    assert!(error.contains("did you mean timeout?"), "{error}");
                    until("the log says so", || {
                        let log = front.server.log();
                        log.contains("what was before goes on").then_some(())
                    });
                }
                is_done(&front.change(file));
                let has_more = front.address("OTLP HTTP/more");
                assert_eq!(has_more.is_some(), round % 5 == 3, "round {round}");
                until("spans go through", || {
                    (next.load(Ordering::Relaxed) > sent + 4).then_some(())
                });
            }
        };
        // Else the others would go on when it fails.
        let changed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(change));
        is_over.store(true, Ordering::Relaxed);
        if let Err(why) = changed {
            std::panic::resume_unwind(why);
        }
        reader.join().unwrap()
    });
    assert!(looked > 0);
    let traces = next.load(Ordering::Relaxed) - 1;
    let status = front.status();
    assert_eq!(status["spans"]["stored"], 3 * traces, "{status}");
    assert_eq!(status["exporters"][0]["sent"], 3 * traces, "{status}");
    for trace in 1..=traces {
        assert!(
            backends.iter().any(|backend| has(backend, trace)),
            "trace {trace}"
        );
    }
    assert!(
        backends
            .iter()
            .all(|backend| (1..=traces).any(|trace| has(backend, trace)))
    );
    let metrics = String::from_utf8(front.server.get("/metrics").body).unwrap();
    let counted = "traces_span_metrics_calls_total{service_name=\"shop\",span_name=\"buy\",";
    let counted = metrics.lines().find(|line| line.starts_with(counted));
    let counted = counted.unwrap().split_whitespace().nth(1).unwrap();
    assert_eq!(
        counted,
        (3 * traces).to_string(),
        "what connectors count goes on"
    );
}

/// With a sampler that keeps what failed.
fn sampling(wait: &str, processors: &str, exporters: &str) -> String {
    format!(
        "receivers: {{otlp: {{protocols: {{http: {{endpoint: \"127.0.0.1:0\"}}}}}}}}
processors:
  filter: {{trace_conditions: ['span.name == \"noise\"']}}
  tail_sampling:
    decision_wait: {wait}
    policies: [{{name: failed, type: status_code, status_code: {{status_codes: [ERROR]}}}}]
exporters: {{tracewell: , debug: }}
service:
  pipelines: {{traces: {{receivers: [otlp], processors: [{processors}], exporters: [{exporters}]}}}}
"
    )
}

#[test]
fn traces_that_wait_go_on_waiting_whatever_changes_around_them() {
    let dir = tempfile::tempdir().unwrap();
    let server = Changing::start(dir.path(), &sampling("1h", "tail_sampling", "tracewell"));
    let spans: Vec<TestSpan> = (1..11)
        .map(|trace| TestSpan::new(trace, 1, "shop", "buy", 1_700_000_000_000))
        .map(|span| match span.trace_id.0[15] % 2 {
            0 => span.status(StatusCode::Error),
            _ => span,
        })
        .collect();
    server.server.store(protobuf::encode(&batch(&spans)));
    let account = || {
        let status = server.status();
        let processors = status["processors"].as_array().unwrap();
        let mut named = processors.iter();
        let account = named.find(|of| of["name"] == "tail_sampling").unwrap();
        adds_up(account, "passed");
        account.clone()
    };
    let waits = |account: &Value| {
        let numbers = [&account["received"], &account["inFlight"]];
        assert_eq!(
            numbers.map(|number| number.as_u64().unwrap()),
            [10, 10],
            "{account}"
        );
    };
    waits(&account());
    // Around it.
    is_done(&server.change(&sampling("1h", "filter, tail_sampling", "debug, tracewell")));
    waits(&account());
    // Itself: opened again, with what waits.
    is_done(&server.change(&sampling("2h", "filter, tail_sampling", "tracewell")));
    waits(&account());
    is_done(&server.change(&sampling("100ms", "filter, tail_sampling", "tracewell")));
    let done = until("decisions", || {
        let account = account();
        (account["inFlight"] == 0).then_some(account)
    });
    assert_eq!(
        (&done["received"], &done["passed"]),
        (&10.into(), &5.into())
    );
    let stored = server.status()["store"]["spans"].clone();
    assert_eq!(stored, 5, "{done}");
}

#[test]
fn a_sampler_that_is_no_longer_in_the_file_decides_what_it_has() {
    let dir = tempfile::tempdir().unwrap();
    let server = Changing::start(dir.path(), &sampling("3s", "tail_sampling", "tracewell"));
    let failed = TestSpan::new(1, 1, "shop", "buy", 1_700_000_000_000).status(StatusCode::Error);
    server.server.store(protobuf::encode(&batch(&[failed])));
    is_done(&server.change(&sampling("3s", "filter", "tracewell")));
    // Nor does another change keep it from its end.
    is_done(&server.change(&sampling("3s", "filter", "debug, tracewell")));
    server.server.store(body(2));
    until("both", || {
        (server.status()["store"]["spans"] == 4).then_some(())
    });
    until("its account has gone", || {
        (server.status()["processors"].as_array().unwrap().len() == 1).then_some(())
    });
}

#[test]
fn a_queue_on_the_disk_goes_on_to_another_peer() {
    let dirs = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let peer = Running::start(dirs[0].path(), &[]);
    let text = |endpoint: &str| {
        format!(
            "receivers: {{otlp: {{protocols: {{http: {{endpoint: \"127.0.0.1:0\"}}}}}}}}
extensions: {{file_storage: {{directory: {}}}}}
exporters:
  otlp:
    endpoint: http://{endpoint}
    retry_on_failure: {{initial_interval: 10ms, max_interval: 50ms}}
    sending_queue: {{storage: file_storage}}
service:
  extensions: [file_storage]
  pipelines: {{traces: {{receivers: [otlp], exporters: [otlp]}}}}
",
            dirs[1].path().join("queues").display()
        )
    };
    // Nobody listens at port 9.
    let server = Changing::start(dirs[1].path(), &text("127.0.0.1:9"));
    (1..6).for_each(|trace| server.server.store(body(trace)));
    assert_eq!(server.status()["exporters"][0]["inFlight"], 15);
    is_done(&server.change(&text(&peer.address("otlp-grpc").to_string())));
    let account = until("everything", || {
        let account = server.status()["exporters"][0].clone();
        adds_up(&account, "sent");
        (account["sent"] == 15).then_some(account)
    });
    assert_eq!(
        (&account["received"], &account["restored"]),
        (&15.into(), &0.into())
    );
    assert!((1..6).all(|trace| has(&peer, trace)));
}

#[test]
fn nobody_waits_for_a_peer_that_the_file_has_no_more() {
    let dirs = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let peer = Running::start(dirs[0].path(), &[]);
    let text = |endpoint: &str| {
        format!(
            "receivers: {{otlp: {{protocols: {{http: {{endpoint: \"127.0.0.1:0\"}}}}}}}}
exporters:
  otlp:
    endpoint: http://{endpoint}
    retry_on_failure: {{initial_interval: 1h, max_interval: 1h, max_elapsed_time: 0s}}
service: {{pipelines: {{traces: {{receivers: [otlp], exporters: [otlp]}}}}}}
"
        )
    };
    // Nobody listens at port 9.
    let server = Changing::start(dirs[1].path(), &text("127.0.0.1:9"));
    let url = server.server.url("otlp-http", "/v1/traces");
    std::thread::scope(|scope| {
        let client = scope.spawn(|| request("POST", &url, "application/x-protobuf", body(1)));
        until("it waits for another try", || {
            let account = server.status()["exporters"][0].clone();
            (account["retries"] == 1 && account["inFlight"] == 3).then_some(())
        });
        is_done(&server.change(&text(&peer.address("otlp-grpc").to_string())));
        assert_eq!(client.join().unwrap().status, 503);
    });
    server.server.store(body(1));
    assert!(has(&peer, 1));
    let account = server.status()["exporters"][0].clone();
    assert_eq!(adds_up(&account, "sent"), 6);
    assert_eq!(
        (&account["sent"], &account["rejected"]["peer_unavailable"]),
        (&3.into(), &3.into())
    );
}

#[test]
fn receivers_of_one_protocol_come_and_go_and_pages_send_where_the_file_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let text = |cors: &str, more: &str, pipelines: &str| {
        format!(
            "receivers:
  otlp: {{protocols: {{http: {{endpoint: \"127.0.0.1:0\"{cors}}}}}}}
  otlp/internal: {{protocols: {{http: {{endpoint: \"{more}\"}}}}}}
processors: {{filter: {{trace_conditions: ['span.name == \"buy\"']}}}}
exporters: {{tracewell: }}
service: {{pipelines: {{traces: {{receivers: [otlp], exporters: [tracewell]}}{pipelines}}}}}
"
        )
    };
    let internal = ", traces/internal: {receivers: [otlp/internal], processors: [filter], exporters: [tracewell]}";
    let server = Changing::start(dir.path(), &text("", "127.0.0.1:0", ""));
    let url = server.server.url("otlp-http", "/v1/traces");
    let origin = |url: &str| {
        let headers = [
            ("content-type", "application/x-protobuf"),
            ("origin", "https://shop.test"),
        ];
        request_with("POST", url, &headers, body(1)).allow_origin
    };
    assert_eq!(origin(&url), None);
    let cors = ", cors: {allowed_origins: [\"https://*.test\"]}";
    is_done(&server.change(&text(cors, "127.0.0.1:0", internal)));
    // The same port as before.
    assert_eq!(origin(&url).as_deref(), Some("https://shop.test"));
    let address = server.address("OTLP HTTP/internal").unwrap();
    let more = format!("http://{address}/v1/traces");
    let answer = request("POST", &more, "application/x-protobuf", body(2));
    assert_eq!(answer.status, 200);
    assert_eq!(origin(&more), None);
    let status = server.status();
    let receivers = status["receivers"].as_array().unwrap();
    let account = receivers
        .iter()
        .find(|of| of["name"] == "otlp_http/internal");
    assert_eq!(account.unwrap()["received"], 6);
    assert_eq!(
        status["processors"][0]["dropped"]["filtered"], 6,
        "{status}"
    );

    // One that somebody else has: all is as before.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let reload = server.change(&text(cors, &taken, internal));
    let error = reload["error"].as_str().unwrap_or_default();
    assert!(
        error.contains(&format!("cannot listen on {taken}")),
        "{reload}"
    );
    assert_eq!(server.address("OTLP HTTP/internal"), Some(address.clone()));
    assert_eq!(
        request("POST", &more, "application/x-protobuf", body(3)).status,
        200
    );

    is_done(&server.change(&text(cors, "127.0.0.1:0", "")));
    assert_eq!(server.address("OTLP HTTP/internal"), None);
    assert!(std::net::TcpStream::connect(&address).is_err());
    assert_eq!(origin(&url).as_deref(), Some("https://shop.test"));
}

#[test]
fn a_file_is_read_again_when_it_changes_and_what_needs_a_restart_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let text = |processors: &str| {
        format!(
            "receivers: {{otlp: {{protocols: {{http: {{endpoint: \"127.0.0.1:0\"}}}}}}}}
processors: {{memory_limiter: {{check_interval: 1s, limit_mib: 300}}, batch: {{timeout: 5ms}}}}
exporters: {{nop: , tracewell: }}
service: {{pipelines: {{traces: {{receivers: [otlp], processors: [{processors}], exporters: [nop]}}}}}}
"
        )
    };
    let server = Changing::start(dir.path(), &text("batch"));
    assert_eq!(server.status()["reload"], Value::Null);
    std::fs::write(&server.file, text("memory_limiter, batch")).unwrap();
    let reload = server.reloaded_after(&Value::Null);
    assert_eq!(reload["error"], Value::Null);
    let note = "memory_limit has changed, which needs a restart";
    assert_eq!(reload["notes"], serde_json::json!([note]));

    let reload =
        server.change(&text("batch").replace("exporters: [nop]", "exporters: [tracewell]"));
    let error = reload["error"].as_str().unwrap();
    assert!(
        error.starts_with("exporters.tracewell: no store was opened"),
        "{error}"
    );
    server.server.store(body(1));
}
