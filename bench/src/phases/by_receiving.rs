//! Receiving alone: durable and searchable, with a limit of memory so high
//! that nothing is sealed. What that left behind is then started from after a
//! kill.

use std::path::Path;

use super::{Bench, check_stored, tell_sent, tell_threads};
use crate::budgets::{self, Budget};
use crate::disk::Disk;
use crate::facts::{Facts, grouped, shown};
use crate::generator::{GRPC_GZIP, HTTP, Load};
use crate::process;
use crate::samples::Samples;
use crate::server::{Server, WITHOUT_SEALING};
use crate::settle::settle;

/// Starts after a kill.
const RESTARTS: usize = 3;

/// The thread of the log that writes segments before they are needed.
const SEGMENTS_AHEAD: &str = "wal-prepare";

struct Way {
    name: &'static str,
    endpoint: &'static str,
    flags: &'static [&'static str],
    budget: Budget,
}

const WAYS: [Way; 2] = [
    Way {
        name: "gRPC gzip",
        endpoint: "otlp-grpc",
        flags: GRPC_GZIP,
        budget: budgets::INGEST_GRPC,
    },
    Way {
        name: "HTTP",
        endpoint: "otlp-http",
        flags: HTTP,
        budget: budgets::INGEST_HTTP,
    },
];

pub(super) fn measure(bench: &mut Bench, facts: &mut Facts) -> anyhow::Result<()> {
    for way in WAYS {
        let server = bench.start("receive", WITHOUT_SEALING)?;
        let load = Load {
            shape: "jaeger",
            endpoint: server.address(way.endpoint)?,
            flags: way.flags,
            rate: 0,
            verify_file: None,
            seed: 1,
        };
        let before = server.cpu_seconds()?;
        let sent = load.spans(&bench.binary, bench.sizes.ingest_spans)?;
        // What tidies up behind the load belongs to it.
        settle(&server, bench.sizes.settle)?;
        let cpu_seconds = server.cpu_seconds()? - before;
        let acknowledged = sent.spans.acknowledged;
        let us = cpu_seconds * 1e6 / acknowledged.max(1) as f64;
        tell_sent(facts, way.name, &sent);
        facts.number(format!("{}: server CPU", way.name), us, "µs/span");
        tell_threads(facts, &server, acknowledged);
        check_stored(facts, &server, way.name, acknowledged, sent.spans.failed)?;
        let memory = process::memory_bytes(server.pid(), "VmRSS")?;
        let each = memory as f64 / acknowledged.max(1) as f64;
        facts.number(
            format!("{}: resident memory", way.name),
            each,
            "bytes/live span",
        );
        let disk = Disk::of(&server.data_dir)?;
        let threads = process::thread_cpu_ns(server.pid());
        let ahead_ns = threads.get(SEGMENTS_AHEAD).copied().unwrap_or(0);
        let ahead_us = ahead_ns as f64 / 1e3 / acknowledged.max(1) as f64;
        let how = format!(
            "{} spans of shape jaeger as fast as they were taken ({} spans/s), 4 connections; \
             fsync; {} of it for writing new WAL segments ahead, which are recycled where spans \
             are sealed; {}",
            grouped(acknowledged),
            shown(sent.achieved_rate),
            shown(ahead_us),
            match disk.blocks {
                0 => "nothing was sealed (--memory-limit 64GiB)".to_owned(),
                blocks => format!("TOO HIGH: {blocks} blocks were sealed all the same"),
            }
        );
        bench.measured(&way.budget, &[us], how);
        if way.endpoint == "otlp-http" {
            bench.receive_us = Some(us);
            start_after_kill(bench, facts, server, acknowledged)?;
        } else {
            bench.discard(server)?;
        }
    }
    Ok(())
}

fn start_after_kill(
    bench: &mut Bench,
    facts: &mut Facts,
    mut server: Server,
    acknowledged: u64,
) -> anyhow::Result<()> {
    let wal_bytes = |dir: &Path| Ok::<_, anyhow::Error>(Disk::of(dir)?.parts["wal"]);
    let live_bytes = server.status()?["store"]["memoryBytes"].as_u64();
    let bytes = wal_bytes(&server.data_dir)?;
    let mut starts = Samples::default();
    for _ in 0..RESTARTS {
        server.kill()?;
        server = Server::start(&bench.binary, &server.data_dir, WITHOUT_SEALING)?;
        starts.add(server.ready_after);
    }
    check_stored(facts, &server, "after kill -9", acknowledged, 0)?;
    facts.bytes("WAL at the kill", bytes);
    facts.bytes("live spans at the kill", live_bytes.unwrap_or(0));
    facts.quantiles("ready after kill -9", &starts);
    let seconds = starts.quantile_ms(1.0).unwrap_or(f64::NAN) / 1e3;
    let how = format!(
        "slowest of {RESTARTS}; {} spans in {} MiB of segments, {} MiB live, against 128 MiB at \
         which defaults push back",
        grouped(acknowledged),
        bytes >> 20,
        live_bytes.unwrap_or(0) >> 20,
    );
    bench.measured(&budgets::START_AFTER_KILL, &[seconds], how);
    bench.discard(server)
}
