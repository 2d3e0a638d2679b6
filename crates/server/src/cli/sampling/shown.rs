//! The result: tables of at most eighty columns for people, one JSON object for
//! scripts.

use std::cmp::Reverse;
use std::io;

use serde::Serialize;

use super::tally::{OfService, Sum, Tally};
use super::trace::Services;
use crate::cli::output::{Output, Style, bytes, count, counted, duration_ns, fit, plain};

/// Lines of a table; what is beyond is in `--json`.
const MOST_LINES: usize = 20;

/// Prints the tables.
pub(super) fn print(out: &mut Output, tally: &Tally, services: &Services) -> io::Result<()> {
    let row = |name: &str, traces: String, spans: String, bytes: String| {
        format!("{name:20}{traces:>16}{spans:>16}{bytes:>16}")
    };
    let sums =
        |name: &str, sum: Sum| row(name, count(sum.traces), count(sum.spans), bytes(sum.bytes));
    let (stored, kept) = (tally.stored, tally.kept);
    let heading = row("", "TRACES".into(), "SPANS".into(), "OTLP".into());
    out.line(&out.styled(Style::Bold, &heading))?;
    out.line(&sums("stored", stored))?;
    out.line(&sums("would be kept", kept))?;
    out.line(&row(
        "",
        share(kept.traces, stored.traces),
        share(kept.spans, stored.spans),
        share(kept.bytes, stored.bytes),
    ))?;

    out.line("")?;
    let heading = format!(
        "{:38}{:>14}{:>8}{:>18}",
        "POLICY", "TRACES", "SHARE", "IT ALONE KEEPS"
    );
    out.line(&out.styled(Style::Bold, &heading))?;
    for policy in &tally.policies {
        out.line(&format!(
            "{}{:>14}{:>8}{:>18}",
            fit(&plain(&policy.name), 38),
            count(policy.yes.traces),
            share(policy.yes.traces, stored.traces),
            count(policy.alone.traces),
        ))?;
    }

    out.line("")?;
    let heading = format!(
        "{:32}{:>16}{:>16}{:>8}",
        "SERVICE", "SPANS", "KEPT", "SHARE"
    );
    out.line(&out.styled(Style::Bold, &heading))?;
    let by_service = by_service(tally, services);
    for (name, service) in by_service.iter().take(MOST_LINES) {
        out.line(&format!(
            "{}{:>16}{:>16}{:>8}",
            fit(&plain(name), 32),
            count(service.spans),
            count(service.kept_spans),
            share(service.kept_spans, service.spans),
        ))?;
    }
    if by_service.len() > MOST_LINES {
        let more = by_service.len() - MOST_LINES;
        out.line(&format!("and {more} more, in --json"))?;
    }

    let lost = tally.lost();
    if lost.traces == 0 {
        return Ok(());
    }
    let (p99_ns, slow) = tally.slow();
    out.line("")?;
    out.line(&format!(
        "{} would be lost: {} with errors, {} slower than p99 ({})",
        counted(lost.traces, "trace"),
        count(tally.lost_with_errors),
        count(slow),
        duration_ns(p99_ns)
    ))?;
    let heading = format!(
        "{:32}  {:>8}  {:>6}  ROOT",
        "LOST, THE LONGEST", "DURATION", "ERRORS"
    );
    out.line(&out.styled(Style::Bold, &heading))?;
    for trace in tally.lost_failed.iter().chain(&tally.lost_sound) {
        let errors = match trace.errors {
            0 => format!("{:>6}", ""),
            errors => out.styled(Style::Error, &format!("{:>6}", count(errors))),
        };
        let root = trace.root_name.as_deref().map_or_else(
            || "(no root)".to_owned(),
            |name| format!("{} {name}", services.name(trace.root_service)),
        );
        out.line(&format!(
            "{}  {:>8}  {errors}  {}",
            trace.id,
            duration_ns(trace.duration_ns()),
            fit(&plain(&root), 28).trim_end()
        ))?;
    }
    Ok(())
}

fn share(part: u64, whole: u64) -> String {
    match whole {
        0 => "-".to_owned(),
        _ => format!("{:.1}%", part as f64 * 100.0 / whole as f64),
    }
}

/// Those with most spans first.
fn by_service<'s>(tally: &Tally, services: &'s Services) -> Vec<(&'s str, OfService)> {
    let numbered = (0u32..).zip(&tally.services);
    let named = numbered.map(|(number, service)| (services.name(number), *service));
    let mut found: Vec<(&str, OfService)> = named.collect();
    found.sort_by_key(|(name, service)| (Reverse(service.spans), *name));
    found
}

/// What scripts see.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'r> {
    processor: &'r str,
    stored: Sums,
    kept: Sums,
    late_spans: u64,
    policies: Vec<Policy<'r>>,
    services: Vec<Service<'r>>,
    lost: Lost<'r>,
}

#[derive(Serialize)]
struct Sums {
    traces: u64,
    spans: u64,
    bytes: u64,
}

impl From<Sum> for Sums {
    fn from(sum: Sum) -> Self {
        let Sum {
            traces,
            spans,
            bytes,
        } = sum;
        Self {
            traces,
            spans,
            bytes,
        }
    }
}

#[derive(Serialize)]
struct Policy<'r> {
    name: &'r str,
    yes: Sums,
    alone: Sums,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Service<'r> {
    name: &'r str,
    traces: u64,
    kept_traces: u64,
    spans: u64,
    kept_spans: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Lost<'r> {
    #[serde(flatten)]
    sums: Sums,
    with_errors: u64,
    slower_than_p99: u64,
    p99_ns: String,
    examples: Vec<Example<'r>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Example<'r> {
    trace_id: String,
    root_service: Option<&'r str>,
    root_name: Option<&'r str>,
    duration_ns: String,
    span_count: u64,
    error_count: u64,
}

/// The JSON object.
pub(super) fn json(processor: &str, tally: &Tally, services: &Services) -> String {
    let (p99_ns, slower_than_p99) = tally.slow();
    let examples = tally.lost_failed.iter().chain(&tally.lost_sound);
    let examples = examples.map(|trace| Example {
        trace_id: trace.id.to_string(),
        root_service: trace
            .root_name
            .is_some()
            .then(|| services.name(trace.root_service)),
        root_name: trace.root_name.as_deref(),
        duration_ns: trace.duration_ns().to_string(),
        span_count: trace.spans,
        error_count: trace.errors,
    });
    let policies = tally.policies.iter().map(|policy| Policy {
        name: &policy.name,
        yes: policy.yes.into(),
        alone: policy.alone.into(),
    });
    let of_services = by_service(tally, services);
    let shown = Shown {
        processor,
        stored: tally.stored.into(),
        kept: tally.kept.into(),
        late_spans: tally.late_spans,
        policies: policies.collect(),
        services: of_services
            .into_iter()
            .map(|(name, service)| Service {
                name,
                traces: service.traces,
                kept_traces: service.kept_traces,
                spans: service.spans,
                kept_spans: service.kept_spans,
            })
            .collect(),
        lost: Lost {
            sums: tally.lost().into(),
            with_errors: tally.lost_with_errors,
            slower_than_p99,
            p99_ns: p99_ns.to_string(),
            examples: examples.collect(),
        },
    };
    serde_json::to_string(&shown).expect("strings and numbers always serialize")
}
