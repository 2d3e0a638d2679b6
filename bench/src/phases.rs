//! The measurements, one after another, each with a server of its own.
//!
//! Phases share nothing but what they found. One that fails says so and the
//! others go on: half a table is better than none.

mod by_decoding;
mod by_figures;
mod by_older_protocols;
mod by_pipelines;
mod by_receiving;
mod by_sampling;
mod by_searching;
mod by_starting;
mod by_steady_load;
mod by_storing;
mod planted;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use tracewell_load::Report;

use crate::budgets::{self, Budget, Row};
use crate::disk::Disk;
use crate::facts::{Facts, shown};
use crate::process;
use crate::server::Server;
use crate::sizes::{SizeName, Sizes};

/// What can be run alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum PhaseName {
    /// Decoding, in this process
    Decode,
    /// Start on an empty directory
    ColdStart,
    /// Receiving without sealing, and the start after a kill
    Receive,
    /// Receiving in the protocols before OTLP
    Older,
    /// Through pipelines, beside a real Collector if one is named
    Pipelines,
    /// Thousands of traces a second that wait to be decided, through two kills
    Sampling,
    /// The whole life of ten million spans, and all searches
    Store,
    /// The same spans as Jaeger's tracegen sends them
    Tracegen,
    /// The public TrainTicket traces
    TrainTicket,
    /// A steady load with defaults: memory, acknowledgements
    Steady,
}

type Phase = fn(&mut Bench, &mut Facts) -> anyhow::Result<()>;

const PHASES: &[(PhaseName, &str, Phase)] = &[
    (PhaseName::Decode, "decode", by_decoding::measure),
    (PhaseName::ColdStart, "cold start", by_starting::measure),
    (PhaseName::Receive, "receive", by_receiving::measure),
    (
        PhaseName::Older,
        "older protocols",
        by_older_protocols::measure,
    ),
    (PhaseName::Pipelines, "pipelines", by_pipelines::measure),
    (PhaseName::Sampling, "tail sampling", by_sampling::measure),
    (PhaseName::Store, "store and search", by_storing::measure),
    (
        PhaseName::Tracegen,
        "tracegen data",
        by_storing::measure_tracegen,
    ),
    (
        PhaseName::TrainTicket,
        "TrainTicket data",
        by_storing::measure_trainticket,
    ),
    (PhaseName::Steady, "steady load", by_steady_load::measure),
];

/// What phases need and what they found.
pub(crate) struct Bench {
    pub(crate) binary: PathBuf,
    /// A real Collector to compare with.
    collector: Option<PathBuf>,
    pub(crate) size: SizeName,
    pub(crate) sizes: Sizes,
    pub(crate) facts: Vec<Facts>,
    rows: Vec<Row>,
    dir: WorkDir,
    /// CPU µs of receiving a span over HTTP, once it is known.
    receive_us: Option<f64>,
}

/// A directory that is removed when dropped.
struct WorkDir(PathBuf);

impl Drop for WorkDir {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("warning: {} stays: {error}", self.0.display());
        }
    }
}

impl Bench {
    pub(crate) fn new(
        binary: &Path,
        collector: Option<&Path>,
        work_dir: &Path,
        size: SizeName,
    ) -> anyhow::Result<Self> {
        let binary = binary
            .canonicalize()
            .with_context(|| format!("there is no {}", binary.display()))?;
        let dir = work_dir.join(format!("run-{}", std::process::id()));
        std::fs::create_dir_all(&dir)?;
        Ok(Self {
            binary,
            collector: collector.map(Path::to_path_buf),
            size,
            sizes: Sizes::of(size),
            facts: Vec::new(),
            rows: Vec::new(),
            dir: WorkDir(dir.canonicalize()?),
            receive_us: None,
        })
    }

