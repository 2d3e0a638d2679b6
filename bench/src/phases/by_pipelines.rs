//! What spans cost on their way through: received over HTTP, changed, sent on over
//! gRPC; what of them is gone when the process on the way is killed; and beside it
//! the same of a real Collector with the same file, if there is one.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tracewell_load::ShapeName;

use super::Bench;
use crate::budgets;
use crate::facts::{Facts, grouped};
use crate::http::Connection;
use crate::pipelines::{Collector, KINDS, Kind, Runner, free_address};
use crate::process;
use crate::server::Server;

/// More would fill this process with bodies.
const MOST_SPANS: u64 = 400_000;

/// As the OpenTelemetry Demo's services send at some load.
const SPANS_IN_REQUEST: usize = 593;

/// How long the last spans may be on their way.
const ARRIVED_WITHIN: Duration = Duration::from_secs(60);

/// When nothing has come for so long, nothing comes any more: twice the wait of
/// tail sampling.
const SILENCE: Duration = Duration::from_secs(10);

pub(super) fn measure(bench: &mut Bench, facts: &mut Facts) -> anyhow::Result<()> {
    let count = bench.sizes.ingest_spans.min(MOST_SPANS) as usize / SPANS_IN_REQUEST;
    let bodies = tracewell_load::requests(ShapeName::Jaeger, 1, count, SPANS_IN_REQUEST);
    let sent = (count * SPANS_IN_REQUEST) as u64;
    let mut ratios = Vec::new();
    for kind in &KINDS {
        let ours = Way::new(bench, kind, Who::Tracewell)?;
        let us = ours.cost_us(facts, &bodies, sent)?;
        ours.crash(facts, &bodies, sent)?;
        if bench.collector.is_some() {
            let theirs = Way::new(bench, kind, Who::Collector)?;
            ratios.push(us / theirs.cost_us(facts, &bodies, sent)?);
            theirs.crash(facts, &bodies, sent)?;
        }
    }
    if ratios.is_empty() {
        facts.note("a real Collector", "none was named with --collector");
        return Ok(());
    }
    let how = format!(
        "{} spans of shape jaeger, one request of {} after another over HTTP, sent on over gRPC \
         without compression to a third process",
        grouped(sent),
        SPANS_IN_REQUEST
    );
    bench.measured(&budgets::PIPELINES, &ratios, how);
    Ok(())
}

#[derive(Clone, Copy)]
enum Who {
    Tracewell,
    Collector,
}

/// From here over the one who is measured to a backend.
struct Way<'bench> {
    bench: &'bench Bench,
    kind: &'static Kind,
    who: Who,
    backend: Server,
    listen: SocketAddr,
    file: PathBuf,
}

impl<'bench> Way<'bench> {
    fn new(bench: &'bench Bench, kind: &'static Kind, who: Who) -> anyhow::Result<Self> {
        let file = bench.data_dir("backend.yaml");
        std::fs::write(
            &file,
            "receivers: {otlp: {protocols: {grpc: {endpoint: \"127.0.0.1:0\"}, http: {endpoint: \"127.0.0.1:0\"}}}}
exporters: {nop: }
service: {pipelines: {traces: {receivers: [otlp], exporters: [nop]}}}
",
        )?;
        let backend = bench.start("backend", &["--config", &file.display().to_string()])?;
        let listen = free_address()?;
        let file = bench.data_dir("pipeline.yaml");
        std::fs::write(&file, kind.file(listen, backend.address("otlp-grpc")?))?;
        Ok(Self {
            bench,
            kind,
            who,
            backend,
            listen,
            file,
        })
    }

    fn name(&self) -> &'static str {
        match self.who {
            Who::Tracewell => "tracewell",
            Who::Collector => "a real Collector",
        }
    }

    fn start(&self) -> anyhow::Result<Runner> {
        let bench = self.bench;
        Ok(match (self.who, &bench.collector) {
            (Who::Collector, Some(binary)) => {
                Runner::Collector(Collector::start(binary, &self.file, self.listen)?)
            }
            _ => {
                let file = self.file.display().to_string();
                Runner::Tracewell(bench.start("front", &["--config", &file])?)
            }
        })
    }

    /// CPU time for a span, in µs.
    fn cost_us<B: AsRef<[u8]>>(
        &self,
        facts: &mut Facts,
        bodies: &[B],
        sent: u64,
    ) -> anyhow::Result<f64> {
        let runner = self.start()?;
        let before = process::cpu_seconds(runner.pid())?;
        self.send(&runner, bodies)?;
        let arrived = self.arrived(sent)?;
        let us = (process::cpu_seconds(runner.pid())? - before) * 1e6 / sent as f64;
        let peak_bytes = process::memory_bytes(runner.pid(), "VmHWM")?;
        let (kind, name) = (self.kind.name, self.name());
        facts.number(format!("{kind}: CPU of {name}"), us, "µs/span");
        facts.bytes(format!("{kind}: peak memory of {name}"), peak_bytes);
        self.lost(facts, "without a fault", sent.saturating_sub(arrived));
        runner.kill()?;
        Ok(us)
    }

    /// Killed when half of the spans are acknowledged, and started again at once.
    fn crash<B: AsRef<[u8]>>(
        &self,
        facts: &mut Facts,
        bodies: &[B],
        sent: u64,
    ) -> anyhow::Result<()> {
        let before = self.received()?;
        let (first, rest) = bodies.split_at(bodies.len() / 2);
        let runner = self.start()?;
        self.send(&runner, first)?;
        runner.kill()?;
        let runner = self.start()?;
        self.send(&runner, rest)?;
        let arrived = self.arrived(before + sent)? - before;
        self.lost(facts, "by kill -9", sent.saturating_sub(arrived));
        runner.kill()
    }

    /// Acknowledged and never seen again; of Tracewell that makes the run unsound.
    fn lost(&self, facts: &mut Facts, how: &str, spans: u64) {
        let (kind, name) = (self.kind.name, self.name());
        facts.count(format!("{kind}: lost {how} by {name}"), spans);
        if spans > 0 && matches!(self.who, Who::Tracewell) {
            facts.failure(format!("{kind}: {spans} acknowledged spans are lost {how}"));
        }
    }

    fn send<B: AsRef<[u8]>>(&self, runner: &Runner, bodies: &[B]) -> anyhow::Result<()> {
        let address = match runner {
            // It says where it listens, whatever the file has.
            Runner::Tracewell(server) => server.address("otlp-http")?,
            Runner::Collector(_) => self.listen,
        };
        let mut connection = Connection::open(address)?;
        for body in bodies {
            let answer = connection.post("/v1/traces", "application/x-protobuf", body.as_ref())?;
            ensure!(answer.status == 200, "{answer:?}");
        }
        Ok(())
    }

    fn received(&self) -> anyhow::Result<u64> {
        let received = self.backend.status()?["spans"]["received"].as_u64();
        received.context("no spans.received in /api/status")
    }

    /// What the backend has received when it has as many, or when no more come.
    fn arrived(&self, awaited: u64) -> anyhow::Result<u64> {
        let began = Instant::now();
        let (mut before, mut since) = (0, began);
        loop {
            let received = self.received()?;
            if received > before {
                (before, since) = (received, Instant::now());
            }
            let is_over = since.elapsed() > SILENCE || began.elapsed() > ARRIVED_WITHIN;
            if received >= awaited || is_over {
                return Ok(received);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
