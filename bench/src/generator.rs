//! `tracewell load`, run as a process of its own, so that what it costs is
//! never taken for what this process measures.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use tracewell_load::Report;

use crate::server::command;

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

impl Load {
    /// Sends this many spans.
    pub(crate) fn spans(&self, binary: &Path, spans: u64) -> anyhow::Result<Report> {
        self.run(
            binary,
            &["--spans", &spans.to_string(), "--duration", "10h"],
        )
    }

    /// Sends for this long.
    pub(crate) fn lasting(&self, binary: &Path, seconds: u64) -> anyhow::Result<Report> {
        self.run(binary, &["--duration", &format!("{seconds}s")])
    }

    fn run(&self, binary: &Path, amount: &[&str]) -> anyhow::Result<Report> {
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
