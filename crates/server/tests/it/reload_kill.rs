//! A process that is killed while its file changes: what it acknowledged is found again,
//! whichever file the next one has.

use std::path::Path;

use crate::running::{Running, request, until};
use tracewell_model::StatusCode;
use tracewell_testkit::{TestSpan, batch};
use tracewell_wire::otlp::protobuf;

/// Lives that end while the file changes.
const LIVES: u64 = 6;

fn file(dir: &Path, peer: &str, wait: &str, processors: &str) -> String {
    format!(
        "receivers: {{otlp: {{protocols: {{http: {{endpoint: \"127.0.0.1:0\"}}}}}}}}
extensions: {{file_storage: {{directory: {}}}}}
processors:
  batch: {{timeout: 1ms}}
  tail_sampling:
    decision_wait: {wait}
    policies: [{{name: failed, type: status_code, status_code: {{status_codes: [ERROR]}}}}]
exporters:
  otlp:
    endpoint: http://{peer}
    retry_on_failure: {{initial_interval: 10ms, max_interval: 50ms}}
    sending_queue: {{storage: file_storage}}
service:
  extensions: [file_storage]
  pipelines: {{traces: {{receivers: [otlp], processors: [{processors}], exporters: [otlp]}}}}
",
        dir.join("queues").display()
    )
}

/// A trace that failed.
fn body(trace: u64) -> Vec<u8> {
    let span = |id| TestSpan::new(trace, id, "shop", "buy", 1_700_000_000_000);
    protobuf::encode(&batch(
        &[1, 2].map(span).map(|it| it.status(StatusCode::Error)),
    ))
}

#[test]
fn what_was_acknowledged_outlives_a_process_that_is_killed_while_its_file_changes() {
    let dirs = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let peer = Running::start_apart(dirs[0].path(), &[]);
    let address = peer.address("otlp-grpc").to_string();
    let (path, data) = (
        dirs[1].path().join("collector.yaml"),
        dirs[1].path().join("data"),
    );
    let text = |peer, wait, processors| file(dirs[1].path(), peer, wait, processors);
    // Nobody listens at port 9.
    let files = [
        text("127.0.0.1:9", "1h", "batch, tail_sampling"),
        text("127.0.0.1:9", "10ms", "tail_sampling"),
        text(&address, "1h", "tail_sampling, batch"),
        text("127.0.0.1:9", "20ms", "batch"),
    ];
    let mut traces = 0;
    for life in 0..LIVES {
        std::fs::write(&path, &files[life as usize % files.len()]).unwrap();
        let mut server = Running::start_pipelines(&data, &path);
        let url = server.url("otlp-http", "/v1/traces");
        let mut send = || {
            let answer = request("POST", &url, "application/x-protobuf", body(traces + 1));
            assert_eq!(answer.status, 200);
            traces += 1;
        };
        (0..3).for_each(|_| send());
        for change in 1..=life % 3 + 1 {
            let file = &files[(life + change) as usize % files.len()];
            std::fs::write(&path, file).unwrap();
            server.signal("HUP");
            // Another place of the change each time.
            (0..life).for_each(|_| send());
        }
        server.kill();
    }

    let last = text(&address, "10ms", "tail_sampling");
    std::fs::write(&path, last).unwrap();
    let _server = Running::start_pipelines(&data, &path);
    for trace in 1..=traces {
        let api = format!("/api/traces/aaaa{trace:028x}");
        until("a trace that was acknowledged", || {
            (peer.get(&api).status == 200).then_some(())
        });
    }
}
