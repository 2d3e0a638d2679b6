//! A tracewell that runs: started on free ports with a data directory of its
//! own, asked, killed.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::http::Connection;
use crate::process;

/// More memory than any phase fills: nothing is sealed before a 12th of it is
/// live, so what is measured is receiving alone.
pub(crate) const WITHOUT_SEALING: &[&str] = &["--memory-limit", "64GiB"];

/// A server process; killed when dropped.
pub(crate) struct Server {
    child: Child,
    addresses: HashMap<String, SocketAddr>,
    pub(crate) data_dir: PathBuf,
    /// From before the process existed to its word that it is ready.
    pub(crate) ready_after: Duration,
    /// When it was started.
    pub(crate) started: Instant,
}

/// A command that sees none of the developer's own settings.
pub(crate) fn command(binary: &Path) -> Command {
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("TRACEWELL_") {
            command.env_remove(name);
        }
    }
    command
}

/// Ports of other products, closed where a phase does not ask for them.
const LEGACY_PORTS: [&str; 9] = [
    "tempo",
    "sampling-http",
    "sampling-grpc",
    "jaeger-grpc",
    "jaeger-http",
    "jaeger-compact",
    "jaeger-binary",
    "jaeger-zipkin",
    "zipkin",
];

impl Server {
    /// Starts and waits until it is ready. Its log goes to a file beside the
    /// data directory.
    pub(crate) fn start(binary: &Path, data_dir: &Path, flags: &[&str]) -> anyhow::Result<Self> {
        let log_path = data_dir.with_extension("log");
        let log = std::fs::File::create(&log_path)?;
        let mut command = command(binary);
        command.arg("--data-dir").arg(data_dir);
        for port in ["otlp-grpc", "otlp-http", "query-http", "query-grpc"] {
            command.arg(format!("--{port}-port")).arg("0");
        }
        for port in LEGACY_PORTS {
            let flag = format!("--{port}-port");
            if !flags.contains(&flag.as_str()) {
                command.args([&flag, "off"]);
            }
        }
        command.args(flags).stdout(Stdio::piped()).stderr(log);
        let started = Instant::now();
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        let stdout = child.stdout.take().context("no standard output")?;
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let ready = lines.find_map(|line| line.strip_prefix("ready ").map(str::to_owned));
        let ready_after = started.elapsed();
        let mut server = Self {
            child,
            addresses: HashMap::new(),
            data_dir: data_dir.to_path_buf(),
            ready_after,
            started,
        };
        let Some(ready) = ready else {
            let log = std::fs::read_to_string(&log_path).unwrap_or_default();
            anyhow::bail!("the server did not become ready: {log}");
        };
        for pair in ready.split(' ') {
            let (name, address) = pair.split_once('=').context("an odd line of addresses")?;
            server.addresses.insert(name.to_owned(), address.parse()?);
        }
        Ok(server)
    }

    pub(crate) fn address(&self, endpoint: &str) -> anyhow::Result<SocketAddr> {
        let address = self.addresses.get(endpoint).copied();
        address.with_context(|| format!("the server names no {endpoint}"))
    }

    /// A connection to the query port.
    pub(crate) fn query(&self) -> anyhow::Result<Connection> {
        Connection::open(self.address("query-http")?)
    }

    /// A connection to the receiver of OTLP over HTTP.
    pub(crate) fn receiver(&self) -> anyhow::Result<Connection> {
        Connection::open(self.address("otlp-http")?)
    }

    pub(crate) fn status(&self) -> anyhow::Result<serde_json::Value> {
        self.query()?.get("/api/status")?.json()
    }

    /// Spans that the store says it has.
    pub(crate) fn stored_spans(&self) -> anyhow::Result<u64> {
        let status = self.status()?;
        status["store"]["spans"]
            .as_u64()
            .context("no store.spans in /api/status")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        process::cpu_seconds(self.pid())
    }

    /// As pulling the plug of the process.
    pub(crate) fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to end, and how long that took.
    pub(crate) fn terminate(&mut self) -> anyhow::Result<Duration> {
        let asked = Instant::now();
        let pid = self.pid().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status()?;
        ensure!(sent.success(), "cannot end the server");
        let status = self.child.wait()?;
        ensure!(status.success(), "the server ended with {status}");
        Ok(asked.elapsed())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be dead already, and then there is nothing to do.
        if self.child.kill().is_ok() {
            let _status = self.child.wait().ok();
        }
    }
}
