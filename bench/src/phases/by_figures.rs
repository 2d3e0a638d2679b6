//! Figures over everything that is stored, and conditions on whole traces: what a
//! dashboard asks, over HTTP as a client of Tempo does.

use std::time::{Duration, Instant};

use anyhow::ensure;
use serde_json::Value;
use tracewell_model::clock::{Clock, SystemClock};

use super::Bench;
use super::by_searching::{WARM_UP, search};
use crate::budgets::{self, Budget};
use crate::facts::Facts;
use crate::http::{Connection, escaped};
use crate::samples::Samples;

/// Seconds that figures are asked of, and between their moments.
const RANGE_S: u64 = 6 * 3_600;
const STEP_S: u64 = 60;

const RATE: &str = "{ } | rate() by (resource.service.name)";
const QUANTILES: &str =
    "{ } | quantile_over_time(duration, 0.5, 0.99) by (resource.service.name, name)";
const HISTOGRAM: &str = "{ } | histogram_over_time(duration)";
const COMPARE: &str = "{ } | compare({ status = error })";
const COUNT: &str = "{ } | count_over_time()";

/// Questions of which each has a limit in [`budgets::FIGURES`].
const FIGURES: [&str; 5] = [RATE, QUANTILES, HISTOGRAM, COMPARE, COUNT];

/// And in [`budgets::WHOLE_TRACES`].
const WHOLE_TRACES: [&str; 2] = [
    "{ trace:duration > 1000h }",
    r#"{ name = "operation-1" } >> { name = "there is none" }"#,
];

pub(super) fn measure(
    bench: &mut Bench,
    facts: &mut Facts,
    query: &mut Connection,
    over: &str,
) -> anyhow::Result<()> {
    let times = bench.sizes.searches.min(10);
    all(bench, facts, &budgets::FIGURES, &FIGURES, over, &mut |q| {
        figures(query, q).map(|answered| (answered, times))
    })?;
    all(
        bench,
        facts,
        &budgets::WHOLE_TRACES,
        &WHOLE_TRACES,
        over,
        &mut |q| {
            let found = search(query, q, 20)?;
            ensure!(found.partial.is_none(), "partial: {:?}", found.partial);
            ensure!(found.traces == 0, "{} traces were found", found.traces);
            Ok((found.took, times))
        },
    )
}

/// Asks each of the questions; how long it took, and how often it is to be asked.
fn all(
    bench: &mut Bench,
    facts: &mut Facts,
    budget: &Budget,
    questions: &[&str],
    over: &str,
    ask: &mut dyn FnMut(&str) -> anyhow::Result<(Duration, usize)>,
) -> anyhow::Result<()> {
    let mut each = Vec::new();
    for q in questions {
        let (mut samples, mut times) = (Samples::default(), 1);
        let mut asked = 0;
        while asked < times + WARM_UP {
            let (took, wanted) = ask(q)?;
            if asked >= WARM_UP {
                samples.add(took);
            }
            (asked, times) = (asked + 1, wanted);
        }
        facts.quantiles(*q, &samples);
        each.extend(samples.p50());
    }
    let how = format!("p50 of {}; {over}", questions.join("; "));
    bench.measured(budget, &each, how);
    Ok(())
}

/// Asks for series of the last hours.
fn figures(query: &mut Connection, q: &str) -> anyhow::Result<Duration> {
    let to_s = SystemClock.now_ns() / 1_000_000_000;
    let path = format!(
        "/tempo/api/metrics/query_range?q={}&start={}&end={to_s}&step={STEP_S}&exemplars=0",
        escaped(q),
        to_s - RANGE_S
    );
    let asked = Instant::now();
    let answer = query.get(&path)?;
    let took = asked.elapsed();
    let text = String::from_utf8_lossy(&answer.body);
    ensure!(
        answer.status == 200,
        "{q}: status {}: {text}",
        answer.status
    );
    let document: Value = serde_json::from_str(&text)?;
    let series = document["series"].as_array().map_or(0, Vec::len);
    ensure!(series > 0, "{q}: no series in {text}");
    ensure!(
        document["status"] != "PARTIAL",
        "{q}: {}",
        document["message"]
    );
    Ok(took)
}