    /// Rows of all budgets, in the order of the table.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let row = |budget: &Budget| {
            let found = self.rows.iter().find(|row| row.budget == budget.name);
            found
                .cloned()
                .unwrap_or_else(|| Row::unmeasured(budget, "not measured in this run"))
        };
        budgets::ALL.iter().map(row).collect()
    }

    fn measured(&mut self, budget: &Budget, values: &[f64], how: impl Into<String>) {
        self.rows.push(Row::measured(budget, values, how.into()));
    }

    /// A directory that does not exist yet, for one server.
    fn data_dir(&self, name: &str) -> PathBuf {
        self.dir.0.join(name)
    }

    fn start(&self, name: &str, flags: &[&str]) -> anyhow::Result<Server> {
        Server::start(&self.binary, &self.data_dir(name), flags)
    }

    /// Makes room for the next phase.
    fn discard(&self, mut server: Server) -> anyhow::Result<()> {
        server.kill()?;
        std::fs::remove_dir_all(&server.data_dir)?;
        Ok(())
    }
}

/// Runs all phases, or those that are named.
pub(crate) fn run(bench: &mut Bench, only: &[PhaseName]) {
    for (name, title, phase) in PHASES {
        if !only.is_empty() && !only.contains(name) {
            continue;
        }
        eprintln!("{title}:");
        let (began, mut facts) = (Instant::now(), Facts::new(title));
        if let Err(error) = phase(bench, &mut facts) {
            facts.failure(format!("{title} could not be measured: {error:#}"));
        }
        facts.seconds = began.elapsed().as_secs_f64();
        bench.facts.push(facts);
    }
}

/// What a load came to.
fn tell_sent(facts: &mut Facts, what: &str, sent: &Report) {
    facts.number(
        format!("{what}: acknowledged spans/s"),
        sent.achieved_rate,
        "spans/s",
    );
    let latency = &sent.latency_ms;
    facts.note(
        format!("{what}: acknowledgement"),
        format!(
            "p50 {} ms, p99 {} ms, max {} ms in {} s",
            shown(latency.p50),
            shown(latency.p99),
            shown(latency.max),
            shown(sent.seconds)
        ),
    );
    let lost = &sent.spans;
    if sent.retries + lost.rejected + lost.failed + lost.unsent > 0 {
        facts.note(
            format!("{what}: not taken at once"),
            format!(
                "{} requests again; spans: {} rejected, {} failed, {} not sent in time",
                sent.retries, lost.rejected, lost.failed, lost.unsent
            ),
        );
    }
}

/// The store has exactly what was acknowledged. `unclear` spans may be there
/// in addition: their request failed without a final answer.
fn check_stored(
    facts: &mut Facts,
    server: &Server,
    what: &str,
    acknowledged: u64,
    unclear: u64,
) -> anyhow::Result<()> {
    let stored = server.stored_spans()?;
    facts.count(format!("{what}: spans stored"), stored);
    if stored < acknowledged || stored > acknowledged + unclear {
        facts.failure(format!(
            "{what}: {acknowledged} spans were acknowledged and {stored} are stored"
        ));
    }
    Ok(())
}

fn tell_disk(facts: &mut Facts, disk: &Disk) {
    for (part, bytes) in &disk.parts {
        facts.bytes(format!("on disk: {part}"), *bytes);
    }
    facts.count("blocks", disk.blocks);
    facts.count("spans in blocks", disk.sealed_spans);
    facts.count("spans in the largest block", disk.largest_block);
    for (part, bytes) in disk.parts.iter().filter(|(part, _)| *part != "wal") {
        let each = *bytes as f64 / disk.sealed_spans.max(1) as f64;
        facts.number(format!("{part}, each span"), each, "bytes");
    }
}

/// Where the process spent its time, by names of threads.
fn tell_threads(facts: &mut Facts, server: &Server, spans: u64) {
    for (name, ns) in process::thread_cpu_ns(server.pid()) {
        let us = ns as f64 / 1e3 / spans.max(1) as f64;
        if us >= 0.005 {
            facts.number(format!("threads {name:?}"), us, "µs CPU/span");
        }
    }
}
