//! 100,000 spans a second with defaults: memory, and what sealing and
//! compaction do to those who wait for an acknowledgement.

use tracewell_load::Report;

use super::{Bench, check_stored, tell_disk, tell_sent, tell_threads};
use crate::budgets;
use crate::disk::Disk;
use crate::facts::{Facts, shown};
use crate::generator::{GRPC, Load};
use crate::probe::{Probe, Probed};
use crate::process;
use crate::server::{Server, WITHOUT_SEALING};
use crate::settle::settle;

pub(super) fn measure(bench: &mut Bench, facts: &mut Facts) -> anyhow::Result<()> {
    let quiet_server = bench.start("quiet", WITHOUT_SEALING)?;
    let (sent, quiet) = load(bench, &quiet_server, bench.sizes.quiet.as_secs())?;
    tell(facts, "without sealing", &sent, &quiet);
    bench.discard(quiet_server)?;

    let mut server = bench.start("steady", &[])?;
    let before = server.cpu_seconds()?;
    let (sent, probed) = load(bench, &server, bench.sizes.steady.as_secs())?;
    let cpu_seconds = server.cpu_seconds()? - before;
    let peak = process::memory_bytes(server.pid(), "VmHWM")?;
    tell(facts, "defaults", &sent, &probed);
    let acknowledged = sent.spans.acknowledged + probed.acknowledged;
    facts.number(
        "server CPU during the load",
        cpu_seconds / sent.seconds * 100.0,
        "% of a core",
    );
    facts.bytes("resident memory: peak", peak);
    facts.bytes(
        "resident memory: mean of the second half",
        probed.mean_memory_bytes,
    );
    tell_threads(facts, &server, acknowledged);
    let unclear = sent.spans.failed;
    check_stored(
        facts,
        &server,
        "at the end of the load",
        acknowledged,
        unclear,
    )?;

    let mib = peak as f64 / f64::from(1 << 20);
    let how = format!(
        "VmHWM after {} s of {} spans/s (asked for {}), shape jaeger over gRPC in requests of 512",
        shown(sent.seconds),
        shown(sent.achieved_rate),
        shown(bench.sizes.steady_rate as f64),
    );
    bench.measured(&budgets::MEMORY, &[mib], how);
    if let (Some(with), Some(without)) = (probed.busy.p99(), quiet.all().p99()) {
        let how = format!(
            "p99 of {} requests while the background worked: {} ms; of {} with the same load and \
             nothing sealed: {} ms; 50 small requests/s beside the load, {} of them refused and \
             not in the figure",
            probed.busy.len(),
            shown(with),
            quiet.all().len(),
            shown(without),
            probed.refused
        );
        bench.measured(&budgets::STALLS, &[with / without], how);
    }

    // As late as can be: nothing of the last seconds is sealed.
    server.kill()?;
    let server = Server::start(&bench.binary, &server.data_dir, &[])?;
    facts.number(
        "ready after kill -9 at the end of the load",
        server.ready_after.as_secs_f64() * 1e3,
        "ms",
    );
    check_stored(facts, &server, "after kill -9", acknowledged, unclear)?;
    let settled = settle(&server, bench.sizes.settle)?;
    facts.number("at rest after", settled.after.as_secs_f64(), "s");
    tell_disk(facts, &Disk::of(&server.data_dir)?);
    bench.discard(server)
}

fn load(bench: &Bench, server: &Server, seconds: u64) -> anyhow::Result<(Report, Probed)> {
    let load = Load {
        shape: "jaeger",
        endpoint: server.address("otlp-grpc")?,
        flags: GRPC,
        rate: bench.sizes.steady_rate,
        verify_file: None,
        seed: 2,
    };
    let probe = Probe::start(server)?;
    let sent = load.lasting(&bench.binary, seconds);
    let probed = probe.finish()?;
    Ok((sent?, probed))
}

fn tell(facts: &mut Facts, what: &str, sent: &Report, probed: &Probed) {
    tell_sent(facts, what, sent);
    facts.quantiles(
        format!("{what}: small requests, background at work"),
        &probed.busy,
    );
    facts.quantiles(
        format!("{what}: small requests, background quiet"),
        &probed.quiet,
    );
    facts.number(
        format!("{what}: background at work"),
        probed.busy_share * 100.0,
        "% of the time",
    );
    if probed.refused > 0 {
        facts.count(format!("{what}: small requests refused"), probed.refused);
    }
}
