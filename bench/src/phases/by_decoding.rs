//! OTLP protobuf to `SpanBatch`, on the very bytes that the load sends.

use std::time::Instant;

use anyhow::ensure;
use bytes::Bytes;
use tracewell_load::ShapeName;
use tracewell_wire::otlp::protobuf;

use super::Bench;
use crate::budgets;
use crate::facts::{Facts, grouped};
use crate::process;

const BODIES: usize = 20;
const SPANS_IN_BODY: usize = 1_000;

pub(super) fn measure(bench: &mut Bench, facts: &mut Facts) -> anyhow::Result<()> {
    for (shape, name) in [
        ("jaeger", ShapeName::Jaeger),
        ("tracegen", ShapeName::Tracegen),
        ("shop", ShapeName::Shop),
    ] {
        let bodies = tracewell_load::requests(name, 1, BODIES, SPANS_IN_BODY);
        let bytes: usize = bodies.iter().map(Bytes::len).sum();
        let spans = (BODIES * SPANS_IN_BODY) as u64;
        let (mut best_ns, mut all_ns, mut rounds) = (f64::MAX, 0.0, 0);
        let began = Instant::now();
        while began.elapsed() < bench.sizes.decode || rounds < 3 {
            let before_ns = process::own_cpu_ns()?;
            let mut decoded_spans = 0;
            for body in &bodies {
                let decoded = protobuf::decode(body)?;
                ensure!(decoded.rejected.total() == 0, "a span was rejected");
                decoded_spans += std::hint::black_box(decoded).batch.len() as u64;
            }
            ensure!(decoded_spans == spans, "a span was not decoded");
            let ns = (process::own_cpu_ns()? - before_ns) as f64 / spans as f64;
            best_ns = best_ns.min(ns);
            all_ns += ns;
            rounds += 1;
        }
        let mean_ns = all_ns / f64::from(rounds);
        let size = bytes as f64 / spans as f64;
        facts.number(format!("{shape}: size on the wire"), size, "bytes/span");
        facts.number(
            format!("{shape}: best of {rounds} rounds"),
            best_ns,
            "ns/span",
        );
        facts.number(format!("{shape}: mean"), mean_ns, "ns/span");
        if shape == "jaeger" {
            let how = format!(
                "CPU time in this process: mean of {rounds} rounds over {} requests of {} spans as the \
                 load sends them, {size:.0} bytes/span; best round {best_ns:.0}",
                BODIES,
                grouped(SPANS_IN_BODY as u64)
            );
            bench.measured(&budgets::DECODE, &[mean_ns], how);
        }
    }
    Ok(())
}
