//! `tracewell load`, run as a process of its own, and the bytes it sends.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde::Deserialize;

use crate::server::command;

/// A generator that is silent for longer has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// How spans are sent.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    pub(crate) shape: &'static str,
    /// The address that fits `flags`.
    pub(crate) endpoint: SocketAddr,
    /// Protocol, compression, sizes.
    pub(crate) flags: &'static [&'static str],
    /// Spans a second; 0 is as fast as they are taken.
    pub(crate) rate: u64,
    /// Where to write the ids of acknowledged traces.
    pub(crate) verify_file: Option<PathBuf>,
    pub(crate) seed: u64,
}

/// As the budgets say: uncompressed, a thousand spans a request.
pub(crate) const HTTP: &[&str] = &["--protocol", "http", "--batch", "1000"];
/// As the budgets say: gRPC with gzip.
pub(crate) const GRPC_GZIP: &[&str] = &[
    "--protocol",
    "grpc",
    "--compression",
    "gzip",
    "--batch",
    "1000",
];
/// As SDKs send by default: 512 spans a request.
pub(crate) const GRPC: &[&str] = &["--protocol", "grpc"];

/// What became of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sent {
    pub(crate) spans: SentSpans,
    pub(crate) retries: u64,
    pub(crate) seconds: f64,
    pub(crate) achieved_rate: f64,
    pub(crate) latency_ms: Latency,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct SentSpans {
    pub(crate) acknowledged: u64,
    pub(crate) rejected: u64,
    pub(crate) failed: u64,
    pub(crate) unsent: u64,
}

/// From when a request was due to its acknowledgement.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
}

impl Load {
    /// Sends this many spans.
    pub(crate) fn spans(&self, binary: &Path, spans: u64) -> anyhow::Result<Sent> {
        self.run(
            binary,
            &["--spans", &spans.to_string(), "--duration", "10h"],
        )
    }

    /// Sends for this long.
    pub(crate) fn lasting(&self, binary: &Path, seconds: u64) -> anyhow::Result<Sent> {
        self.run(binary, &["--duration", &format!("{seconds}s")])
    }

    fn run(&self, binary: &Path, amount: &[&str]) -> anyhow::Result<Sent> {
        let mut command = command(binary);
        command
            .args(["load", "--json", "--shape", self.shape])
            .args(["--endpoint", &format!("http://{}", self.endpoint)])
            .args(["--rate", &self.rate.to_string()])
            .args(["--seed", &self.seed.to_string()])
            .args(self.flags)
            .args(amount);
        if let Some(file) = &self.verify_file {
            command.arg("--verify-file").arg(file);
        }
        // It ends with 1 when something was not taken; the figures say what.
        let output = command.output().context("cannot start tracewell load")?;
        serde_json::from_slice(&output.stdout).with_context(|| {
            let said = String::from_utf8_lossy(&output.stderr);
            format!("tracewell load gave no result: {said}")
        })
    }
}

/// The bodies of `count` requests of `batch` spans, as they go over the wire:
/// taken from the load generator by a server that stores nothing.
pub(crate) fn capture(
    binary: &Path,
    shape: &'static str,
    count: usize,
    batch: u64,
) -> anyhow::Result<Vec<Vec<u8>>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let endpoint = listener.local_addr()?;
    let mut sender = command(binary)
        .args(["load", "--json", "--shape", shape, "--rate", "0"])
        .args(["--protocol", "http", "--connections", "1", "--seed", "1"])
        .args(["--endpoint", &format!("http://{endpoint}")])
        .args(["--batch", &batch.to_string(), "--duration", "1h"])
        .args(["--spans", &(batch * count as u64).to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start tracewell load")?;
    let bodies =
        first_connection(&listener, &mut sender).and_then(|stream| read_bodies(stream, count));
    // It has sent everything, or it is of no more use.
    if bodies.is_err() {
        sender.kill()?;
    }
    let output = sender.wait_with_output()?;
    bodies.with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Waits for the sender, unless it ends first.
fn first_connection(listener: &TcpListener, sender: &mut Child) -> anyhow::Result<TcpStream> {
    listener.set_nonblocking(true)?;
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                return Ok(stream);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
        if let Some(status) = sender.try_wait()? {
            bail!("tracewell load sent nothing and ended with {status}");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn read_bodies(stream: TcpStream, count: usize) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut reader = BufReader::new(stream);
    let mut bodies = Vec::new();
    while bodies.len() < count {
        let mut length = 0;
        loop {
            let mut line = String::new();
            ensure!(reader.read_line(&mut line)? > 0, "the load ended early");
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        bodies.push(body);
        let answer =
            b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
        reader.get_mut().write_all(answer)?;
    }
    Ok(bodies)
}
