//! From nothing to the first span that is stored.

use std::time::Duration;

use anyhow::ensure;

use super::Bench;
use crate::budgets;
use crate::facts::Facts;
use crate::samples::Samples;
use crate::spans;

pub(super) fn measure(bench: &mut Bench, facts: &mut Facts) -> anyhow::Result<()> {
    let (mut ready, mut stored) = (Samples::default(), Samples::default());
    for _ in 0..bench.sizes.cold_starts {
        let server = bench.start("cold", &[])?;
        let body = spans::request(1, "bench.first", "span");
        let answer = server
            .receiver()?
            .post(spans::PATH, spans::CONTENT_TYPE, &body)?;
        let after: Duration = server.started.elapsed();
        ensure!(answer.status == 200, "the first span was not taken");
        ready.add(server.ready_after);
        stored.add(after);
        super::check_stored(facts, &server, "cold start", 1, 0)?;
        bench.discard(server)?;
    }
    facts.quantiles("ready", &ready);
    facts.quantiles("first span acknowledged", &stored);
    let p50 = stored.p50().unwrap_or(f64::NAN);
    let how = format!(
        "from before the process exists to the acknowledgement of a span over HTTP; {} starts",
        stored.len()
    );
    bench.measured(&budgets::COLD_START, &[p50], how);
    Ok(())
}
