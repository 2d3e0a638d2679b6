//! Files of pipelines that a real Collector runs as they stand, too, and who runs
//! them: Tracewell, or a real Collector.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::server::Server;

/// How long a Collector may take to start.
const STARTED_WITHIN: Duration = Duration::from_secs(30);

/// A pipeline by what it does to spans.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    processors: &'static str,
    order: &'static str,
    /// Settings of the exporter beside those that all have.
    exporter: &'static str,
}

/// From nothing to all of it.
pub(crate) const KINDS: [Kind; 4] = [
    Kind {
        name: "pass-through",
        processors: "",
        order: "[]",
        exporter: "",
    },
    Kind {
        name: "batch, attributes, filter",
        processors: "
processors:
  batch: {send_batch_size: 500}
  attributes:
    actions:
      - {key: env, value: bench, action: upsert}
      - {key: http.url, action: delete}
      - {key: peer.service, action: hash}
  filter:
    error_mode: ignore
    traces:
      span: ['attributes[\"http.status_code\"] == 299', 'name == \"no such span\"']
",
        order: "[attributes, filter, batch]",
        exporter: "",
    },
    Kind {
        name: "transform, five statements",
        processors: "
processors:
  transform:
    error_mode: ignore
    trace_statements:
      - context: span
        statements:
          - set(attributes[\"env\"], resource.attributes[\"deployment.environment\"])
          - set(attributes[\"is_error\"], true) where status.code == STATUS_CODE_ERROR
          - replace_pattern(name, \"[0-9]+\", \"N\")
          - delete_matching_keys(attributes, \"^internal\\\\..*\")
          - set(attributes[\"slow\"], true) where end_time_unix_nano - start_time_unix_nano > 100000000
",
        order: "[transform]",
        exporter: "",
    },
    Kind {
        name: "tail sampling, four policies",
        processors: "
processors:
  tail_sampling:
    decision_wait: 5s
    num_traces: 200000
    policies:
      - {name: errors, type: status_code, status_code: {status_codes: [ERROR]}}
      - {name: slow, type: latency, latency: {threshold_ms: 1000}}
      - {name: path, type: string_attribute, string_attribute: {key: http.method, values: [DELETE]}}
      - {name: all, type: probabilistic, probabilistic: {sampling_percentage: 100}}
",
        order: "[tail_sampling]",
        // A Collector sends each trace by itself, and throws away what its queue of
        // 1,000 requests does not hold.
        exporter: ", sending_queue: {queue_size: 200000}",
    },
];

impl Kind {
    /// The file: OTLP over HTTP at `listen`, OTLP over gRPC to `backend`.
    pub(crate) fn file(&self, listen: SocketAddr, backend: SocketAddr) -> String {
        format!(
            "receivers: {{otlp: {{protocols: {{http: {{endpoint: \"{listen}\"}}, grpc: {{endpoint: \"127.0.0.1:0\"}}}}}}}}
exporters:
  otlp: {{endpoint: \"{backend}\", tls: {{insecure: true}}, compression: none{}}}
{}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines: {{traces: {{receivers: [otlp], processors: {}, exporters: [otlp]}}}}
",
            self.exporter, self.processors, self.order
        )
    }
}

/// Who runs a file; killed when dropped.
pub(crate) enum Runner {
    Tracewell(Server),
    Collector(Collector),
}

impl Runner {
    pub(crate) fn pid(&self) -> u32 {
        match self {
            Self::Tracewell(server) => server.pid(),
            Self::Collector(collector) => collector.child.id(),
        }
    }

    /// As a crash does.
    pub(crate) fn kill(self) -> anyhow::Result<()> {
        match self {
            Self::Tracewell(mut server) => server.kill(),
            Self::Collector(collector) => {
                drop(collector);
                Ok(())
            }
        }
    }
}

/// A real Collector; killed when dropped.
pub(crate) struct Collector {
    child: Child,
}

impl Collector {
    /// Starts it with a file and waits until it listens.
    pub(crate) fn start(binary: &Path, file: &PathBuf, listen: SocketAddr) -> anyhow::Result<Self> {
        let log = std::fs::File::create(file.with_extension("log"))?;
        let mut command = Command::new(binary);
        command.arg("--config").arg(file);
        let command = command.stdout(Stdio::null()).stderr(log);
        let child = command.spawn();
        let child = child.with_context(|| format!("cannot start {}", binary.display()))?;
        let mut collector = Self { child };
        let began = Instant::now();
        while TcpStream::connect(listen).is_err() {
            let ended = collector.child.try_wait()?;
            if ended.is_some() || began.elapsed() > STARTED_WITHIN {
                let log = std::fs::read_to_string(file.with_extension("log")).unwrap_or_default();
                bail!("the Collector does not listen: {log}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(collector)
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        // It may be dead already, and then there is nothing to do.
        if self.child.kill().is_ok() {
            let _status = self.child.wait().ok();
        }
    }
}

/// An address that was free a moment ago: a Collector cannot say which it got.
pub(crate) fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
