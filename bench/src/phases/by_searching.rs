//! Questions over HTTP to the store that holds all spans of the main data set.
//!
//! One question at a time over a kept connection, as a person asks; the latency
//! is from the first byte sent to the last one read. All times and all services
//! are searched: every block lies in the range.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::Value;
use tracewell_model::clock::{Clock, SystemClock};

use super::planted::{KEY, Planted, RARE};
use super::{Bench, by_figures};
use crate::budgets;
use crate::facts::{Facts, grouped, shown};
use crate::http::{Connection, escaped};
use crate::samples::Samples;
use crate::server::Server;
use crate::spans;

/// Questions before those that count.
pub(super) const WARM_UP: usize = 3;
/// A search that needs longer is asked no more than a few times.
const SLOW: Duration = Duration::from_secs(2);
/// Runs all queries; answers how many spans were stored meanwhile.
pub(super) fn measure(
    bench: &mut Bench,
    facts: &mut Facts,
    server: &Server,
    planted: &Planted,
) -> anyhow::Result<u64> {
    let over = format!(
        "{} spans in {} blocks",
        grouped(planted.stored_spans),
        planted.blocks
    );
    let mut query = server.query()?;
    by_id(bench, facts, &mut query, planted, &over)?;
    searches(bench, facts, &mut query, planted, &over)?;
    by_figures::measure(bench, facts, &mut query, &over)?;
    visible(bench, facts, server, &over)
}

fn by_id(
    bench: &mut Bench,
    facts: &mut Facts,
    query: &mut Connection,
    planted: &Planted,
    over: &str,
) -> anyhow::Result<()> {
    let ids = planted.ids(bench.sizes.by_id * 2)?;
    let (mut missing, mut samples) = (0, Samples::default());
    for (index, (id, spans)) in ids.iter().enumerate() {
        let asked = Instant::now();
        let answer = query.get(&format!("/api/traces/{id}"))?;
        let took = asked.elapsed();
        let text = String::from_utf8_lossy(&answer.body);
        // Every span has one, and references to a parent another.
        let document: Value = serde_json::from_str(&text).unwrap_or_default();
        let found = document["data"][0]["spans"].as_array().map_or(0, Vec::len);
        if found as u64 != *spans {
            missing += 1;
        }
        // Every other one warms, and ids are not asked for twice.
        if index % 2 == 1 {
            samples.add(took);
        }
    }
    if missing > 0 {
        facts.failure(format!("{missing} of {} traces are not whole", ids.len()));
    }
    facts.quantiles("trace by id", &samples);
    let (p50, p99) = (samples.p50(), samples.p99());
    let values = [p50.context("no traces")?, p99.context("no traces")?];
    let how = format!(
        "{} random ids, each asked for once, after and among as many others; {over}; \
         /api/traces/ID over HTTP, whole trace as Jaeger's JSON",
        samples.len()
    );
    bench.measured(&budgets::BY_ID, &values, how);
    Ok(())
}

/// The question to ask at each time.
type Questions<'a> = &'a dyn Fn(usize) -> String;

/// The answer to one search.
pub(super) struct Found {
    pub(super) took: Duration,
    pub(super) traces: u64,
    /// What was read for it.
    searched: String,
    pub(super) partial: Option<String>,
}

