//! The whole life of spans with defaults: received, sealed, compacted; what it
//! costs and what is on the disk in the end.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use super::by_searching;
use super::planted::Planted;
use super::{Bench, check_stored, tell_disk, tell_sent, tell_threads};
use crate::budgets;
use crate::disk::Disk;
use crate::facts::{Facts, grouped, shown};
use crate::generator::{HTTP, Load};
use crate::process;
use crate::server::Server;
use crate::settle::settle;
use crate::spans;

/// The load is sent in as many parts; rare spans are planted between them.
const PARTS: u64 = 5;
/// Rows of TrainTicket that repeat byte for byte, and may be stored once.
const TRAINTICKET_REPEATED: u64 = 8_928;
const TRAINTICKET: &str = "traces/trainticket-2023-01-29_30.otlp.pb.gz";

/// What a life came to.
struct Life {
    disk: Disk,
    cpu_us: f64,
    /// Of the spans, in blocks.
    sealed_share: f64,
    /// When the store was at rest.
    settled: String,
}

pub(super) fn measure(bench: &mut Bench, facts: &mut Facts) -> anyhow::Result<()> {
    let mut server = bench.start("store", &[])?;
    let mut planted = Planted::default();
    let (mut acknowledged, mut unclear) = (0, 0);
    let before = server.cpu_seconds()?;
    for part in 0..PARTS {
        let ids = bench.data_dir(&format!("ids-{part}"));
        let load = Load {
            shape: "jaeger",
            endpoint: server.address("otlp-http")?,
            flags: HTTP,
            rate: 0,
            verify_file: Some(ids.clone()),
            seed: 10 + part,
        };
        let sent = load.spans(&bench.binary, bench.sizes.stored_spans / PARTS)?;
        tell_sent(facts, &format!("part {}", part + 1), &sent);
        acknowledged += sent.spans.acknowledged;
        unclear += sent.spans.failed;
        planted.id_files.push(ids);
        acknowledged += planted.plant(&server)?;
    }
    let life = after(bench, facts, &server, before, acknowledged)?;
    check_stored(facts, &server, "after compaction", acknowledged, unclear)?;
    let peak = process::memory_bytes(server.pid(), "VmHWM")?;
    facts.bytes("resident memory: peak", peak);
    tell_life(bench, &life, acknowledged);
    tell_bytes(bench, &budgets::BYTES, &life, "jaeger", acknowledged);

    planted.stored_spans = acknowledged;
    planted.blocks = life.disk.blocks;
    acknowledged += by_searching::measure(bench, facts, &server, &planted)?;

    facts.number(
        "end on SIGTERM",
        server.terminate()?.as_secs_f64() * 1e3,
        "ms",
    );
    let server = Server::start(&bench.binary, &server.data_dir, &[])?;
    let ready_ms = server.ready_after.as_secs_f64() * 1e3;
    facts.number("ready again with all blocks", ready_ms, "ms");
    check_stored(facts, &server, "after a restart", acknowledged, unclear)?;
    bench.discard(server)
}

/// A row for the CPU time of a life. What was not sealed is added in
/// proportion, so that a tail in memory does not make it cheap.
fn tell_life(bench: &mut Bench, life: &Life, acknowledged: u64) {
    let percent = life.sealed_share * 100.0;
    let (us, correction) = match bench.receive_us {
        Some(receive_us) if life.sealed_share > 0.0 => (
            receive_us + (life.cpu_us - receive_us).max(0.0) / life.sealed_share,
            "; sealing extrapolated to all",
        ),
        _ => (life.cpu_us, ""),
    };
    let how = format!(
        "{} spans of shape jaeger over HTTP, {} CPU/span as measured, {percent:.1} % of them \
         sealed{correction}; {}",
        grouped(acknowledged),
        shown(life.cpu_us),
        life.settled
    );
    bench.measured(&budgets::LIFE, &[us], how);
}

fn tell_bytes(
    bench: &mut Bench,
    budget: &budgets::Budget,
    life: &Life,
    shape: &str,
    acknowledged: u64,
) {
    // Nothing sealed is nothing measured.
    let Some(bytes) = life.disk.bytes_per_span() else {
        return;
    };
    let how = format!(
        "shape {shape}, {} spans, {:.1} % of them in {} blocks; Parquet and index files; {}",
        grouped(acknowledged),
        life.sealed_share * 100.0,
        life.disk.blocks,
        life.settled
    );
    bench.measured(budget, &[bytes], how);
}

