//! Requests to `SpanBatch`: of OTLP the very bytes that the load sends, of older
//! protocols the same spans.

use std::time::Instant;

use anyhow::ensure;
use bytes::Bytes;
use tracewell_load::ShapeName;
use tracewell_wire::otlp::protobuf;
use tracewell_wire::{Decoded, WireError};

use super::Bench;
use crate::budgets;
use crate::facts::{Facts, grouped};
use crate::older;
use crate::process;

const BODIES: usize = 20;
const SPANS_IN_BODY: usize = 1_000;

/// CPU time of decoding a span.
struct Cost {
    mean_ns: f64,
    best_ns: f64,
    rounds: u32,
}

pub(super) fn measure(bench: &mut Bench, facts: &mut Facts) -> anyhow::Result<()> {
    for (shape, name) in [
        ("jaeger", ShapeName::Jaeger),
        ("tracegen", ShapeName::Tracegen),
        ("shop", ShapeName::Shop),
    ] {
        let bodies = tracewell_load::requests(name, 1, BODIES, SPANS_IN_BODY);
        let cost = cost(bench, &bodies, protobuf::decode)?;
        let size = tell(facts, shape, &bodies, &cost);
        if shape == "jaeger" {
            let Cost {
                mean_ns,
                best_ns,
                rounds,
            } = cost;
            let how = format!(
                "CPU time in this process: mean of {rounds} rounds over {} requests of {} spans as the \
                 load sends them, {size:.0} bytes/span; best round {best_ns:.0}",
                BODIES,
                grouped(SPANS_IN_BODY as u64)
            );
            bench.measured(&budgets::DECODE, &[mean_ns], how);
            tell_older(bench, facts, &bodies)?;
        }
    }
    Ok(())
}

/// The same spans in older protocols.
fn tell_older(bench: &Bench, facts: &mut Facts, otlp: &[Bytes]) -> anyhow::Result<()> {
    let spans = older::spans(otlp)?;
    for protocol in older::PROTOCOLS {
        let bodies = (protocol.bodies)(&spans);
        let cost = cost(bench, &bodies, protocol.decode)?;
        tell(facts, protocol.name, &bodies, &cost);
    }
    Ok(())
}

fn cost<B: AsRef<[u8]>>(
    bench: &Bench,
    bodies: &[B],
    decode: impl Fn(&[u8]) -> Result<Decoded, WireError>,
) -> anyhow::Result<Cost> {
    let spans = (BODIES * SPANS_IN_BODY) as u64;
    let (mut best_ns, mut all_ns, mut rounds) = (f64::MAX, 0.0, 0);
    let began = Instant::now();
    while began.elapsed() < bench.sizes.decode || rounds < 3 {
        let before_ns = process::own_cpu_ns()?;
        let mut decoded_spans = 0;
        for body in bodies {
            let decoded = decode(body.as_ref())?;
            ensure!(decoded.rejected.total() == 0, "a span was rejected");
            decoded_spans += std::hint::black_box(decoded).batch.len() as u64;
        }
        ensure!(decoded_spans == spans, "a span was not decoded");
        let ns = (process::own_cpu_ns()? - before_ns) as f64 / spans as f64;
        best_ns = best_ns.min(ns);
        all_ns += ns;
        rounds += 1;
    }
    Ok(Cost {
        mean_ns: all_ns / f64::from(rounds),
        best_ns,
        rounds,
    })
}

/// Notes what it cost, and answers the bytes of a span.
fn tell<B: AsRef<[u8]>>(facts: &mut Facts, what: &str, bodies: &[B], cost: &Cost) -> f64 {
    let bytes: usize = bodies.iter().map(|body| body.as_ref().len()).sum();
    let size = bytes as f64 / (BODIES * SPANS_IN_BODY) as f64;
    facts.number(format!("{what}: size on the wire"), size, "bytes/span");
    let rounds = cost.rounds;
    let best = format!("{what}: best of {rounds} rounds");
    facts.number(best, cost.best_ns, "ns/span");
    facts.number(format!("{what}: mean"), cost.mean_ns, "ns/span");
    size
}