pub(super) fn search(query: &mut Connection, q: &str, limit: usize) -> anyhow::Result<Found> {
    let to = SystemClock.now_ns() / 1_000;
    let path = format!(
        "/api/ui/search?q={}&limit={limit}&from=now-7d&to={to}",
        escaped(q)
    );
    let asked = Instant::now();
    let answer = query.get(&path)?;
    let took = asked.elapsed();
    let text = String::from_utf8_lossy(&answer.body);
    ensure!(answer.status == 200, "status {}: {text}", answer.status);
    let traces = text
        .lines()
        .filter(|line| line.contains(r#""type":"trace""#));
    let traces = traces.count() as u64;
    let last = text.lines().last().unwrap_or("");
    let done: Value = serde_json::from_str(last)?;
    ensure!(done["type"] == "done", "the search failed: {last}");
    let text_of = |name: &str| done[name].as_str().map(str::to_owned);
    let number = |name: &str| done[name].as_u64().unwrap_or(0);
    Ok(Found {
        took,
        traces,
        searched: format!(
            "{} of {} parts, {} MiB",
            number("searchedBlocks"),
            number("totalBlocks"),
            shown(number("searchedBytes") as f64 / f64::from(1 << 20))
        ),
        partial: text_of("partial"),
    })
}

/// Asks `questions` in turn; the median, and a sentence about the answers.
fn ask(
    facts: &mut Facts,
    query: &mut Connection,
    name: &str,
    times: usize,
    questions: Questions<'_>,
) -> anyhow::Result<Option<(f64, Found)>> {
    let (mut samples, mut last) = (Samples::default(), None);
    for index in 0..times + WARM_UP {
        let found = match search(query, &questions(index), 20) {
            Ok(found) => found,
            Err(error) => {
                facts.note(name, format!("no answer: {error:#}"));
                return Ok(None);
            }
        };
        if index >= WARM_UP {
            samples.add(found.took);
        }
        let is_slow = found.took > SLOW;
        last = Some(found);
        if is_slow && samples.len() >= WARM_UP {
            break;
        }
    }
    facts.quantiles(name, &samples);
    let (Some(found), Some(p50)) = (last, samples.p50()) else {
        return Ok(None);
    };
    let partial = found
        .partial
        .as_deref()
        .map_or_else(String::new, |why| format!("; partial: {why}"));
    facts.note(
        format!("{name}: last answer"),
        format!("{} traces, read {}{partial}", found.traces, found.searched),
    );
    Ok(Some((p50, found)))
}

fn searches(
    bench: &mut Bench,
    facts: &mut Facts,
    query: &mut Connection,
    planted: &Planted,
    over: &str,
) -> anyhow::Result<()> {
    let times = bench.sizes.searches;
    let operation = |index: usize| {
        let (service, name) = (index % 10, index * 7 % 50);
        format!(
            "{{ resource.service.name = \"service-{service}\" && name = \"operation-{name}\" }}"
        )
    };
    if let Some((p50, _)) = ask(
        facts,
        query,
        "search service + operation",
        times,
        &operation,
    )? {
        let how = format!("{times} pairs of 10 services and 50 operations, limit 20; {over}");
        bench.measured(&budgets::SEARCH_OPERATION, &[p50], how);
    }
    jaeger_search(facts, query, times)?;

    let attribute = |value: &str| format!("{{ span.{KEY} = \"{value}\" }}");
    let frequent = |index: usize| attribute(&format!("value-{:03}", index * 37 % 1_000));
    let rare = |_: usize| attribute(RARE);
    let absent = |index: usize| attribute(&format!("absent-{index}"));
    let no_key = |index: usize| format!("{{ span.no.such.key = \"{index}\" }}");
    let kinds: [(&str, Questions<'_>, Option<u64>); 4] = [
        (
            "attribute: frequent key, one of 1,000 values",
            &frequent,
            None,
        ),
        ("attribute: rare value", &rare, Some(planted.rare_traces())),
        (
            "attribute: absent value of a frequent key",
            &absent,
            Some(0),
        ),
        ("attribute: absent key", &no_key, Some(0)),
    ];
    let (mut slowest, mut each, mut is_whole) = (0.0_f64, Vec::new(), true);
    for (name, questions, expected) in kinds {
        let Some((p50, found)) = ask(facts, query, name, times, questions)? else {
            is_whole = false;
            continue;
        };
        if expected.is_some_and(|expected| expected != found.traces) && found.partial.is_none() {
            facts.failure(format!(
                "{name}: {} traces instead of {expected:?}",
                found.traces
            ));
        }
        slowest = slowest.max(p50);
        each.push(format!(
            "{} {}",
            name.trim_start_matches("attribute: "),
            shown(p50)
        ));
    }
    if is_whole {
        let how = format!(
            "p50 in ms: {}; {times} each, limit 20; {over}",
            each.join(", ")
        );
        bench.measured(&budgets::SEARCH_ATTRIBUTE, &[slowest], how);
    }
    count_all(facts, query, &attribute("value-123"), times)
}

/// The same through Jaeger's API, which answers with whole traces.
fn jaeger_search(facts: &mut Facts, query: &mut Connection, times: usize) -> anyhow::Result<()> {
    let mut samples = Samples::default();
    for index in 0..times + WARM_UP {
        let (service, name) = (index % 10, index * 7 % 50);
        let path =
            format!("/api/traces?service=service-{service}&operation=operation-{name}&limit=20");
        let asked = Instant::now();
        let answer = query.get(&path)?;
        if answer.status != 200 {
            let text = String::from_utf8_lossy(&answer.body);
            facts.note(
                "search service + operation, Jaeger's API",
                format!("no answer: {text}"),
            );
            return Ok(());
        }
        if index >= WARM_UP {
            samples.add(asked.elapsed());
        }
        if asked.elapsed() > SLOW && samples.len() >= WARM_UP {
            break;
        }
    }
    facts.quantiles(
        "search service + operation, Jaeger's API (20 whole traces)",
        &samples,
    );
    Ok(())
}

/// How many spans and traces match, over everything that is stored.
fn count_all(
    facts: &mut Facts,
    query: &mut Connection,
    q: &str,
    times: usize,
) -> anyhow::Result<()> {
    const NAME: &str = "count of all matches";
    let path = format!("/api/ui/count?q={}&from=now-7d", escaped(q));
    let (mut samples, mut last) = (Samples::default(), Value::Null);
    for _ in 0..times {
        let asked = Instant::now();
        last = query.get(&path)?.json()?;
        samples.add(asked.elapsed());
    }
    facts.quantiles(NAME, &samples);
    let number = |name: &str| last[name].as_u64().map_or("?".to_owned(), grouped);
    let answer = format!(
        "{} spans of {} traces match {q}; {} of {} parts searched",
        number("spans"),
        number("traces"),
        number("searchedBlocks"),
        number("totalBlocks"),
    );
    facts.note("count of all matches: last answer", answer);
    if !last["partial"].is_null() {
        facts.failure(format!("{NAME}: {}", last["partial"]));
    }
    Ok(())
}

/// Stores a span, and searches for it as soon as it is acknowledged.
fn visible(
    bench: &mut Bench,
    facts: &mut Facts,
    server: &Server,
    over: &str,
) -> anyhow::Result<u64> {
    let (mut query, mut receiver) = (server.query()?, server.receiver()?);
    let (mut delays, mut searches, mut at_once) = (Samples::default(), Samples::default(), 0);
    let times = bench.sizes.visible;
    for index in 0..times {
        let value = format!("looked-for-{index}");
        let body = spans::request(1, "bench.visible", &value);
        let answer = receiver.post(spans::PATH, spans::CONTENT_TYPE, &body)?;
        ensure!(answer.status == 200, "a span was not taken");
        let acknowledged = Instant::now();
        let q = format!(
            "{{ resource.service.name = \"{}\" && span.bench.visible = \"{value}\" }}",
            spans::SERVICE
        );
        let mut asked = Duration::ZERO;
        loop {
            let found = search(&mut query, &q, 1)?;
            if found.traces > 0 {
                searches.add(found.took);
                break;
            }
            asked = acknowledged.elapsed();
            ensure!(
                asked < Duration::from_secs(60),
                "a span never became visible"
            );
        }
        at_once += usize::from(asked.is_zero());
        delays.add(asked);
    }
    facts.quantiles("visible: search that found it", &searches);
    facts.quantiles("visible: asked after the acknowledgement", &delays);
    let slowest = delays.quantile_ms(1.0).context("nothing was looked for")?;
    let how = format!(
        "{at_once} of {times} spans were found by the first search after their acknowledgement; \
         {over}"
    );
    bench.measured(&budgets::VISIBLE, &[slowest], how);
    Ok(times as u64)
}