/// Waits for the store to come to rest and takes stock.
fn after(
    bench: &Bench,
    facts: &mut Facts,
    server: &Server,
    cpu_before: f64,
    spans: u64,
) -> anyhow::Result<Life> {
    let settled = settle(server, bench.sizes.settle)?;
    let cpu_us = (server.cpu_seconds()? - cpu_before) * 1e6 / spans.max(1) as f64;
    let backlog = match settled.backlog {
        Some(left) => format!("compaction backlog {left:.0}"),
        None => "no compaction backlog in /metrics".to_owned(),
    };
    let rest = if settled.at_rest {
        "at rest"
    } else {
        "NOT at rest"
    };
    let settled = format!(
        "{rest} after {:.0} s, {backlog}",
        settled.after.as_secs_f64()
    );
    let disk = Disk::of(&server.data_dir)?;
    facts.note("after the load", settled.clone());
    facts.number("server CPU of the whole life", cpu_us, "µs/span");
    tell_threads(facts, server, spans);
    tell_disk(facts, &disk);
    let sealed_share = disk.sealed_spans as f64 / spans.max(1) as f64;
    Ok(Life {
        disk,
        cpu_us,
        sealed_share: sealed_share.min(1.0),
        settled,
    })
}

pub(super) fn measure_tracegen(bench: &mut Bench, facts: &mut Facts) -> anyhow::Result<()> {
    let server = bench.start("tracegen", &[])?;
    let load = Load {
        shape: "tracegen",
        endpoint: server.address("otlp-http")?,
        flags: HTTP,
        rate: 0,
        verify_file: None,
        seed: 1,
    };
    let before = server.cpu_seconds()?;
    let sent = load.spans(&bench.binary, bench.sizes.tracegen_spans)?;
    tell_sent(facts, "load", &sent);
    let acknowledged = sent.spans.acknowledged;
    let life = after(bench, facts, &server, before, acknowledged)?;
    check_stored(
        facts,
        &server,
        "after compaction",
        acknowledged,
        sent.spans.failed,
    )?;
    tell_bytes(
        bench,
        &budgets::BYTES_TRACEGEN,
        &life,
        "tracegen",
        acknowledged,
    );
    bench.discard(server)
}

pub(super) fn measure_trainticket(bench: &mut Bench, facts: &mut Facts) -> anyhow::Result<()> {
    let Some(packed) = shared_data(TRAINTICKET) else {
        facts.note(
            "skipped",
            "the TrainTicket traces are not there; see CONTRIBUTING.md",
        );
        return Ok(());
    };
    let requests = records(&packed)?;
    let server = bench.start("trainticket", &["--retention", "unlimited"])?;
    let mut receiver = server.receiver()?;
    let before = server.cpu_seconds()?;
    for request in &requests {
        let answer = receiver.post(spans::PATH, "application/x-protobuf", request)?;
        ensure!(
            answer.status == 200 && answer.body.is_empty(),
            "spans were not taken"
        );
    }
    let status = server.status()?;
    let acknowledged = status["spans"]["stored"]
        .as_u64()
        .context("no spans.stored")?;
    let bytes: usize = requests.iter().map(Vec::len).sum();
    facts.number(
        "size on the wire",
        bytes as f64 / acknowledged as f64,
        "bytes/span",
    );
    let life = after(bench, facts, &server, before, acknowledged)?;
    // Whichever copies met in one compaction are stored once.
    let distinct = acknowledged - TRAINTICKET_REPEATED.min(acknowledged);
    check_stored(
        facts,
        &server,
        "TrainTicket",
        distinct,
        TRAINTICKET_REPEATED,
    )?;
    match life.disk.bytes_per_span() {
        Some(bytes) => facts.number("bytes on disk", bytes, "bytes/span"),
        None => facts.note("bytes on disk", "nothing was sealed"),
    }
    bench.discard(server)
}

/// Public traces lie beside the repository, where tests look for them too.
fn shared_data(path: &str) -> Option<PathBuf> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let found = repository.join("../shared/data").join(path);
    found.exists().then_some(found)
}

/// Requests of a file of records {u32 big-endian length, request}.
fn records(packed: &Path) -> anyhow::Result<Vec<Vec<u8>>> {
    let file = std::fs::File::open(packed)?;
    let mut bytes = Vec::new();
    flate2::read::MultiGzDecoder::new(file).read_to_end(&mut bytes)?;
    let mut rest = &bytes[..];
    let mut requests = Vec::new();
    while let Some((length, tail)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let (request, tail) = tail
            .split_at_checked(length)
            .context("the file of records ends early")?;
        requests.push(request.to_vec());
        rest = tail;
    }
    Ok(requests)
}
