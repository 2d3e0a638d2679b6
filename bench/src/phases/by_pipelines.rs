//! What spans cost on their way through: received over HTTP, changed, sent on over
//! gRPC; and beside it what they cost a real Collector with the same file, if there
//! is one.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tracewell_load::ShapeName;

use super::Bench;
use crate::budgets;
use crate::facts::{Facts, grouped, shown};
use crate::http::Connection;
use crate::pipelines::{Collector, KINDS, Kind, free_address};
use crate::process;
use crate::server::Server;

/// More would fill this process with bodies.
const MOST_SPANS: u64 = 400_000;

/// As the OpenTelemetry Demo's services send at some load.
const SPANS_IN_REQUEST: usize = 593;

/// How long the last spans may be on their way.
const ARRIVED_WITHIN: Duration = Duration::from_secs(60);

pub(super) fn measure(bench: &mut Bench, facts: &mut Facts) -> anyhow::Result<()> {
    let count = bench.sizes.ingest_spans.min(MOST_SPANS) as usize / SPANS_IN_REQUEST;
    let bodies = tracewell_load::requests(ShapeName::Jaeger, 1, count, SPANS_IN_REQUEST);
    let sent = (count * SPANS_IN_REQUEST) as u64;
    let mut ratios = Vec::new();
    for kind in &KINDS {
        let ours = through_us(bench, facts, kind, &bodies, sent, Who::Tracewell)?;
        if bench.collector.is_some() {
            let theirs = through_us(bench, facts, kind, &bodies, sent, Who::Collector)?;
            ratios.push(ours / theirs);
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    Tracewell,
    Collector,
}

/// CPU time for a span, in µs, of whoever has the pipeline.
fn through_us<B: AsRef<[u8]>>(
    bench: &Bench,
    facts: &mut Facts,
    kind: &Kind,
    bodies: &[B],
    sent: u64,
    who: Who,
) -> anyhow::Result<f64> {
    let backend_file = bench.data_dir("backend.yaml");
    std::fs::write(
        &backend_file,
        "receivers: {otlp: {protocols: {grpc: {endpoint: \"127.0.0.1:0\"}, http: {endpoint: \"127.0.0.1:0\"}}}}
exporters: {nop: }
service: {pipelines: {traces: {receivers: [otlp], exporters: [nop]}}}
",
    )?;
    let backend_file = backend_file.display().to_string();
    let backend = bench.start("backend", &["--config", &backend_file])?;
    let (listen, to) = (free_address()?, backend.address("otlp-grpc")?);
    let file = bench.data_dir("pipeline.yaml");
    std::fs::write(&file, kind.file(listen, to))?;
    let (us, peak_bytes, name) = match (who, &bench.collector) {
        (Who::Collector, Some(binary)) => {
            let collector = Collector::start(binary, &file, listen)?;
            let before = collector.cpu_seconds()?;
            send(listen, bodies)?;
            wait_for(&backend, sent)?;
            let seconds = collector.cpu_seconds()? - before;
            (seconds, collector.peak_bytes()?, "a real Collector")
        }
        _ => {
            let file = file.display().to_string();
            let front = bench.start("front", &["--config", &file])?;
            let before = front.cpu_seconds()?;
            send(front.address("otlp-http")?, bodies)?;
            wait_for(&backend, sent)?;
            let seconds = front.cpu_seconds()? - before;
            let peak_bytes = process::memory_bytes(front.pid(), "VmHWM")?;
            (seconds, peak_bytes, "tracewell")
        }
    };
    let us = us * 1e6 / sent as f64;
    facts.number(format!("{}: CPU of {name}", kind.name), us, "µs/span");
    facts.bytes(format!("{}: peak memory of {name}", kind.name), peak_bytes);
    Ok(us)
}

fn send<B: AsRef<[u8]>>(to: SocketAddr, bodies: &[B]) -> anyhow::Result<()> {
    let mut connection = Connection::open(to)?;
    for body in bodies {
        let answer = connection.post("/v1/traces", "application/x-protobuf", body.as_ref())?;
        ensure!(answer.status == 200, "{answer:?}");
    }
    Ok(())
}

/// Until the backend has all of them.
fn wait_for(backend: &Server, sent: u64) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let status = backend.status()?;
        let received = status["spans"]["received"].as_u64();
        let received = received.context("no spans.received in /api/status")?;
        if received >= sent {
            return Ok(());
        }
        ensure!(
            began.elapsed() < ARRIVED_WITHIN,
            "{} of {} spans arrived",
            shown(received as f64),
            grouped(sent)
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}
